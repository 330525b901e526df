// The optimiser: Adam with L2 weight decay in the gradient, and what clipping needs. The twin of
// src/torch/adam.cpp.
#if defined(CASD_CPU_ADAM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_ADAM_INL_H
#undef CASD_CPU_ADAM_INL_H
#else
#define CASD_CPU_ADAM_INL_H
#endif

#include "cpu/adam.h"
#include "cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Calls step(tag, offset) for whole vectors, then for single lanes.
template <class Step>
HWY_INLINE void ForEachLane(std::int64_t count, const Step& step) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) step(Tag(), i);
  for (; i < count; ++i) step(hn::CappedTag<float, 1>(), i);
}

/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p -= rate / c1 m / (sqrt(v / c2) + epsilon) with
/// g = scale gradient + weight_decay p and c = 1 - b^count.
inline void AdamStep(const AdamConstants& k, std::int64_t count, const float* gradient,
                     float* parameter, float* first, float* second) {
  ForEachLane(count, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, parameter + i);
    const auto g = hn::MulAdd(p, hn::Set(d, k.weight_decay),
                              hn::Mul(hn::LoadU(d, gradient + i), hn::Set(d, k.gradient_scale)));
    const auto old = hn::LoadU(d, first + i);
    const auto m = hn::MulAdd(hn::Set(d, 1 - k.beta1), hn::Sub(g, old), old);
    const auto v = hn::MulAdd(hn::Set(d, 1 - k.beta2), hn::Mul(g, g),
                              hn::Mul(hn::LoadU(d, second + i), hn::Set(d, k.beta2)));
    const auto root = hn::MulAdd(hn::Sqrt(v), hn::Set(d, k.second_scale), hn::Set(d, k.epsilon));
    hn::StoreU(m, d, first + i);
    hn::StoreU(v, d, second + i);
    hn::StoreU(hn::Sub(p, hn::Div(hn::Mul(m, hn::Set(d, k.rate)), root)), d, parameter + i);
  });
}

/// Sum of squares, in double in blocks.
inline double SquaredNorm(const float* x, std::int64_t count) {
  constexpr std::int64_t block = 4096;
  const Tag d;
  double total = 0;
  for (std::int64_t first = 0; first < count; first += block) {
    const std::int64_t end = first + block < count ? first + block : count;
    Vec sum0 = hn::Zero(d), sum1 = hn::Zero(d);
    std::int64_t i = first;
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      const Vec a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + i + lanes);
      sum0 = hn::MulAdd(a, a, sum0);
      sum1 = hn::MulAdd(b, b, sum1);
    }
    float rest = 0;
    for (; i < end; ++i) rest += x[i] * x[i];
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1))) + rest);
  }
  return total;
}

/// to += from; from becomes 0.
inline void MoveSum(float* from, std::int64_t count, float* to) {
  ForEachLane(count, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, from + i), hn::LoadU(d, to + i)), d, to + i);
    hn::StoreU(hn::Zero(d), d, from + i);
  });
}

/// average = decay average + (1 - decay) values
inline void MovingAverage(float decay, const float* values, std::int64_t count, float* average) {
  ForEachLane(count, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::MulAdd(hn::Set(d, 1 - decay), hn::LoadU(d, values + i),
                          hn::Mul(hn::LoadU(d, average + i), hn::Set(d, decay))),
               d, average + i);
  });
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
