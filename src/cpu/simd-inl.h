// What all kernels share: the vector type, and elementary functions on vectors.
//
// Kernels are included once for every target. Activations are [channels, stride]: one row for each
// channel, one column for each frame (time step). Vectors hold consecutive frames of one channel, so
// that layer norm, softmax and activations need no shuffles. `stride` is a multiple of column_block,
// and rows are aligned to it. Columns beyond the last frame hold arbitrary finite numbers; no result
// depends on them.
#if defined(CASD_CPU_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_SIMD_INL_H
#undef CASD_CPU_SIMD_INL_H
#else
#define CASD_CPU_SIMD_INL_H
#endif

#include "cpu/layout.h"

#include <cstdint>

#ifndef CASD_UNROLL
#if defined(__clang__)
#define CASD_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CASD_UNROLL _Pragma("GCC unroll 32")
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Eight lanes also with AVX-512: sequences are short, and 32 registers matter more than their width.
using Tag = hn::CappedTag<float, 8>;
using Vec = hn::Vec<Tag>;
using Mask = hn::Mask<Tag>;
constexpr int lanes = static_cast<int>(hn::MaxLanes(Tag()));
static_assert(column_block % lanes == 0, "a row is a whole number of vectors");

/// Vector registers of the target.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int registers = 32;
#else
constexpr int registers = 16;
#endif

HWY_INLINE std::int64_t VectorCount(std::int64_t columns) { return (columns + lanes - 1) / lanes; }

HWY_INLINE Vec Broadcast(float value) { return hn::Set(Tag(), value); }

/// Asks for `count` floats, `ahead` floats after `begin`, for the second cache. Addresses without memory have
/// no effect.
HWY_INLINE void Prefetch(const float* begin, std::int64_t count, std::int64_t ahead = 0) {
  constexpr std::uintptr_t line = 64;
  std::uintptr_t at =
      reinterpret_cast<std::uintptr_t>(begin) + static_cast<std::uintptr_t>(ahead) * sizeof(float);
  const std::uintptr_t end = at + static_cast<std::uintptr_t>(count) * sizeof(float);
  for (; at < end; at += line) __builtin_prefetch(reinterpret_cast<const void*>(at), 0, 2);
}

/// (frame - mean) / deviation; what is not finite becomes 0; clipped to +-clip (0: not clipped). The same
/// values as standardise() of model/normaliser.h.
template <class D>
HWY_INLINE hn::Vec<D> Standardise(D d, hn::Vec<D> frame, hn::Vec<D> mean, hn::Vec<D> deviation,
                                  float clip) {
  const auto z = hn::Div(hn::Sub(frame, mean), deviation);
  // The difference of a number to itself is 0 unless it is infinite or NaN.
  const auto finite = hn::IfThenElseZero(hn::Eq(hn::Sub(z, z), hn::Zero(d)), z);
  return clip > 0 ? hn::Max(hn::Min(finite, hn::Set(d, clip)), hn::Set(d, -clip)) : finite;
}

/// Ends a linear map: stores a vector of sums.
HWY_INLINE void StoreSum(Epilogue epilogue, Vec sum, float* out) {
  const Tag d;
  if (epilogue == Epilogue::add) sum = hn::Add(sum, hn::Load(d, out));
  // Keeps NaN: a comparison with NaN is false.
  if (epilogue == Epilogue::relu) sum = hn::IfThenZeroElse(hn::Lt(sum, hn::Zero(d)), sum);
  hn::Store(sum, d, out);
}

/// 2^x for |x| <= 126; relative error below 2e-7; NaN for NaN. Rounds x to an integer n by adding
/// 1.5 * 2^23, evaluates a polynomial of x - n and adds n to the exponent. The polynomial is the minimax
/// one on [-0.5, 0.5] that is exact at 0.
HWY_INLINE Vec Exp2(Vec x) {
  const Tag d;
  const hn::RebindToSigned<Tag> di;
  const Vec round = Broadcast(12582912.0f);
  const Vec shifted = hn::Add(x, round);
  const Vec f = hn::Sub(x, hn::Sub(shifted, round));
  Vec p = Broadcast(1.326472864521458e-3f);
  p = hn::MulAdd(p, f, Broadcast(9.671513720474414e-3f));
  p = hn::MulAdd(p, f, Broadcast(5.550733749649841e-2f));
  p = hn::MulAdd(p, f, Broadcast(2.402224206885193e-1f));
  p = hn::MulAdd(p, f, Broadcast(6.931469775894872e-1f));
  p = hn::MulAdd(p, f, Broadcast(1.0f));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
