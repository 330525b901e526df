// Sums over the frames of a sequence (engine/frame_sums.h). Vectors hold consecutive features.
#if defined(CASD_CPU_FRAME_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_FRAME_SUMS_INL_H
#undef CASD_CPU_FRAME_SUMS_INL_H
#else
#define CASD_CPU_FRAME_SUMS_INL_H
#endif

#include "cpu/simd-inl.h"
#include "engine/frame_sums.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// The sums of the features from `f` on that fit a vector of the doubles `d`; returns the number of
/// frames and adds to `change`.
template <class D>
HWY_INLINE std::int64_t SumFeatures(D d, const FrameSumItem& item, std::int64_t f, double& change) {
  const hn::Rebind<float, D> df;
  const auto mean = hn::LoadU(df, item.mean + f), deviation = hn::LoadU(df, item.deviation + f);
  auto sum = hn::Zero(d), square = hn::Zero(d), last = hn::Zero(d), changes = hn::Zero(d);
  std::int64_t count = 0;
  const float* frame = item.frames;
  for (std::int64_t t = 0; t < item.steps; ++t, frame += item.features) {
    if (frame[0] != frame[0] && is_missing(frame, item.features)) continue;
    auto z = Standardise(df, hn::LoadU(df, frame + f), mean, deviation, item.clip);
    const auto wide = hn::PromoteTo(d, z);
    const auto step = hn::Sub(wide, count > 0 ? last : wide);
    sum = hn::Add(sum, wide);
    square = hn::MulAdd(wide, wide, square);
    changes = hn::MulAdd(step, step, changes);
    last = wide;
    ++count;
  }
  hn::StoreU(sum, d, item.sums + f);
  hn::StoreU(square, d, item.sums + item.features + f);
  hn::StoreU(last, d, item.sums + 2 * item.features + f);
  change += hn::GetLane(hn::SumOfLanes(d, changes));
  return count;
}

inline HWY_NOINLINE void SumFrames(const FrameSumItem& item) {
  const hn::ScalableTag<double> d;
  constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(d));
  double change = 0;
  std::int64_t f = 0, count = 0;
  for (; f + width <= item.features; f += width) count = SumFeatures(d, item, f, change);
  for (; f < item.features; ++f) count = SumFeatures(hn::CappedTag<double, 1>(), item, f, change);
  item.sums[3 * item.features] = change;
  item.sums[3 * item.features + 1] = static_cast<double>(count);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
