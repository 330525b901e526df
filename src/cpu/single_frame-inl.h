// Kernels for single frames: what the last layer computes if only the last frame is pooled, and the
// evidence head. Vectors hold consecutive channels, or for attention consecutive keys.
#if defined(CASD_CPU_SINGLE_FRAME_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_SINGLE_FRAME_INL_H
#undef CASD_CPU_SINGLE_FRAME_INL_H
#else
#define CASD_CPU_SINGLE_FRAME_INL_H
#endif

#include "cpu/simd-inl.h"

#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// kRows frames, kVectors vectors of outputs from `first` on; the sums stay in registers.
template <int kRows, int kVectors>
HWY_INLINE void RowBlock(const RowWeights& map, Epilogue epilogue, const float* HWY_RESTRICT x,
                         std::int64_t first, float* HWY_RESTRICT y) {
  const Tag d;
  const std::int64_t x_stride = padded(map.inputs);
  Vec sum[kRows][kVectors];
  CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
    const Vec start = hn::Load(d, map.bias + first + v * lanes);
    CASD_UNROLL for (int r = 0; r < kRows; ++r) sum[r][v] = start;
  }
  const float* weight = map.weight + first;
  for (std::int64_t i = 0; i < map.inputs; ++i, weight += map.stride) {
    Vec in[kRows];
    CASD_UNROLL for (int r = 0; r < kRows; ++r) in[r] = Broadcast(x[r * x_stride + i]);
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
      const Vec w = hn::Load(d, weight + v * lanes);
      CASD_UNROLL for (int r = 0; r < kRows; ++r) sum[r][v] = hn::MulAdd(in[r], w, sum[r][v]);
    }
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v)
        StoreSum(epilogue, sum[r][v], y + r * map.stride + first + v * lanes);
  }
}

/// All outputs of kRows frames, in tiles of kVectors, 2 and 1 vectors.
template <int kRows, int kVectors>
HWY_INLINE void RowTiles(const RowWeights& map, Epilogue epilogue, const float* x, float* y,
                         std::int64_t first = 0) {
  for (; first + kVectors * lanes <= map.stride; first += kVectors * lanes)
    RowBlock<kRows, kVectors>(map, epilogue, x, first, y);
  if constexpr (kVectors > 5)
    RowTiles<kRows, 5>(map, epilogue, x, y, first);
  else if constexpr (kVectors > 2)
    RowTiles<kRows, 2>(map, epilogue, x, y, first);
  else if constexpr (kVectors > 1)
    RowTiles<kRows, 1>(map, epilogue, x, y, first);
}

/// y = W x + b for `rows` frames; x [rows, padded(inputs)], y [rows, map.stride].
inline HWY_NOINLINE void RowLinear(const RowWeights& map, Epilogue epilogue, const float* x,
                                   float* y, std::int64_t rows) {
  constexpr bool many = registers == 32;
  const std::int64_t x_stride = padded(map.inputs);
  std::int64_t r = 0;
  for (; r + 4 <= rows; r += 4)
    RowTiles<4, many ? 5 : 2>(map, epilogue, x + r * x_stride, y + r * map.stride);
  for (; r + 2 <= rows; r += 2)
    RowTiles<2, many ? 10 : 5>(map, epilogue, x + r * x_stride, y + r * map.stride);
  for (; r < rows; ++r)
    RowTiles<1, many ? 20 : 10>(map, epilogue, x + r * x_stride, y + r * map.stride);
}

/// Layer normalisation of one frame; x, y [padded(channels)].
inline HWY_NOINLINE void RowNorm(const float* x, std::int64_t channels, const float* weight,
                                 const float* bias, float* y) {
  const Tag d;
  const auto size = static_cast<float>(channels);
  const auto valid = [&](std::int64_t c) HWY_ATTR {
    return hn::FirstN(d, static_cast<std::size_t>(channels - c < lanes ? channels - c : lanes));
  };
  Vec sum = hn::Zero(d), square = hn::Zero(d);
  for (std::int64_t c = 0; c < channels; c += lanes)
    sum = hn::Add(sum, hn::IfThenElseZero(valid(c), hn::Load(d, x + c)));
  const Vec mean = Broadcast(hn::GetLane(hn::SumOfLanes(d, sum)) / size);
  for (std::int64_t c = 0; c < channels; c += lanes) {
    const Vec centred = hn::IfThenElseZero(valid(c), hn::Sub(hn::Load(d, x + c), mean));
    square = hn::MulAdd(centred, centred, square);
  }
  const float variance = hn::GetLane(hn::SumOfLanes(d, square)) / size;
  // With an infinite variance the frame would equal the bias, a finite but wrong result.
  const float scale = variance <= std::numeric_limits<float>::max()
                          ? 1 / std::sqrt(variance + 1e-5f)
                          : std::numeric_limits<float>::quiet_NaN();
  const float centre = hn::GetLane(mean);
  for (std::int64_t c = 0; c < channels; ++c) y[c] = (x[c] - centre) * scale * weight[c] + bias[c];
}

/// Attention of one query [heads * size] over keys and values [heads * size, stride], which need not begin at
/// a vector. The query must already be multiplied by log2(e) / sqrt(size). scratch: [padded(steps)]. out:
/// [heads * size].
inline HWY_NOINLINE void SingleQueryAttention(const float* query, const float* key,
                                              const float* value, std::int64_t heads,
                                              std::int64_t size, std::int64_t steps,
                                              std::int64_t stride, float* HWY_RESTRICT scratch,
                                              float* out) {
  const Tag d;
  const Vec least = Broadcast(-126.0f), lowest = Broadcast(-3.4e38f);
  const auto valid = [&](std::int64_t t) HWY_ATTR {
    return hn::FirstN(d, static_cast<std::size_t>(steps - t < lanes ? steps - t : lanes));
  };
  for (std::int64_t h = 0; h < heads; ++h) {
    const std::int64_t first = h * size;
    Vec largest = lowest;
    for (std::int64_t t = 0; t < steps; t += lanes) {
      Vec product = hn::Zero(d);
      for (std::int64_t c = first; c < first + size; ++c)
        product = hn::MulAdd(Broadcast(query[c]), hn::LoadU(d, key + c * stride + t), product);
      product = hn::IfThenElse(valid(t), product, lowest);
      hn::Store(product, d, scratch + t);
      largest = hn::IfThenElse(hn::Lt(product, largest), largest, product);
    }
    HWY_ALIGN float all[lanes];
    hn::Store(largest, d, all);
    float most = all[0];
    for (int l = 1; l < lanes; ++l) most = all[l] < most ? most : all[l];
    const Vec shift = Broadcast(most);
    Vec total = hn::Zero(d);
    for (std::int64_t t = 0; t < steps; t += lanes) {
      const Vec product = hn::Sub(hn::Load(d, scratch + t), shift);
      const Vec power = hn::IfThenElseZero(
          valid(t), Exp2(hn::IfThenElse(hn::Lt(product, least), least, product)));
      total = hn::Add(total, power);
      hn::Store(power, d, scratch + t);
    }
    const float scale = 1 / hn::GetLane(hn::SumOfLanes(d, total));
    for (std::int64_t c = first; c < first + size; ++c) {
      Vec sum = hn::Zero(d);
      std::int64_t t = 0;
      for (; t + lanes <= steps; t += lanes)
        sum = hn::MulAdd(hn::Load(d, scratch + t), hn::LoadU(d, value + c * stride + t), sum);
      // Beyond the last key may be what another sample made infinite.
      if (t < steps)
        sum = hn::MulAdd(hn::Load(d, scratch + t),
                         hn::IfThenElseZero(valid(t), hn::LoadU(d, value + c * stride + t)), sum);
      out[c] = hn::GetLane(hn::SumOfLanes(d, sum)) * scale;
    }
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
