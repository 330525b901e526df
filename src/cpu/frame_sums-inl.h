// Sums over the frames of a sequence (engine/frame_sums.h). Vectors hold consecutive features.
#if defined(CASD_CPU_FRAME_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_FRAME_SUMS_INL_H
#undef CASD_CPU_FRAME_SUMS_INL_H
#else
#define CASD_CPU_FRAME_SUMS_INL_H
#endif

#include "cpu/simd-inl.h"
#include "engine/frame_sums.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Frames that are summed together: in float, and while they are in the first-level cache.
constexpr int frames_together = 8;

struct FrameGroup {
  const float* first;     // of the sequence
  const float* previous;  // the frame before the group; the first one for the first group
  const float* frames[frames_together];
  int count;
};

/// Adds the sums of the features from `f` on that fit a vector of `d`; returns the sum of squared changes.
template <class D>
HWY_INLINE double AddGroup(D d, const FrameSumItem& item, const FrameGroup& group, std::int64_t f) {
  constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(d));
  const auto mean = hn::LoadU(d, item.mean + f), deviation = hn::LoadU(d, item.deviation + f);
  const auto value = [&](const float* frame) HWY_ATTR {
    return Standardise(d, hn::LoadU(d, frame + f), mean, deviation, item.clip);
  };
  const auto first = value(group.first);
  auto last = value(group.previous);
  auto sum = hn::Zero(d), square = hn::Zero(d), change = hn::Zero(d);
  for (int i = 0; i < group.count; ++i) {
    const auto z = value(group.frames[i]);
    const auto difference = hn::Sub(z, first), step = hn::Sub(z, last);
    sum = hn::Add(sum, difference);
    square = hn::MulAdd(difference, difference, square);
    change = hn::MulAdd(step, step, change);
    last = z;
  }
  HWY_ALIGN float part[3][hn::MaxLanes(d)];
  hn::Store(last, d, part[0]);
  hn::Store(sum, d, part[1]);
  hn::Store(square, d, part[2]);
  double* out = item.sums + item.features + f;
  for (std::int64_t i = 0; i < width; ++i) {
    out[i] = static_cast<double>(part[0][i]);
    out[item.features + i] += static_cast<double>(part[1][i]);
    out[2 * item.features + i] += static_cast<double>(part[2][i]);
  }
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, change)));
}

inline HWY_NOINLINE void SumFrames(const FrameSumItem& item) {
  const std::int64_t features = item.features;
  std::fill_n(item.sums, frame_sum_count(features), 0.0);
  FrameGroup group{};
  double change = 0, count = 0;
  for (std::int64_t t = 0; t < item.steps;) {
    for (group.count = 0; t < item.steps && group.count < frames_together; ++t) {
      const float* frame = item.frames + t * features;
      if (!is_missing(frame, features)) group.frames[group.count++] = frame;
    }
    if (group.count == 0) break;
    if (count == 0) group.first = group.previous = group.frames[0];
    std::int64_t f = 0;
    for (; f + lanes <= features; f += lanes) change += AddGroup(Tag(), item, group, f);
    for (; f < features; ++f) change += AddGroup(hn::CappedTag<float, 1>(), item, group, f);
    group.previous = group.frames[group.count - 1];
    count += group.count;
  }
  if (count > 0)
    for (std::int64_t f = 0; f < features; ++f) {
      const hn::CappedTag<float, 1> d;
      item.sums[f] = static_cast<double>(
          hn::GetLane(Standardise(d, hn::LoadU(d, group.first + f), hn::LoadU(d, item.mean + f),
                                  hn::LoadU(d, item.deviation + f), item.clip)));
    }
  item.sums[4 * features] = change;
  item.sums[4 * features + 1] = count;
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
