// The gradient of layer normalisation.
#if defined(CASD_CPU_LAYER_NORM_GRADIENT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_LAYER_NORM_GRADIENT_INL_H
#undef CASD_CPU_LAYER_NORM_GRADIENT_INL_H
#else
#define CASD_CPU_LAYER_NORM_GRADIENT_INL_H
#endif

#include "cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// The output of LayerNorm() again, from its input and statistics.
inline HWY_NOINLINE void ApplyNorm(const float* x, std::int64_t channels, const float* means,
                                   const float* scales, const float* weight, const float* bias,
                                   float* y, std::int64_t columns, std::int64_t stride) {
  const Tag d;
  for (std::int64_t c = 0; c < channels; ++c, x += stride, y += stride) {
    const Vec factor = Broadcast(weight[c]), shift = Broadcast(bias[c]);
    for (std::int64_t t = 0; t < columns; t += lanes) {
      const Vec normal =
          hn::Mul(hn::Sub(hn::Load(d, x + t), hn::Load(d, means + t)), hn::Load(d, scales + t));
      hn::Store(hn::MulAdd(normal, factor, shift), d, y + t);
    }
  }
}

/// dx, weight_gradient and bias_gradient are added to. With n = (x - mean) scale and e = dy weight:
///   dx = scale (e - mean over channels of e - n mean over channels of e n).
/// dy is 0 beyond the last column; dx stays so. scratch: [2 stride].
inline HWY_NOINLINE void LayerNormGradient(const float* dy, const float* x, std::int64_t channels,
                                           const float* means, const float* scales,
                                           const float* weight, float* dx, float* weight_gradient,
                                           float* bias_gradient, std::int64_t columns,
                                           std::int64_t stride, float* scratch) {
  const Tag d;
  float* HWY_RESTRICT sums = scratch;               // of e
  float* HWY_RESTRICT products = scratch + stride;  // of e n
  for (std::int64_t t = 0; t < columns; t += lanes) {
    hn::Store(hn::Zero(d), d, sums + t);
    hn::Store(hn::Zero(d), d, products + t);
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    Vec of_weight = hn::Zero(d), of_bias = hn::Zero(d);
    const Vec factor = Broadcast(weight[c]);
    for (std::int64_t t = 0; t < columns; t += lanes) {
      const Vec g = hn::Load(d, dy + c * stride + t);
      const Vec n = hn::Mul(hn::Sub(hn::Load(d, x + c * stride + t), hn::Load(d, means + t)),
                            hn::Load(d, scales + t));
      const Vec e = hn::Mul(g, factor);
      of_bias = hn::Add(of_bias, g);
      of_weight = hn::MulAdd(g, n, of_weight);
      hn::Store(hn::Add(hn::Load(d, sums + t), e), d, sums + t);
      hn::Store(hn::MulAdd(e, n, hn::Load(d, products + t)), d, products + t);
    }
    weight_gradient[c] += hn::GetLane(hn::SumOfLanes(d, of_weight));
    bias_gradient[c] += hn::GetLane(hn::SumOfLanes(d, of_bias));
  }
  const Vec share = Broadcast(1.0f / static_cast<float>(channels));
  for (std::int64_t t = 0; t < columns; t += lanes) {
    hn::Store(hn::Mul(hn::Load(d, sums + t), share), d, sums + t);
    hn::Store(hn::Mul(hn::Load(d, products + t), share), d, products + t);
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    const Vec factor = Broadcast(weight[c]);
    float* HWY_RESTRICT to = dx + c * stride;
    for (std::int64_t t = 0; t < columns; t += lanes) {
      const Vec scale = hn::Load(d, scales + t);
      const Vec n =
          hn::Mul(hn::Sub(hn::Load(d, x + c * stride + t), hn::Load(d, means + t)), scale);
      const Vec e = hn::Mul(hn::Load(d, dy + c * stride + t), factor);
      const Vec centred =
          hn::NegMulAdd(n, hn::Load(d, products + t), hn::Sub(e, hn::Load(d, sums + t)));
      hn::Store(hn::MulAdd(scale, centred, hn::Load(d, to + t)), d, to + t);
    }
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
