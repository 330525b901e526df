// The input of the encoder: standardised frames, a convolution over three frames, the position code.
#if defined(CASD_CPU_CONVOLUTION_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_CONVOLUTION_INL_H
#undef CASD_CPU_CONVOLUTION_INL_H
#else
#define CASD_CPU_CONVOLUTION_INL_H
#endif

#include "cpu/simd-inl.h"
#include "cpu/weight_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Standardise() of every frame [steps, features].
inline HWY_NOINLINE void StandardiseFrames(const float* HWY_RESTRICT frames,
                                           const float* HWY_RESTRICT mean,
                                           const float* HWY_RESTRICT deviation,
                                           std::int64_t features, std::int64_t steps, float clip,
                                           float* HWY_RESTRICT out) {
  const auto part = [&](auto d, std::int64_t t, std::int64_t i) HWY_ATTR {
    const auto z = Standardise(d, hn::LoadU(d, frames + t * features + i), hn::LoadU(d, mean + i),
                               hn::LoadU(d, deviation + i), clip);
    hn::StoreU(z, d, out + t * features + i);
  };
  for (std::int64_t t = 0; t < steps; ++t) {
    std::int64_t i = 0;
    for (; i + lanes <= features; i += lanes) part(Tag(), t, i);
    if constexpr (lanes > 4)
      for (; i + 4 <= features; i += 4) part(hn::CappedTag<float, 4>(), t, i);
    for (; i < features; ++i) part(hn::CappedTag<float, 1>(), t, i);
  }
}

/// kRows frames, kVectors vectors of outputs. x: the first frame's window. sums [kRows, stride].
template <int kRows, int kVectors>
HWY_INLINE void ConvolutionBlock(const float* HWY_RESTRICT x, std::int64_t step,
                                 const float* HWY_RESTRICT weight, std::int64_t stride,
                                 std::int64_t inputs, float* HWY_RESTRICT sums) {
  const Tag d;
  Vec sum[kRows][kVectors];
  CASD_UNROLL for (int r = 0; r < kRows; ++r) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[r][v] =
        hn::Load(d, sums + r * stride + v * lanes);
  }
  for (std::int64_t i = 0; i < inputs; ++i, weight += stride) {
    // The fewer of the two stay in registers.
    if constexpr (kRows < kVectors) {
      Vec in[kRows];
      CASD_UNROLL for (int r = 0; r < kRows; ++r) in[r] = Broadcast(x[r * step + i]);
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
        const Vec w = hn::Load(d, weight + v * lanes);
        CASD_UNROLL for (int r = 0; r < kRows; ++r) sum[r][v] = hn::MulAdd(in[r], w, sum[r][v]);
      }
    } else {
      Vec w[kVectors];
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) w[v] = hn::Load(d, weight + v * lanes);
      CASD_UNROLL for (int r = 0; r < kRows; ++r) {
        const Vec in = Broadcast(x[r * step + i]);
        CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(in, w[v], sum[r][v]);
      }
    }
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v)
        hn::Store(sum[r][v], d, sums + r * stride + v * lanes);
  }
}

template <int kRows, int kVectors>
HWY_INLINE void ConvolutionRows(const float* x, std::int64_t step, const float* weight,
                                std::int64_t stride, std::int64_t inputs, std::int64_t steps,
                                float* sums) {
  std::int64_t t = 0;
  for (; t + kRows <= steps; t += kRows)
    ConvolutionBlock<kRows, kVectors>(x + t * step, step, weight, stride, inputs,
                                      sums + t * stride);
  if constexpr (kRows > 2)
    for (; t + 2 <= steps; t += 2)
      ConvolutionBlock<2, kVectors>(x + t * step, step, weight, stride, inputs, sums + t * stride);
  for (; t < steps; ++t)
    ConvolutionBlock<1, kVectors>(x + t * step, step, weight, stride, inputs, sums + t * stride);
}

/// Adds the products of some inputs to the sums of all outputs, in tiles of few vectors.
HWY_INLINE void AddConvolution(const float* x, std::int64_t step, const float* weight,
                               std::int64_t stride, std::int64_t inputs, std::int64_t steps,
                               float* sums) {
  constexpr int most = registers == 32 ? 5 : 3;
  constexpr int sums_in_registers = registers == 32 ? 24 : 12;
  std::int64_t left = stride / lanes;
  for (std::int64_t tiles = (left + most - 1) / most; tiles > 0; --tiles) {
    const std::int64_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1:
        ConvolutionRows<12, 1>(x, step, weight, stride, inputs, steps, sums);
        break;
      case 2:
        ConvolutionRows<sums_in_registers / 2, 2>(x, step, weight, stride, inputs, steps, sums);
        break;
      case 3:
        ConvolutionRows<sums_in_registers / 3, 3>(x, step, weight, stride, inputs, steps, sums);
        break;
      case 4:
        if constexpr (most >= 4)
          ConvolutionRows<sums_in_registers / 4, 4>(x, step, weight, stride, inputs, steps, sums);
        break;
      default:
        if constexpr (most >= 5)
          ConvolutionRows<sums_in_registers / 5, 5>(x, step, weight, stride, inputs, steps, sums);
    }
    weight += vectors * lanes;
    sums += vectors * lanes;
    left -= vectors;
  }
}

/// Weights of a block, which stays in the first cache for all frames.
constexpr std::int64_t convolution_block = 4096;

/// Convolution of x [steps + 2, features], which has a zero frame at both ends: the window of a frame
/// is contiguous. map: inputs = 3 features. sums: [steps, map.stride]. prefetch: asks for a block's weights
/// while the one before is used.
inline HWY_NOINLINE void Convolution(const RowWeights& map, const float* x, std::int64_t features,
                                     std::int64_t steps, float* sums, bool prefetch) {
  const Tag d;
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t o = 0; o < map.stride; o += lanes)
      hn::Store(hn::Load(d, map.bias + o), d, sums + t * map.stride + o);
  const std::int64_t block =
      map.stride > convolution_block / 16 ? 16 : convolution_block / map.stride;
  for (std::int64_t first = 0; first < map.inputs; first += block) {
    const std::int64_t count = map.inputs - first < block ? map.inputs - first : block;
    if (prefetch) Prefetch(map.weight + first * map.stride, block * map.stride, count * map.stride);
    AddConvolution(x + first, features, map.weight + first * map.stride, map.stride, count, steps,
                   sums);
  }
}

/// y[c][t] = sums[t][c] + code[c][t]: to activations [channels, stride], which need not begin at a vector.
/// code: [channels, code_stride].
inline void AddPositionCode(const float* HWY_RESTRICT sums, std::int64_t channels,
                            std::int64_t steps, const float* HWY_RESTRICT code,
                            std::int64_t code_stride, float* HWY_RESTRICT y, std::int64_t stride) {
  const Tag d;
  TransposeRows(sums, steps, padded(channels), channels, y, stride);
  for (std::int64_t c = 0; c < channels; ++c, y += stride, code += code_stride) {
    std::int64_t t = 0;
    for (; t + lanes <= steps; t += lanes)
      hn::StoreU(hn::Add(hn::LoadU(d, y + t), hn::LoadU(d, code + t)), d, y + t);
    for (; t < steps; ++t) y[t] += code[t];
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
