// Gradients of weights and biases: sums over the frames of products of two activations.
#if defined(CASD_CPU_WEIGHT_GRADIENT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_WEIGHT_GRADIENT_INL_H
#undef CASD_CPU_WEIGHT_GRADIENT_INL_H
#else
#define CASD_CPU_WEIGHT_GRADIENT_INL_H
#endif

#include "cpu/simd-inl.h"

#include <algorithm>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Rows of a block of sums that is `vectors` wide. About ten sums hide the latency of a multiplication;
/// with their operands they fit the registers. Five divides the usual hidden sizes.
constexpr int sum_rows(int vectors) {
  if (vectors == 1) return 8;
  return vectors == 2 || registers == 32 ? 5 : 12 / vectors;
}

template <int kCount>
using Count = std::integral_constant<int, kCount>;

/// Calls body(Count<rows>, first) for blocks of kRows rows, then for single ones.
template <int kRows, class Body>
HWY_INLINE void ForEachBlock(std::int64_t rows, const Body& body) {
  std::int64_t r = 0;
  for (; r + kRows <= rows; r += kRows) body(Count<kRows>(), r);
  for (; r < rows; ++r) body(Count<1>(), r);
}

/// x [channels, stride] to out [columns, out_stride]; what is beyond the channels is not written.
inline HWY_NOINLINE void TransposeRows(const float* HWY_RESTRICT x, std::int64_t channels,
                                       std::int64_t stride, std::int64_t columns,
                                       float* HWY_RESTRICT out, std::int64_t out_stride) {
  std::int64_t c = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> quarter;
  const hn::Repartition<double, decltype(quarter)> pair;
  const auto pairs = [&](auto v) { return hn::BitCast(pair, v); };
  const auto floats = [&](auto v) { return hn::BitCast(quarter, v); };
  const std::int64_t whole = columns / 4 * 4;
  for (; c + 4 <= channels; c += 4) {
    const float* from = x + c * stride;
    for (std::int64_t t = 0; t < whole; t += 4) {
      const auto a = hn::LoadU(quarter, from + t), b = hn::LoadU(quarter, from + stride + t);
      const auto e = hn::LoadU(quarter, from + 2 * stride + t),
                 f = hn::LoadU(quarter, from + 3 * stride + t);
      const auto ab_low = pairs(hn::InterleaveLower(quarter, a, b));
      const auto ab_high = pairs(hn::InterleaveUpper(quarter, a, b));
      const auto ef_low = pairs(hn::InterleaveLower(quarter, e, f));
      const auto ef_high = pairs(hn::InterleaveUpper(quarter, e, f));
      float* to = out + t * out_stride + c;
      hn::StoreU(floats(hn::InterleaveLower(pair, ab_low, ef_low)), quarter, to);
      hn::StoreU(floats(hn::InterleaveUpper(pair, ab_low, ef_low)), quarter, to + out_stride);
      hn::StoreU(floats(hn::InterleaveLower(pair, ab_high, ef_high)), quarter, to + 2 * out_stride);
      hn::StoreU(floats(hn::InterleaveUpper(pair, ab_high, ef_high)), quarter, to + 3 * out_stride);
    }
    for (std::int64_t t = whole; t < columns; ++t)
      for (std::int64_t k = 0; k < 4; ++k) out[t * out_stride + c + k] = from[k * stride + t];
  }
#endif
  for (; c < channels; ++c)
    for (std::int64_t t = 0; t < columns; ++t) out[t * out_stride + c] = x[c * stride + t];
}

/// x [channels, stride] to out [columns, padded(channels)]. Beyond the last channel zeros.
inline void Transpose(const float* x, std::int64_t channels, std::int64_t stride,
                      std::int64_t columns, float* out) {
  const std::int64_t width = padded(channels);
  TransposeRows(x, channels, stride, columns, out, width);
  for (std::int64_t t = 0; t < columns; ++t)
    for (std::int64_t c = channels; c < width; ++c) out[t * width + c] = 0;
}

/// kRows outputs, kVectors vectors of inputs; the sums stay in registers.
template <int kRows, int kVectors>
HWY_INLINE void WeightGradientBlock(const float* HWY_RESTRICT dy, std::int64_t dy_stride,
                                    const float* HWY_RESTRICT x, std::int64_t x_stride,
                                    std::int64_t columns, float* HWY_RESTRICT gradient,
                                    std::int64_t gradient_stride) {
  const Tag d;
  Vec sum[kRows][kVectors];
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int v = 0; v < kVectors; ++v)
      sum[r][v] = hn::LoadU(d, gradient + r * gradient_stride + v * lanes);
  for (std::int64_t t = 0; t < columns; ++t, x += x_stride) {
    Vec in[kVectors];
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) in[v] = hn::LoadU(d, x + v * lanes);
    CASD_UNROLL for (int r = 0; r < kRows; ++r) {
      const Vec factor = Broadcast(dy[r * dy_stride + t]);
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[r][v] =
          hn::MulAdd(factor, in[v], sum[r][v]);
    }
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int v = 0; v < kVectors; ++v)
      hn::StoreU(sum[r][v], d, gradient + r * gradient_stride + v * lanes);
}

template <int kRows, int kVectors>
HWY_INLINE void WeightGradientTile(const float* dy, std::int64_t dy_stride, std::int64_t outputs,
                                   const float* x, std::int64_t x_stride, std::int64_t columns,
                                   float* gradient, std::int64_t gradient_stride) {
  ForEachBlock<kRows>(outputs, [&](auto rows, std::int64_t o) HWY_ATTR {
    WeightGradientBlock<decltype(rows)::value, kVectors>(dy + o * dy_stride, dy_stride, x, x_stride,
                                                         columns, gradient + o * gradient_stride,
                                                         gradient_stride);
  });
}

/// Adds to gradient [outputs, inputs], row-major, the sum over the columns of dy x'. dy: [outputs,
/// dy_stride]; x: [columns, x_stride], transposed.
inline HWY_NOINLINE void AddWeightGradient(const float* dy, std::int64_t dy_stride,
                                           std::int64_t outputs, const float* x,
                                           std::int64_t x_stride, std::int64_t inputs,
                                           std::int64_t columns, float* gradient) {
  std::int64_t i = 0;
  for (; i + 4 * lanes <= inputs; i += 4 * lanes)
    WeightGradientTile<sum_rows(4), 4>(dy, dy_stride, outputs, x + i, x_stride, columns,
                                       gradient + i, inputs);
  for (; i + 2 * lanes <= inputs; i += 2 * lanes)
    WeightGradientTile<sum_rows(2), 2>(dy, dy_stride, outputs, x + i, x_stride, columns,
                                       gradient + i, inputs);
  for (; i + lanes <= inputs; i += lanes)
    WeightGradientTile<sum_rows(1), 1>(dy, dy_stride, outputs, x + i, x_stride, columns,
                                       gradient + i, inputs);
  if (i == inputs) return;
  // The last inputs do not fill a vector; x is padded, the gradient is not.
  constexpr std::int64_t rows = 8;
  HWY_ALIGN float part[rows * lanes];
  for (std::int64_t o = 0; o < outputs; o += rows) {
    const std::int64_t count = std::min(rows, outputs - o);
    std::fill(part, part + rows * lanes, 0.0f);
    WeightGradientTile<static_cast<int>(rows), 1>(dy + o * dy_stride, dy_stride, count, x + i,
                                                  x_stride, columns, part, lanes);
    for (std::int64_t r = 0; r < count; ++r)
      for (std::int64_t k = i; k < inputs; ++k)
        gradient[(o + r) * inputs + k] += part[r * lanes + k - i];
  }
}

/// Adds to gradient [rows] the sums of the columns of each row of dy. Zeros beyond the last column.
inline HWY_NOINLINE void AddBiasGradient(const float* dy, std::int64_t stride, std::int64_t rows,
                                         std::int64_t columns, float* gradient) {
  const Tag d;
  for (std::int64_t r = 0; r < rows; ++r) {
    Vec sum = hn::Zero(d);
    for (std::int64_t t = 0; t < columns; t += lanes)
      sum = hn::Add(sum, hn::Load(d, dy + r * stride + t));
    gradient[r] += hn::GetLane(hn::SumOfLanes(d, sum));
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
