// Matrix products of training, where weights change with every step and are therefore read as the model
// file has them.
#if defined(CASD_CPU_PRODUCT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_PRODUCT_INL_H
#undef CASD_CPU_PRODUCT_INL_H
#else
#define CASD_CPU_PRODUCT_INL_H
#endif

#include "cpu/simd-inl.h"
#include "cpu/training_layout.h"
#include "cpu/weight_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// kRows outputs of kVectors vectors; the sums stay in registers.
template <Epilogue kEpilogue, int kRows, int kVectors>
HWY_INLINE void ProductBlock(const MatrixView& matrix, const float* HWY_RESTRICT weight,
                             const float* HWY_RESTRICT bias, const float* HWY_RESTRICT x,
                             std::int64_t x_stride, float* HWY_RESTRICT y, std::int64_t y_stride) {
  const Tag d;
  Vec sum[kRows][kVectors];
  CASD_UNROLL for (int r = 0; r < kRows; ++r) {
    const Vec start = bias ? Broadcast(bias[r]) : hn::Zero(d);
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[r][v] = start;
  }
  for (std::int64_t i = 0; i < matrix.inputs; ++i, x += x_stride, weight += matrix.input_step) {
    Vec in[kVectors];
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) in[v] = hn::Load(d, x + v * lanes);
    CASD_UNROLL for (int r = 0; r < kRows; ++r) {
      const Vec w = Broadcast(weight[r * matrix.output_step]);
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(w, in[v], sum[r][v]);
    }
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v)
        StoreSum(kEpilogue, sum[r][v], y + r * y_stride + v * lanes);
  }
}

/// All outputs of kVectors vectors, kRows at once.
template <Epilogue kEpilogue, int kRows, int kVectors>
HWY_INLINE void ProductTile(const MatrixView& matrix, const float* bias, const float* x,
                            std::int64_t x_stride, float* y, std::int64_t y_stride) {
  ForEachBlock<kRows>(matrix.outputs, [&](auto rows, std::int64_t o) HWY_ATTR {
    ProductBlock<kEpilogue, decltype(rows)::value, kVectors>(
        matrix, matrix.values + o * matrix.output_step, bias ? bias + o : nullptr, x, x_stride,
        y + o * y_stride, y_stride);
  });
}

template <Epilogue kEpilogue>
HWY_INLINE void ProductWith(const MatrixView& matrix, const float* bias, const float* x,
                            std::int64_t x_stride, float* y, std::int64_t y_stride,
                            std::int64_t columns) {
  std::int64_t left = VectorCount(columns);
  for (std::int64_t tiles = (left + 3) / 4; tiles > 0; --tiles) {
    const std::int64_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1:
        ProductTile<kEpilogue, sum_rows(1), 1>(matrix, bias, x, x_stride, y, y_stride);
        break;
      case 2:
        ProductTile<kEpilogue, sum_rows(2), 2>(matrix, bias, x, x_stride, y, y_stride);
        break;
      case 3:
        ProductTile<kEpilogue, sum_rows(3), 3>(matrix, bias, x, x_stride, y, y_stride);
        break;
      default:
        ProductTile<kEpilogue, sum_rows(4), 4>(matrix, bias, x, x_stride, y, y_stride);
        break;
    }
    x += vectors * lanes;
    y += vectors * lanes;
    left -= vectors;
  }
}

/// y = matrix x + bias for every column; bias [outputs] or NULL; x and y must not overlap.
inline HWY_NOINLINE void Product(const MatrixView& matrix, const float* bias, Epilogue epilogue,
                                 const float* x, std::int64_t x_stride, float* y,
                                 std::int64_t y_stride, std::int64_t columns) {
  switch (epilogue) {
    case Epilogue::none:
      return ProductWith<Epilogue::none>(matrix, bias, x, x_stride, y, y_stride, columns);
    case Epilogue::relu:
      return ProductWith<Epilogue::relu>(matrix, bias, x, x_stride, y, y_stride, columns);
    case Epilogue::add:
      return ProductWith<Epilogue::add>(matrix, bias, x, x_stride, y, y_stride, columns);
  }
}

/// Four vectors into one of 4 sums.
#if HWY_TARGET != HWY_SCALAR
HWY_INLINE hn::Vec<hn::CappedTag<float, 4>> SumsOfFour(Vec a, Vec b, Vec c, Vec e) {
  const hn::CappedTag<float, 4> quarter;
  const auto halves = [](auto v) {
    if constexpr (lanes == 8)
      return hn::Add(hn::LowerHalf(hn::CappedTag<float, 4>(), v),
                     hn::UpperHalf(hn::CappedTag<float, 4>(), v));
    else
      return v;
  };
  const auto x = halves(a), y = halves(b), z = halves(c), w = halves(e);
  // (x0 + x2, z0 + z2, x1 + x3, z1 + z3), and the same of y and w.
  const auto even = hn::Add(hn::InterleaveLower(quarter, x, z), hn::InterleaveUpper(quarter, x, z));
  const auto odd = hn::Add(hn::InterleaveLower(quarter, y, w), hn::InterleaveUpper(quarter, y, w));
  return hn::Add(hn::InterleaveLower(quarter, even, odd), hn::InterleaveUpper(quarter, even, odd));
}
#endif

/// out[r * out_stride + j] += sum over columns of a[r][column] b[j][column], for r < rows and
/// j < count. Columns beyond the last must be 0 in a or in b. a, b: rows of a_stride, b_stride.
inline HWY_NOINLINE void AddRowProducts(const float* a, std::int64_t a_stride, std::int64_t rows,
                                        const float* b, std::int64_t b_stride, std::int64_t count,
                                        std::int64_t columns, float* out, std::int64_t out_stride) {
  const Tag d;
  const std::int64_t end = VectorCount(columns) * lanes;
  const auto single = [&](std::int64_t r, std::int64_t j) {
    Vec sum = hn::Zero(d);
    for (std::int64_t t = 0; t < end; t += lanes)
      sum = hn::MulAdd(hn::Load(d, a + r * a_stride + t), hn::Load(d, b + j * b_stride + t), sum);
    out[r * out_stride + j] += hn::GetLane(hn::SumOfLanes(d, sum));
  };
  std::int64_t r = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> quarter;
  for (; r + 2 <= rows; r += 2) {
    std::int64_t j = 0;
    for (; j + 4 <= count; j += 4) {
      const float *a0 = a + r * a_stride, *a1 = a0 + a_stride, *of = b + j * b_stride;
      Vec sum0[4], sum1[4];
      CASD_UNROLL for (int k = 0; k < 4; ++k) sum0[k] = sum1[k] = hn::Zero(d);
      for (std::int64_t t = 0; t < end; t += lanes) {
        const Vec in0 = hn::Load(d, a0 + t), in1 = hn::Load(d, a1 + t);
        CASD_UNROLL for (int k = 0; k < 4; ++k) {
          const Vec factor = hn::Load(d, of + k * b_stride + t);
          sum0[k] = hn::MulAdd(in0, factor, sum0[k]);
          sum1[k] = hn::MulAdd(in1, factor, sum1[k]);
        }
      }
      float *to0 = out + r * out_stride + j, *to1 = to0 + out_stride;
      hn::StoreU(hn::Add(hn::LoadU(quarter, to0), SumsOfFour(sum0[0], sum0[1], sum0[2], sum0[3])),
                 quarter, to0);
      hn::StoreU(hn::Add(hn::LoadU(quarter, to1), SumsOfFour(sum1[0], sum1[1], sum1[2], sum1[3])),
                 quarter, to1);
    }
    for (; j < count; ++j) {
      single(r, j);
      single(r + 1, j);
    }
  }
#endif
  for (; r < rows; ++r)
    for (std::int64_t j = 0; j < count; ++j) single(r, j);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
