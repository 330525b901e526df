// The state of a Trainer. Its functions are in trainer.cpp (public calls), step.cpp (one step),
// epochs.cpp (epochs and phases) and resume.cpp (checkpoints).
#pragma once

#include "engine/packed_batch.h"
#include "train/backend.h"
#include "train/checkpoint.h"
#include "train/teacher_outputs.h"
#include "train/trainer.h"
#include "train/training_samples.h"
#include "train/training_state.h"

#include <chrono>
#include <mutex>

namespace casd {

/// Progress callback and timing of the current call.
struct TrainingCall {
  casd_progress_callback callback = nullptr;
  void* user = nullptr;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::int64_t steps = 0;
  std::int64_t samples = 0;
};

struct Trainer::State {
  State(const ModelPtr& model, const casd_trainer_options& options,
        const casd_torch_plugin* plugin);
  explicit State(Checkpoint checkpoint, const casd_torch_plugin* plugin);
  Checkpoint checkpoint() const;

  const Schema& schema() const { return model->schema(); }
  bool has_teacher_model() const {
    return options.teacher == CASD_TEACHER_FROZEN || options.teacher == CASD_TEACHER_EMA;
  }
  /// The model with these weights, not calibrated.
  ModelPtr model_with(Span<const float> learned) const;
  /// Not calibrated, unless it is the model that the trainer was made from.
  ModelPtr present_model() const;
  /// Samples of a batch in the model's schema; valid until the next call or step.
  std::vector<const Sample*> samples_of(const Batch& batch);
  void start_backend();
  void start_progress();
  void enter_student();
  void freeze_teacher(const ModelPtr& teacher);
  /// Fits normaliser, target scale and class weights; only before the first step.
  void prepare(Span<const Sample* const> samples);

  // step.cpp
  /// One step on the samples; `teacher_outputs`: the frozen teacher's outputs on them, or NULL.
  casd_torch_losses take_step(Span<const Sample* const> samples,
                              const TeacherOutputs* teacher_outputs, double learning_rate);
  /// Whether the current phase uses the frozen teacher's outputs.
  bool needs_teacher_outputs() const;
  Predictor& teacher_predictor();
  void pack_targets(Span<const Sample* const> samples);

  // epochs.cpp
  /// Throws STATE in CASD_PHASE_DONE.
  void require_unfinished() const;
  /// Checks that the current phase can train on the dataset; returns its samples.
  TrainingSamples accept(const Dataset& dataset) const;
  /// accept(), and checks that it is the same dataset as before; fixes the schedule.
  TrainingSamples bind(const Dataset& dataset);
  std::int32_t phase_epochs() const;
  std::int64_t epoch_steps(std::size_t samples) const;
  casd_train_stats run_epoch(const TrainingSamples& samples, TrainingCall& call);
  void run_steps(const TrainingSamples& samples, TrainingCall& call, double learning_rate);
  void score_epoch(const TrainingSamples& samples);
  void end_phase(const TrainingSamples& samples);
  void throw_if_cancelled();
  void report(const TrainingCall& call, std::int64_t steps);
  bool callback_cancels(const TrainingCall& call);

  casd_trainer_options options;
  ModelPtr model;  // the initial weights, the current normaliser
  std::vector<float> class_weights;
  Position position;
  bool data_seen = false;   // options() returns numbers for `auto`
  ModelPtr teacher;         // frozen, or the initial value of `ema`; NULL: none yet
  std::vector<float> best;  // the learned parameters of the phase's best epoch; empty: none yet
  ModelPtr result;          // in CASD_PHASE_DONE
  ModelPtr calibrated;      // the current weights after calibrate(); NULL once they have changed
  const casd_torch_plugin& plugin;
  std::unique_ptr<Backend> backend;

  // Kept between steps: reused memory, and results that are expensive to compute.
  PackedBatch input, complete;
  std::vector<Sample> mapped_batch;    // a batch's samples in the model's schema
  std::vector<float> target;           // [samples, columns]
  std::vector<std::uint8_t> labelled;  // [samples]
  std::unique_ptr<Predictor> predictor_of_teacher;
  TeacherOutputs dataset_teacher_outputs;  // on the training samples of the bound dataset
  TeacherOutputs batch_teacher_outputs;

  std::atomic<bool> cancel_requested{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "cancel() runs in signal handlers");
  mutable std::mutex progress_mutex;
  casd_train_progress progress{};
};

}  // namespace casd
