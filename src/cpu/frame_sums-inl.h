// Sums over the frames of a sequence (engine/frame_sums.h), taken while the frames are standardised.
// Vectors hold consecutive features.
#if defined(CASD_CPU_FRAME_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_FRAME_SUMS_INL_H
#undef CASD_CPU_FRAME_SUMS_INL_H
#else
#define CASD_CPU_FRAME_SUMS_INL_H
#endif

#include "cpu/convolution-inl.h"
#include "engine/frame_sums.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Frames that are summed together: in float, and while they are in the first-level cache.
constexpr int frames_together = 8;

/// Standardised frames.
struct FrameGroup {
  const float* first;     // of the sequence
  const float* previous;  // the frame before the group; the first one for the first group
  const float* frames[frames_together];
  int count;
};

/// Adds a vector of floats to doubles.
template <class D>
HWY_INLINE void AddTo([[maybe_unused]] D d, hn::Vec<D> part, double* HWY_RESTRICT sums) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (hn::MaxLanes(d) > 1) {
    const hn::Repartition<double, D> wide;
    const hn::Half<D> half;
    double* upper = sums + hn::MaxLanes(wide);
    hn::StoreU(hn::Add(hn::LoadU(wide, sums), hn::PromoteTo(wide, hn::LowerHalf(half, part))), wide,
               sums);
    hn::StoreU(hn::Add(hn::LoadU(wide, upper), hn::PromoteTo(wide, hn::UpperHalf(half, part))),
               wide, upper);
    return;
  }
#endif
  *sums += static_cast<double>(hn::GetLane(part));
}

/// Adds the sums of the features from `f` on that fit a vector of `d`; returns the sum of squared changes.
template <class D>
HWY_INLINE double AddGroup(D d, const FrameSumItem& item, const FrameGroup& group, std::int64_t f) {
  const auto first = hn::LoadU(d, group.first + f);
  auto last = hn::LoadU(d, group.previous + f);
  auto sum = hn::Zero(d), square = hn::Zero(d), change = hn::Zero(d);
  for (int i = 0; i < group.count; ++i) {
    const auto z = hn::LoadU(d, group.frames[i] + f);
    const auto difference = hn::Sub(z, first), step = hn::Sub(z, last);
    sum = hn::Add(sum, difference);
    square = hn::MulAdd(difference, difference, square);
    change = hn::MulAdd(step, step, change);
    last = z;
  }
  AddTo(d, sum, item.sums + 2 * item.features + f);
  AddTo(d, square, item.sums + 3 * item.features + f);
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, change)));
}

/// StandardiseFrames() of item.frames to `out` [steps, features], and item.sums.
inline HWY_NOINLINE void StandardiseAndSum(const FrameSumItem& item, float* out) {
  const std::int64_t features = item.features;
  std::fill_n(item.sums, frame_sum_count(features), 0.0);
  FrameGroup group{};
  double change = 0, count = 0;
  std::int64_t standardised = 0;
  for (std::int64_t t = 0; t < item.steps;) {
    for (group.count = 0; t < item.steps && group.count < frames_together; ++t) {
      if (t == standardised) {
        const std::int64_t steps = std::min<std::int64_t>(frames_together, item.steps - t);
        StandardiseFrames(item.frames + t * features, item.mean, item.deviation, features, steps,
                          item.clip, out + t * features);
        standardised += steps;
      }
      if (!is_missing(item.frames + t * features, features))
        group.frames[group.count++] = out + t * features;
    }
    if (group.count == 0) break;
    if (count == 0) group.first = group.previous = group.frames[0];
    std::int64_t f = 0;
    for (; f + lanes <= features; f += lanes) change += AddGroup(Tag(), item, group, f);
    for (; f < features; ++f) change += AddGroup(hn::CappedTag<float, 1>(), item, group, f);
    group.previous = group.frames[group.count - 1];
    count += group.count;
  }
  if (count > 0) {
    std::copy_n(group.first, features, item.sums);
    std::copy_n(group.previous, features, item.sums + features);
  }
  item.sums[4 * features] = change;
  item.sums[4 * features + 1] = count;
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
