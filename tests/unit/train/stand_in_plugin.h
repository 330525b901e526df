// A learner that stands in for libcasd_torch where only the trainer's machine is under test: every
// number of it is a deterministic function of all that a step is given, so that a step that is left
// out, repeated or fed with something else shows in the weights. It writes down what it was told.
#pragma once

#include "core/plugin_torch.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace casd::test {

struct SeenStep {
  casd_phase phase;
  std::uint64_t seed, step;
  double learning_rate;
  std::int32_t samples;
  std::vector<std::int32_t> rows;  // per modality
  std::vector<float> target;       // [samples, columns]
  std::vector<std::uint8_t> labelled;
  bool complete;
  std::vector<float> teacher_location, teacher_uncertainty, teacher_logits;
  std::vector<std::int64_t> frames;       // per modality
  std::vector<std::int64_t> zero_frames;  // per modality: those that are all zero
};

struct Seen {
  std::vector<SeenStep> steps;
  std::vector<casd_phase> phases;    // of start_phase
  std::vector<float> class_weights;  // of the last create
  int networks = 0;                  // alive
  std::int64_t fail_at = -1;         // the step that reports NUMERIC
  std::function<void()> after_step;  // if any
};

/// What was seen since the last reset.
Seen& seen();
const casd_torch_plugin& stand_in_plugin();

}  // namespace casd::test
