#include "engine/frame_sums.h"

#include "engine/inference_engine.h"

#include <algorithm>

namespace casd {

void sum_frames(const FrameSumItem& item) {
  double* first = item.sums;
  double* last = first + item.features;
  double* sum = last + item.features;
  double* square = sum + item.features;
  double change = 0, count = 0;
  std::fill_n(item.sums, frame_sum_count(item.features), 0.0);
  for (std::int64_t t = 0; t < item.steps; ++t) {
    const float* frame = item.frames + t * item.features;
    if (is_missing(frame, item.features)) continue;
    for (std::int64_t f = 0; f < item.features; ++f) {
      float value;
      standardise(frame + f, item.mean + f, item.deviation + f, 1, item.clip, &value);
      const auto z = static_cast<double>(value);
      if (count == 0) first[f] = last[f] = z;
      const double difference = z - first[f], step = z - last[f];
      sum[f] += difference;
      square[f] += difference * difference;
      change += step * step;
      last[f] = z;
    }
    ++count;
  }
  square[item.features] = change;
  square[item.features + 1] = count;
}

void InferenceEngine::sum_frames(Span<const FrameSumItem> items) const {
  for (const FrameSumItem& item : items) casd::sum_frames(item);
}

}  // namespace casd
