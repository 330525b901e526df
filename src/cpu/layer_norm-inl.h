// Layer normalisation over the channels of each frame.
#if defined(CASD_CPU_LAYER_NORM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_LAYER_NORM_INL_H
#undef CASD_CPU_LAYER_NORM_INL_H
#else
#define CASD_CPU_LAYER_NORM_INL_H
#endif

#include "cpu/simd-inl.h"

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Mean and 1 / sqrt(variance + 1e-5) of one vector of frames; x: its first channel.
HWY_INLINE void NormStatistics(const float* HWY_RESTRICT x, std::int64_t channels,
                               std::int64_t stride, Vec& mean, Vec& scale) {
  const Tag d;
  const Vec size = Broadcast(static_cast<float>(channels));
  // Two partial sums hide the latency of an addition.
  Vec sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  std::int64_t c = 0;
  for (; c + 2 <= channels; c += 2) {
    sum0 = hn::Add(sum0, hn::Load(d, x + c * stride));
    sum1 = hn::Add(sum1, hn::Load(d, x + (c + 1) * stride));
  }
  if (c < channels) sum0 = hn::Add(sum0, hn::Load(d, x + c * stride));
  mean = hn::Div(hn::Add(sum0, sum1), size);
  Vec square0 = hn::Zero(d), square1 = hn::Zero(d);
  for (c = 0; c + 2 <= channels; c += 2) {
    const Vec a = hn::Sub(hn::Load(d, x + c * stride), mean);
    const Vec b = hn::Sub(hn::Load(d, x + (c + 1) * stride), mean);
    square0 = hn::MulAdd(a, a, square0);
    square1 = hn::MulAdd(b, b, square1);
  }
  if (c < channels) {
    const Vec a = hn::Sub(hn::Load(d, x + c * stride), mean);
    square0 = hn::MulAdd(a, a, square0);
  }
  const Vec variance = hn::Div(hn::Add(square0, square1), size);
  scale = hn::Div(Broadcast(1.0f), hn::Sqrt(hn::Add(variance, Broadcast(1e-5f))));
  // With an infinite variance the frame would equal the bias, a finite but wrong result.
  const Vec largest = Broadcast(std::numeric_limits<float>::max());
  scale = hn::IfThenElse(hn::Le(variance, largest), scale,
                         Broadcast(std::numeric_limits<float>::quiet_NaN()));
}

/// y = (x - mean) * scale * weight + bias for every frame; x, y [channels, stride], weight, bias
/// [channels]. If `means` is not NULL, it and `scales` [stride] receive the statistics.
inline HWY_NOINLINE void LayerNorm(const float* x, std::int64_t channels, const float* weight,
                                   const float* bias, float* y, float* means, float* scales,
                                   std::int64_t columns, std::int64_t stride) {
  const Tag d;
  for (std::int64_t t = 0; t < columns; t += lanes) {
    Vec mean, scale;
    NormStatistics(x + t, channels, stride, mean, scale);
    if (means) {
      hn::Store(mean, d, means + t);
      hn::Store(scale, d, scales + t);
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      const Vec centred = hn::Sub(hn::Load(d, x + c * stride + t), mean);
      hn::Store(hn::MulAdd(hn::Mul(centred, scale), Broadcast(weight[c]), Broadcast(bias[c])), d,
                y + c * stride + t);
    }
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
