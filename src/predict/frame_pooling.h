// Pooled frames: what the linear path and the input guard need of a sequence (docs/method.md 10).
#pragma once

#include "engine/input_table.h"
#include "method/input_guard.h"
#include "model/model.h"

#include <vector>

namespace casd {

/// Pools sequences of a model; keeps its memory between calls.
class FramePooling {
 public:
  /// Mean, population standard deviation and last of the standardised, clipped frames of `modality`:
  /// values(). Frames that are wholly NaN are left out; the sequence has another one.
  InputStatistics<double> pool(const Model& model, std::int32_t modality,
                               const FrameSequence& frames);

  /// [3 * features] of the last sequence.
  Span<const double> values() const { return values_; }

 private:
  std::vector<float> frame_, last_;  // [features]
  std::vector<double> sum_, square_, values_;
};

/// f = weight pooled + bias of the modality's linear map, to `out` [K]; option linear only.
void run_linear_map(const Model& model, std::int32_t modality, Span<const double> pooled,
                    float* out);

/// The factors of the modality's guard; option input_guard only.
GuardFactors<float> guard_factors(const Model& model, std::int32_t modality,
                                  const InputStatistics<double>& input);

}  // namespace casd
