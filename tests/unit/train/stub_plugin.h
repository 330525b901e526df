// A stub of libcasd_torch to test the training loop. It records every call. Its parameters are a
// deterministic function of all inputs of all steps, so that a missing, repeated or different step
// changes the weights.
#pragma once

#include "core/plugin_torch.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace casd::test {

struct RecordedStep {
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
  casd_torch_losses losses;               // what it returned
};

struct StubRecord {
  std::vector<RecordedStep> steps;
  std::vector<casd_phase> phases;    // of start_phase
  std::vector<float> class_weights;  // of the last create
  int networks = 0;                  // not destroyed yet
  std::int64_t fail_at = -1;         // the step that fails with NUMERIC
  std::function<void()> after_step;  // optional
};

/// The calls since the last reset.
StubRecord& stub_record();
const casd_torch_plugin& stub_plugin();

}  // namespace casd::test
