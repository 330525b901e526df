// The state of a training as plain data: what a checkpoint holds.
#pragma once

#include "model/model.h"
#include "train/learned_state.h"
#include "train/schedule.h"

#include <casd/train.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace casd {

/// Sums over the steps of an epoch; each loss is multiplied by the samples of its step.
struct EpochSums {
  double total = 0, task = 0, logit = 0, uncertainty = 0, evidence = 0, gradient_norm = 0;
  std::int64_t samples = 0;

  double mean(double sum) const {
    return samples > 0 ? sum / static_cast<double>(samples)
                       : std::numeric_limits<double>::quiet_NaN();
  }
};

/// Fingerprints of the splits, set by the first epoch; later calls must pass the same data.
struct Binding {
  bool bound = false;
  std::uint32_t train = 0;
  std::uint32_t valid = 0;  // 0 without such a split
};

/// Pooling `auto`: the teacher's phase runs with pooling `last`, then with `mean`, then it is decided.
/// `none`: the model's options name the pooling.
enum class PoolingTrial : std::int32_t { none = 0, last = 1, mean = 2, over = 3 };

/// The teacher of the trial `last`, while that of `mean` is trained.
struct TriedTeacher {
  std::vector<float> learned;                              // empty: none
  double loss = std::numeric_limits<double>::quiet_NaN();  // held_out_loss()
};

/// The position in a training.
struct Position {
  casd_phase phase = CASD_PHASE_TEACHER;
  bool prepared = false;        // normaliser and class weights were fitted
  bool stepped = false;         // a step was taken, in any phase
  bool teacher_named = false;   // by casd_trainer_set_teacher()
  std::int32_t epoch = 0;       // the epoch in progress
  std::int64_t epoch_step = 0;  // steps taken in that epoch
  std::int64_t step = 0;        // steps taken in this phase
  Selection selection;          // state of this phase
  double score = std::numeric_limits<double>::quiet_NaN();  // of the last finished epoch
  EpochSums sums;
  PoolingTrial trial = PoolingTrial::none;
  Binding binding;
  Schedule schedule;  // fixed once bound; before, the schedule of the last prepare, if any
};

/// Everything but what the engine holds.
struct TrainingState {
  casd_trainer_options options{};
  Position position;
  ModelPtr model;  // the initial weights, the current normaliser and pooling, which is never `auto`
  ModelPtr teacher;         // frozen, or the initial value of `ema`; NULL: none yet
  ModelPtr result;          // in CASD_PHASE_DONE, else NULL
  std::vector<float> best;  // learned parameters of the phase's best epoch; empty: none yet
  std::vector<float> class_weights;  // empty: none
  TriedTeacher tried;
};

struct Checkpoint : TrainingState {
  LearnedState learned;
};

}  // namespace casd
