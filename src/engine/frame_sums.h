// Sums over the frames of a sequence, from which the pooled frames and the input guard are computed.
#pragma once

#include "model/normaliser.h"

#include <cstdint>

namespace casd {

/// Frames [steps, features] of one modality of one sample and its normaliser. Sums of the standardised,
/// clipped frames go to `sums`; frames that are wholly NaN are missing and left out.
struct FrameSumItem {
  const float* frames;
  std::int64_t steps;
  std::int64_t features;
  const float* mean;       // [features]
  const float* deviation;  // [features]
  float clip;              // 0: not clipped
  double* sums;            // [frame_sum_count(features)]
};

/// Per feature the first and the last value, the sum of the differences from the first one, and the sum
/// of their squares (differences, because squares of values would lose the digits of a small variance);
/// then the sum of squared differences of neighbouring frames over all features, and the number of
/// frames.
constexpr std::int64_t frame_sum_count(std::int64_t features) { return 4 * features + 2; }

/// The definition, in portable code.
void sum_frames(const FrameSumItem& item);

}  // namespace casd
