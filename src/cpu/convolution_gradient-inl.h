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
/// with all three frames of the window; x: frame 0, rows of `features`. kOntoGradient: the sum begins with
/// the old gradient.
template <int kRows, bool kOntoGradient, class D>
HWY_INLINE void ConvolutionGradientBlock(D d, const float* HWY_RESTRICT dy, std::int64_t stride,
                                         const float* HWY_RESTRICT x, std::int64_t features,
                                         std::int64_t steps, float* HWY_RESTRICT gradient) {
  hn::Vec<D> sum[kRows][3];
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int k = 0; k < 3; ++k) sum[r][k] =
      kOntoGradient ? hn::LoadU(d, gradient + (3 * r + k) * features) : hn::Zero(d);
  const auto add = [](hn::Vec<D> factor, hn::Vec<D> in, hn::Vec<D>& to) HWY_ATTR {
    to = kOntoGradient ? hn::MulAdd(factor, in, to) : hn::Add(to, hn::Mul(factor, in));
  };
  // The frames before the first and after the last are zero.
  auto before = hn::Zero(d), here = hn::LoadU(d, x);
  for (std::int64_t t = 0; t < steps; ++t) {
    const auto after = t + 1 < steps ? hn::LoadU(d, x + (t + 1) * features) : hn::Zero(d);
    CASD_UNROLL for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, dy[r * stride + t]);
      add(factor, before, sum[r][0]);
      add(factor, here, sum[r][1]);
      add(factor, after, sum[r][2]);
    }
    before = here;
    here = after;
  }
  CASD_UNROLL for (int r = 0; r < kRows; ++r) CASD_UNROLL for (int k = 0; k < 3; ++k) {
    float* to = gradient + (3 * r + k) * features;
    hn::StoreU(kOntoGradient ? sum[r][k] : hn::Add(hn::LoadU(d, to), sum[r][k]), d, to);
  }
}

/// Adds the gradient of the weights, [outputs, 3, features] (ConvolutionGradients). dy: [outputs,
/// stride]; frames: [steps, features].
inline HWY_NOINLINE void AddConvolutionGradient(const float* dy, std::int64_t stride,
                                                std::int64_t outputs, const float* frames,
                                                std::int64_t steps, std::int64_t features,
                                                float* gradient) {
  // The gradient is the larger one of the two: it is read and written in order.
  const auto add = [&](auto rows, std::int64_t o) HWY_ATTR {
    constexpr int count = decltype(rows)::value;
    const float* of = dy + o * stride;
    float* to = gradient + o * 3 * features;
    std::int64_t f = 0;
    for (; f + lanes <= features; f += lanes)
      ConvolutionGradientBlock<count, true>(Tag(), of, stride, frames + f, features, steps, to + f);
    if constexpr (lanes > 4)
      for (; f + 4 <= features; f += 4)
        ConvolutionGradientBlock<count, false>(hn::CappedTag<float, 4>(), of, stride, frames + f,
                                               features, steps, to + f);
    for (; f < features; ++f)
      ConvolutionGradientBlock<count, false>(hn::CappedTag<float, 1>(), of, stride, frames + f,
                                             features, steps, to + f);
  };
  ForEachBlock<4>(outputs, add);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
