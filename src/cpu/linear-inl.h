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

/// How many floats before their use weights are asked for: about a layer.
constexpr std::int64_t weights_ahead = 16384;

/// What all blocks of a call have in common.
struct LinearCall {
  std::int64_t inputs, stride;
  Epilogue epilogue;
  bool prefetch;
};

/// kGroups blocks of kRows outputs, kVectors vectors of frames. The sums stay in registers.
template <int kRows, int kGroups, int kVectors>
HWY_INLINE void LinearBlock(const LinearCall& call, const float* HWY_RESTRICT weight,
                            const float* HWY_RESTRICT bias, const float* HWY_RESTRICT x,
                            float* HWY_RESTRICT y) {
  const Tag d;
  constexpr int outputs = kRows * kGroups;
  const std::int64_t stride = call.stride;
  Vec sum[outputs][kVectors];
  CASD_UNROLL for (int o = 0; o < outputs; ++o) {
    const Vec start = Broadcast(bias[o]);
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[o][v] = start;
  }
  const std::int64_t group_stride = kRows * call.inputs;
  for (std::int64_t i = 0; i < call.inputs; ++i, x += stride, weight += kRows) {
    // The fewer of the two stay in registers.
    if constexpr (outputs < kVectors) {
      Vec w[outputs];
      CASD_UNROLL for (int o = 0; o < outputs; ++o) w[o] =
          Broadcast(weight[o / kRows * group_stride + o % kRows]);
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
        const Vec in = hn::Load(d, x + v * lanes);
        CASD_UNROLL for (int o = 0; o < outputs; ++o) sum[o][v] = hn::MulAdd(w[o], in, sum[o][v]);
      }
    } else {
      Vec in[kVectors];
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) in[v] = hn::Load(d, x + v * lanes);
      CASD_UNROLL for (int o = 0; o < outputs; ++o) {
        const Vec w = Broadcast(weight[o / kRows * group_stride + o % kRows]);
        CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[o][v] = hn::MulAdd(w, in[v], sum[o][v]);
      }
    }
  }
  CASD_UNROLL for (int o = 0; o < outputs; ++o) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v)
        StoreSum(call.epilogue, sum[o][v], y + o * stride + v * lanes);
  }
}

/// `blocks` blocks of kRows outputs over kVectors vectors, kGroups blocks at once.
template <int kRows, int kGroups, int kVectors>
HWY_INLINE void LinearTile(const LinearCall& call, const float* weight, const float* bias,
                           std::int64_t blocks, const float* x, float* y) {
  const std::int64_t size = kRows * call.inputs;
  std::int64_t b = 0;
  for (; b + kGroups <= blocks; b += kGroups) {
    if (call.prefetch) Prefetch(weight + b * size, kGroups * size, weights_ahead);
    LinearBlock<kRows, kGroups, kVectors>(call, weight + b * size, bias + b * kRows, x,
                                          y + b * kRows * call.stride);
  }
  if (kGroups > 1)
    for (; b < blocks; ++b)
      LinearBlock<kRows, 1, kVectors>(call, weight + b * size, bias + b * kRows, x,
                                      y + b * kRows * call.stride);
}

/// All vectors of `blocks` blocks, in tiles of nearly equal size of at most kMost vectors.
template <int kRows, int kMost>
HWY_INLINE void LinearBlocks(const LinearCall& call, const float* weight, const float* bias,
                             std::int64_t blocks, const float* x, float* y, std::int64_t columns) {
  // Enough sums to hide the latency of a multiplication: about 10.
  constexpr bool few = kRows < output_block || lanes == 1;
  constexpr int groups1 = few ? 1 : 4, groups2 = few ? 1 : 2;
  std::int64_t left = VectorCount(columns);
  for (std::int64_t tiles = (left + kMost - 1) / kMost; tiles > 0; --tiles) {
    const std::int64_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1:
        LinearTile<kRows, groups1, 1>(call, weight, bias, blocks, x, y);
        break;
      case 2:
        LinearTile<kRows, groups2, 2>(call, weight, bias, blocks, x, y);
        break;
      case 3:
        LinearTile<kRows, 1, 3>(call, weight, bias, blocks, x, y);
        break;
      case 4:
        LinearTile<kRows, 1, 4>(call, weight, bias, blocks, x, y);
        break;
      case 5:
        if constexpr (kMost >= 5) LinearTile<kRows, 1, 5>(call, weight, bias, blocks, x, y);
        break;
      case 6:
        if constexpr (kMost >= 6) LinearTile<kRows, 1, 6>(call, weight, bias, blocks, x, y);
        break;
      default:
        if constexpr (kMost >= 7) LinearTile<kRows, 1, 7>(call, weight, bias, blocks, x, y);
        break;
    }
    x += vectors * lanes;
    y += vectors * lanes;
    left -= vectors;
  }
}

/// x [inputs, stride], y [outputs, stride]; x and y must not overlap. prefetch: asks for what follows
/// these weights in memory, which is needed next (EncoderWeights).
inline HWY_NOINLINE void Linear(const LinearWeights& map, Epilogue epilogue, const float* x,
                                float* y, std::int64_t columns, std::int64_t stride,
                                bool prefetch) {
  constexpr int most = registers == 32 ? 7 : 4;
  constexpr int most_of_rest = lanes == 1 ? most : registers == 32 ? 7 : 6;
  const LinearCall call{map.inputs, stride, epilogue, prefetch};
  const std::int64_t blocks = map.outputs / output_block, done = blocks * output_block;
  LinearBlocks<output_block, most>(call, map.weight, map.bias, blocks, x, y, columns);
  const float *weight = map.weight + done * map.inputs, *bias = map.bias + done;
  y += done * stride;
  if (map.outputs - done == 1)
    LinearBlocks<1, lanes == 1 ? most : 7>(call, weight, bias, 1, x, y, columns);
  else if (map.outputs - done == 2)
    LinearBlocks<2, most_of_rest>(call, weight, bias, 1, x, y, columns);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
