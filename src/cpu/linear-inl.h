// Linear maps: y = W x + b for all frames.
#if defined(CASD_CPU_LINEAR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_LINEAR_INL_H
#undef CASD_CPU_LINEAR_INL_H
#else
#define CASD_CPU_LINEAR_INL_H
#endif

#include "cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// kGroups blocks of kRows outputs, kVectors vectors of frames. The sums stay in registers.
/// `group_stride`: floats between the weights of two blocks.
template <Epilogue kEpilogue, int kRows, int kGroups, int kVectors>
HWY_INLINE void LinearBlock(const float* HWY_RESTRICT weight, std::int64_t group_stride,
                            const float* HWY_RESTRICT bias, std::int64_t inputs,
                            const float* HWY_RESTRICT x, float* HWY_RESTRICT y,
                            std::int64_t stride) {
  const Tag d;
  constexpr int outputs = kRows * kGroups;
  Vec sum[outputs][kVectors];
  CASD_UNROLL for (int o = 0; o < outputs; ++o) {
    const Vec start = Broadcast(bias[o]);
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[o][v] = start;
  }
  for (std::int64_t i = 0; i < inputs; ++i, x += stride, weight += kRows) {
    Vec in[kVectors];
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) in[v] = hn::Load(d, x + v * lanes);
    CASD_UNROLL for (int g = 0; g < kGroups; ++g) {
      CASD_UNROLL for (int r = 0; r < kRows; ++r) {
        const Vec w = Broadcast(weight[g * group_stride + r]);
        CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[g * kRows + r][v] =
            hn::MulAdd(w, in[v], sum[g * kRows + r][v]);
      }
    }
  }
  CASD_UNROLL for (int o = 0; o < outputs; ++o) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
      float* out = y + o * stride + v * lanes;
      Vec result = sum[o][v];
      if (kEpilogue == Epilogue::add) result = hn::Add(result, hn::Load(d, out));
      // Keeps NaN: a comparison with NaN is false.
      if (kEpilogue == Epilogue::relu)
        result = hn::IfThenZeroElse(hn::Lt(result, hn::Zero(d)), result);
      hn::Store(result, d, out);
    }
  }
}

/// `blocks` blocks of kRows outputs over kVectors vectors, kGroups blocks at once.
template <Epilogue kEpilogue, int kRows, int kGroups, int kVectors>
HWY_INLINE void LinearTile(const float* weight, const float* bias, std::int64_t blocks,
                           std::int64_t inputs, const float* x, float* y, std::int64_t stride) {
  const std::int64_t group_stride = kRows * inputs;
  std::int64_t b = 0;
  for (; b + kGroups <= blocks; b += kGroups)
    LinearBlock<kEpilogue, kRows, kGroups, kVectors>(weight + b * group_stride, group_stride,
                                                     bias + b * kRows, inputs, x,
                                                     y + b * kRows * stride, stride);
  if (kGroups > 1)
    for (; b < blocks; ++b)
      LinearBlock<kEpilogue, kRows, 1, kVectors>(weight + b * group_stride, group_stride,
                                                 bias + b * kRows, inputs, x,
                                                 y + b * kRows * stride, stride);
}

/// All vectors of `blocks` blocks, in tiles of nearly equal size of at most kMost vectors.
template <Epilogue kEpilogue, int kRows, int kMost>
HWY_INLINE void LinearBlocks(const float* weight, const float* bias, std::int64_t blocks,
                             std::int64_t inputs, const float* x, float* y, std::int64_t columns,
                             std::int64_t stride) {
  std::int64_t left = VectorCount(columns);
  // Enough sums to hide the latency of a multiplication: about 10.
  constexpr int groups1 = kRows == output_block ? 4 : 1, groups2 = kRows == output_block ? 2 : 1;
  for (std::int64_t tiles = (left + kMost - 1) / kMost; tiles > 0; --tiles) {
    const std::int64_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1:
        LinearTile<kEpilogue, kRows, groups1, 1>(weight, bias, blocks, inputs, x, y, stride);
        break;
      case 2:
        LinearTile<kEpilogue, kRows, groups2, 2>(weight, bias, blocks, inputs, x, y, stride);
        break;
      case 3:
        LinearTile<kEpilogue, kRows, 1, 3>(weight, bias, blocks, inputs, x, y, stride);
        break;
      case 4:
        LinearTile<kEpilogue, kRows, 1, 4>(weight, bias, blocks, inputs, x, y, stride);
        break;
      case 5:
        if constexpr (kMost >= 5)
          LinearTile<kEpilogue, kRows, 1, 5>(weight, bias, blocks, inputs, x, y, stride);
        break;
      case 6:
        if constexpr (kMost >= 6)
          LinearTile<kEpilogue, kRows, 1, 6>(weight, bias, blocks, inputs, x, y, stride);
        break;
      default:
        if constexpr (kMost >= 7)
          LinearTile<kEpilogue, kRows, 1, 7>(weight, bias, blocks, inputs, x, y, stride);
        break;
    }
    x += vectors * lanes;
    y += vectors * lanes;
    left -= vectors;
  }
}

template <Epilogue kEpilogue>
HWY_INLINE void LinearWith(const LinearWeights& map, const float* x, float* y, std::int64_t columns,
                           std::int64_t stride) {
  const std::int64_t blocks = map.outputs / output_block, done = blocks * output_block;
  constexpr int most = registers == 32 ? 7 : 4;
  LinearBlocks<kEpilogue, output_block, most>(map.weight, map.bias, blocks, map.inputs, x, y,
                                              columns, stride);
  const float* weight = map.weight + done * map.inputs;
  if (map.outputs - done == 1)
    LinearBlocks<kEpilogue, 1, 7>(weight, map.bias + done, 1, map.inputs, x, y + done * stride,
                                  columns, stride);
  else if (map.outputs - done == 2)
    LinearBlocks<kEpilogue, 2, registers == 32 ? 7 : 6>(weight, map.bias + done, 1, map.inputs, x,
                                                        y + done * stride, columns, stride);
}

/// x [inputs, stride], y [outputs, stride]; x and y must not overlap.
inline void Linear(const LinearWeights& map, Epilogue epilogue, const float* x, float* y,
                   std::int64_t columns, std::int64_t stride) {
  switch (epilogue) {
    case Epilogue::none:
      return LinearWith<Epilogue::none>(map, x, y, columns, stride);
    case Epilogue::relu:
      return LinearWith<Epilogue::relu>(map, x, y, columns, stride);
    case Epilogue::add:
      return LinearWith<Epilogue::add>(map, x, y, columns, stride);
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
