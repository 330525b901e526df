// The convolution over three frames in training: it reads and differentiates the weights [outputs,
// features, 3] as the model file has them.
#if defined(CASD_CPU_CONVOLUTION_GRADIENT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_CONVOLUTION_GRADIENT_INL_H
#undef CASD_CPU_CONVOLUTION_GRADIENT_INL_H
#else
#define CASD_CPU_CONVOLUTION_GRADIENT_INL_H
#endif

#include "cpu/simd-inl.h"
#include "cpu/training_layout.h"
#include "cpu/weight_gradient-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// frames [steps, features] to the layout of training_layout.h.
inline HWY_NOINLINE void TurnFrames(const float* frames, std::int64_t steps, std::int64_t features,
                                    float* out) {
  const std::int64_t stride = convolution_stride(steps);
  for (std::int64_t f = 0; f < features; ++f) {
    float* row = out + f * stride;
    std::fill(row, row + convolution_front, 0.0f);
    std::fill(row + convolution_front + steps, row + stride, 0.0f);
  }
  TransposeRows(frames, steps, features, features, out + convolution_front, stride);
}

template <int kRows, int kVectors>
HWY_INLINE void ConvolutionBlock(const float* HWY_RESTRICT weight, std::int64_t weight_stride,
                                 const float* HWY_RESTRICT x, std::int64_t x_stride,
                                 std::int64_t features, float* HWY_RESTRICT y,
                                 std::int64_t stride) {
  const Tag d;
  Vec sum[kRows][kVectors];
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int v = 0; v < kVectors; ++v)
      sum[r][v] = hn::Load(d, y + r * stride + v * lanes);
  for (std::int64_t f = 0; f < features; ++f, x += x_stride, weight += 3) {
    CASD_UNROLL for (int k = 0; k < 3; ++k) {
      Vec in[kVectors];
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) in[v] = hn::LoadU(d, x + k - 1 + v * lanes);
      CASD_UNROLL for (int r = 0; r < kRows; ++r) {
        const Vec w = Broadcast(weight[r * weight_stride + k]);
        CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(w, in[v], sum[r][v]);
      }
    }
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int v = 0; v < kVectors; ++v)
      hn::Store(sum[r][v], d, y + r * stride + v * lanes);
}

template <int kRows, int kVectors>
HWY_INLINE void ConvolutionTile(const float* weight, std::int64_t weight_stride,
                                std::int64_t outputs, const float* x, std::int64_t x_stride,
                                std::int64_t features, float* y, std::int64_t stride) {
  ForEachBlock<kRows>(outputs, [&](auto rows, std::int64_t o) HWY_ATTR {
    ConvolutionBlock<decltype(rows)::value, kVectors>(weight + o * weight_stride, weight_stride, x,
                                                      x_stride, features, y + o * stride, stride);
  });
}

/// y [outputs, stride] = convolution of the frames of TurnFrames(); bias [outputs].
inline HWY_NOINLINE void TrainingConvolution(const float* weight, const float* bias,
                                             std::int64_t outputs, std::int64_t features,
                                             const float* x, std::int64_t steps, float* y,
                                             std::int64_t stride) {
  const Tag d;
  const std::int64_t x_stride = convolution_stride(steps), weight_stride = 3 * features;
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t t = 0; t < steps; t += lanes)
      hn::Store(Broadcast(bias[o]), d, y + o * stride + t);
  // Features whose rows stay in the first-level cache.
  const std::int64_t panel = std::max<std::int64_t>(8, 4096 / x_stride);
  for (std::int64_t f = 0; f < features; f += panel) {
    const std::int64_t count = std::min(panel, features - f);
    const float* from = x + f * x_stride + convolution_front;
    float* to = y;
    std::int64_t left = VectorCount(steps);
    for (std::int64_t tiles = (left + 3) / 4; tiles > 0; --tiles) {
      const std::int64_t vectors = (left + tiles - 1) / tiles;
      const float* w = weight + 3 * f;
      switch (vectors) {
        case 1:
          ConvolutionTile<sum_rows(1), 1>(w, weight_stride, outputs, from, x_stride, count, to,
                                          stride);
          break;
        case 2:
          ConvolutionTile<sum_rows(2), 2>(w, weight_stride, outputs, from, x_stride, count, to,
                                          stride);
          break;
        case 3:
          ConvolutionTile<sum_rows(3), 3>(w, weight_stride, outputs, from, x_stride, count, to,
                                          stride);
          break;
        default:
          ConvolutionTile<sum_rows(4), 4>(w, weight_stride, outputs, from, x_stride, count, to,
                                          stride);
          break;
      }
      from += vectors * lanes;
      to += vectors * lanes;
      left -= vectors;
    }
  }
}

/// Adds the sum over the frames of dy x' to gradient [kRows, 3, features], for one vector of features
/// with all three frames of the window; x: frame 0, rows of `features`.
template <int kRows>
HWY_INLINE void ConvolutionGradientBlock(const float* HWY_RESTRICT dy, std::int64_t stride,
                                         const float* HWY_RESTRICT x, std::int64_t features,
                                         std::int64_t steps, float* HWY_RESTRICT gradient) {
  const Tag d;
  Vec sum[kRows][3];
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int k = 0; k < 3; ++k) sum[r][k] =
      hn::LoadU(d, gradient + (3 * r + k) * features);
  // The frames before the first and after the last are zero.
  Vec before = hn::Zero(d), here = hn::LoadU(d, x);
  for (std::int64_t t = 0; t < steps; ++t) {
    const Vec after = t + 1 < steps ? hn::LoadU(d, x + (t + 1) * features) : hn::Zero(d);
    CASD_UNROLL for (int r = 0; r < kRows; ++r) {
      const Vec factor = Broadcast(dy[r * stride + t]);
      sum[r][0] = hn::MulAdd(factor, before, sum[r][0]);
      sum[r][1] = hn::MulAdd(factor, here, sum[r][1]);
      sum[r][2] = hn::MulAdd(factor, after, sum[r][2]);
    }
    before = here;
    here = after;
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int k = 0; k < 3; ++k)
      hn::StoreU(sum[r][k], d, gradient + (3 * r + k) * features);
}

/// Adds the gradient of the weights, [outputs, 3, features] (ConvolutionGradients). dy: [outputs,
/// stride]; frames: [steps, features].
inline HWY_NOINLINE void AddConvolutionGradient(const float* dy, std::int64_t stride,
                                                std::int64_t outputs, const float* frames,
                                                std::int64_t steps, std::int64_t features,
                                                float* gradient) {
  constexpr int rows = 4;
  const std::int64_t row_size = 3 * features;
  // The gradient is the larger one of the two: it is read and written in order.
  std::int64_t o = 0;
  for (; o + rows <= outputs; o += rows)
    for (std::int64_t f = 0; f + lanes <= features; f += lanes)
      ConvolutionGradientBlock<rows>(dy + o * stride, stride, frames + f, features, steps,
                                     gradient + o * row_size + f);
  for (; o < outputs; ++o)
    for (std::int64_t f = 0; f + lanes <= features; f += lanes)
      ConvolutionGradientBlock<1>(dy + o * stride, stride, frames + f, features, steps,
                                  gradient + o * row_size + f);
  for (std::int64_t f = features / lanes * lanes; f < features; ++f)
    for (o = 0; o < outputs; ++o)
      for (std::int64_t k = 0; k < 3; ++k) {
        float sum = 0;
        for (std::int64_t t = std::max<std::int64_t>(0, 1 - k); t < std::min(steps, steps + 1 - k);
             ++t)
          sum += dy[o * stride + t] * frames[(t + k - 1) * features + f];
        gradient[o * row_size + k * features + f] += sum;
      }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
