// An engine for tests of the training loop. It records every call. Its parameters are a deterministic
// function of the inputs of all steps (teacher outputs excepted), so that a missing, repeated or different step changes the
// weights. Inference is that of the CPU engine.
#pragma once

#include "engine/registry.h"

#include <casd/train.h>

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
  BatchTotals batch;
  std::vector<float> teacher_location, teacher_uncertainty, teacher_logits;
  std::vector<std::int64_t> frames;       // per modality
  std::vector<std::int64_t> zero_frames;  // per modality: those that are all zero
  StepLosses losses;                      // what it returned
};

struct EngineRecord {
  std::vector<RecordedStep> steps;
  std::vector<casd_phase> phases;    // of begin_phase()
  std::vector<float> class_weights;  // of the last engine
  int networks = 0;                  // not destroyed yet
  std::int64_t fail_at = -1;         // the step that fails with NUMERIC
  std::function<void()> after_step;  // optional
};

/// A progress callback that cancels at its n-th call.
struct CancelAt {
  int left;
  static std::int32_t call(const casd_train_progress*, void* user) {
    return --static_cast<CancelAt*>(user)->left == 0 ? 1 : 0;
  }
};

/// The calls since the last reset.
EngineRecord& engine_record();
const EngineEntry& recording_engine();

}  // namespace casd::test
