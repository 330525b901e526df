#include "engine/frame_sums.h"

#include "engine/inference_engine.h"

#include <algorithm>
#include <vector>

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

void read_frame_sums(std::size_t items, const FrameSumReader& reader) {
  std::vector<double> sums;
  for (std::size_t i = 0; i < items; ++i) {
    FrameSumItem item = reader.item(i);
    sums.resize(static_cast<std::size_t>(frame_sum_count(item.features)));
    item.sums = sums.data();
    sum_frames(item);
    reader.read(i, sums.data());
  }
}

}  // namespace casd
