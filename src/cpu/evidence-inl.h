// The evidence head after its linear map: the twin of evidence() in method/law.h, which has the
// formulas and their gradient.
#if defined(CASD_CPU_EVIDENCE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_EVIDENCE_INL_H
#undef CASD_CPU_EVIDENCE_INL_H
#else
#define CASD_CPU_EVIDENCE_INL_H
#endif

#include "cpu/simd-inl.h"
#include "method/law.h"

#include <algorithm>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// log(1 + exp(x)) = max(x, 0) + log(1 + u) with u = exp(-|x|), and log(1 + u) = 2 atanh(s) with
/// s = u / (2 + u) <= 1/3, by its series. NaN for NaN.
HWY_INLINE Vec Softplus(Vec x) {
  const Tag d;
  const Vec least = Broadcast(-126.0f), exponent = hn::Mul(hn::Abs(x), Broadcast(-1.44269504f));
  const Vec u = Exp2(hn::IfThenElse(hn::Lt(exponent, least), least, exponent));
  const Vec s = hn::Div(u, hn::Add(u, Broadcast(2.0f))), square = hn::Mul(s, s);
  Vec p = Broadcast(2.0f / 15);
  p = hn::MulAdd(p, square, Broadcast(2.0f / 13));
  p = hn::MulAdd(p, square, Broadcast(2.0f / 11));
  p = hn::MulAdd(p, square, Broadcast(2.0f / 9));
  p = hn::MulAdd(p, square, Broadcast(2.0f / 7));
  p = hn::MulAdd(p, square, Broadcast(2.0f / 5));
  p = hn::MulAdd(p, square, Broadcast(2.0f / 3));
  p = hn::MulAdd(p, square, Broadcast(2.0f));
  return hn::MulAdd(p, s, hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x));
}

/// out = min(softplus(raw) + least, most) for `count` numbers.
HWY_INLINE void BoundedSoftplus(const float* raw, std::int64_t count, float least, float most,
                                float* out) {
  const Tag d;
  const auto bounded = [&](Vec x) HWY_ATTR {
    const Vec value = hn::Add(Softplus(x), Broadcast(least));
    return hn::IfThenElse(hn::Lt(Broadcast(most), value), Broadcast(most), value);
  };
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(bounded(hn::LoadU(d, raw + i)), d, out + i);
  if (i == count) return;
  HWY_ALIGN float rest[lanes] = {};
  std::copy(raw + i, raw + count, rest);
  hn::Store(bounded(hn::Load(d, rest)), d, rest);
  std::copy_n(rest, count - i, out + i);
}

/// raw, nig: [4, channels], in the order gamma, delta, alpha, beta.
inline HWY_NOINLINE void Evidence(const float* raw, std::int64_t channels,
                                  const EvidenceLimits<float>& limits, float* nig) {
  constexpr float none = std::numeric_limits<float>::infinity();
  std::copy_n(raw, channels, nig);
  BoundedSoftplus(raw + channels, channels, limits.delta_min, limits.delta_max, nig + channels);
  BoundedSoftplus(raw + 2 * channels, channels, limits.alpha_min, limits.alpha_max,
                  nig + 2 * channels);
  BoundedSoftplus(raw + 3 * channels, channels, limits.beta_min, none, nig + 3 * channels);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
