// Pooled frames: what the linear path and the input guard need of a sequence (docs/method.md 10).
#pragma once

#include "engine/frame_sums.h"
#include "engine/input_table.h"
#include "method/input_guard.h"
#include "model/model.h"

#include <vector>

namespace casd {

/// The item whose sums pool_sums() takes; `sums`: [frame_sum_count(features)].
FrameSumItem frame_sum_item(const Model& model, std::int32_t modality, const FrameSequence& frames,
                            double* sums);

/// Replaces the sums by the pooled frames [3 * features]: mean, population standard deviation and last
/// of the standardised, clipped frames. At least one frame is not missing.
InputStatistics<double> pool_sums(double* sums, std::int64_t features);

/// Pools one sequence after another in portable code; keeps its memory between calls.
class FramePooling {
 public:
  InputStatistics<double> pool(const Model& model, std::int32_t modality,
                               const FrameSequence& frames);

  /// [3 * features] of the last sequence.
  Span<const double> values() const { return {sums_.data(), width_}; }

 private:
  std::vector<double> sums_;
  std::size_t width_ = 0;
};

/// f = weight pooled + bias of the modality's linear map, to `out` [K]; option linear only.
void run_linear_map(const Model& model, std::int32_t modality, Span<const double> pooled,
                    float* out);

/// The factors of the modality's guard; option input_guard only.
GuardFactors<float> guard_factors(const Model& model, std::int32_t modality,
                                  const InputStatistics<double>& input);

}  // namespace casd
