// Attention of every frame over all frames, for each head.
#if defined(CASD_CPU_ATTENTION_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_ATTENTION_INL_H
#undef CASD_CPU_ATTENTION_INL_H
#else
#define CASD_CPU_ATTENTION_INL_H
#endif

#include "cpu/simd-inl.h"

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Products up to this size go into Exp2() as they are: no sum of their powers overflows, and none
/// of the powers underflows.
constexpr float attention_bound = 60;

/// The largest Euclidean norm of a key.
HWY_INLINE float LargestKey(const float* HWY_RESTRICT key, std::int64_t size, std::int64_t steps,
                            std::int64_t stride) {
  const Tag d;
  Vec largest = hn::Zero(d);
  for (std::int64_t t = 0; t < steps; t += lanes) {
    Vec square = hn::Zero(d);
    for (std::int64_t c = 0; c < size; ++c) {
      const Vec k = hn::LoadU(d, key + c * stride + t);
      square = hn::MulAdd(k, k, square);
    }
    if (t + lanes > steps)
      square = hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(steps - t)), square);
    // A NaN may get lost here: its products are NaN with any shift.
    largest = hn::IfThenElse(hn::Lt(square, largest), largest, square);
  }
  HWY_ALIGN float all[lanes];
  hn::Store(largest, d, all);
  float out = 0;
  for (int l = 0; l < lanes; ++l) out = all[l] < out ? out : all[l];
  return std::sqrt(out);
}

/// Sums that are kept in registers while the kernels below run over keys or channels.
constexpr int attention_sums = registers == 32 ? 24 : 12;

/// products[j][v] = shift[v] + key[j] . query[v] for kKeys keys.
template <int kKeys, int kVectors>
HWY_INLINE void ProductBlock(const float* HWY_RESTRICT query, const float* HWY_RESTRICT key,
                             std::int64_t size, std::int64_t stride, float* HWY_RESTRICT products) {
  const Tag d;
  Vec sum[kKeys][kVectors];
  CASD_UNROLL for (int j = 0; j < kKeys; ++j) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[j][v] = hn::Zero(d);
  }
  for (std::int64_t c = 0; c < size; ++c, query += stride, key += stride) {
    Vec q[kVectors];
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) q[v] = hn::LoadU(d, query + v * lanes);
    CASD_UNROLL for (int j = 0; j < kKeys; ++j) {
      const Vec k = Broadcast(key[j]);
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[j][v] = hn::MulAdd(k, q[v], sum[j][v]);
    }
  }
  CASD_UNROLL for (int j = 0; j < kKeys; ++j) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v)
        hn::Store(sum[j][v], d, products + (j * kVectors + v) * lanes);
  }
}

/// Replaces products [steps, kVectors] by 2^(product - shift) and sums them over the keys. The shift is 0
/// where the Cauchy-Schwarz inequality bounds the products by attention_bound, else the largest product:
/// for each query it depends on this query and the keys only.
template <int kVectors>
HWY_INLINE void Powers(const float* HWY_RESTRICT query, std::int64_t size, std::int64_t steps,
                       std::int64_t stride, float largest_key, float* HWY_RESTRICT products,
                       Vec* HWY_RESTRICT total) {
  const Tag d;
  Vec shift[kVectors];
  bool shifted = false;
  CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
    Vec square = hn::Zero(d);
    for (std::int64_t c = 0; c < size; ++c) {
      const Vec q = hn::LoadU(d, query + c * stride + v * lanes);
      square = hn::MulAdd(q, q, square);
    }
    total[v] = shift[v] = hn::Zero(d);
    const Vec bound = hn::Mul(hn::Sqrt(square), Broadcast(largest_key));
    const auto bounded = hn::Le(bound, Broadcast(attention_bound));  // false for NaN
    if (HWY_LIKELY(hn::AllTrue(d, bounded))) continue;
    shifted = true;
    Vec largest = Broadcast(-3.4e38f);
    for (std::int64_t j = 0; j < steps; ++j) {
      const Vec product = hn::Load(d, products + (j * kVectors + v) * lanes);
      largest = hn::IfThenElse(hn::Lt(product, largest), largest, product);
    }
    shift[v] = hn::IfThenZeroElse(bounded, largest);
  }
  if (HWY_UNLIKELY(shifted)) {
    const Vec least = Broadcast(-126.0f);
    for (std::int64_t j = 0; j < steps; ++j) {
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
        float* at = products + (j * kVectors + v) * lanes;
        const Vec product = hn::Sub(hn::Load(d, at), shift[v]);
        hn::Store(hn::IfThenElse(hn::Lt(product, least), least, product), d, at);
      }
    }
  }
  for (std::int64_t j = 0; j < steps; ++j) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) {
      float* at = products + (j * kVectors + v) * lanes;
      const Vec power = Exp2(hn::Load(d, at));
      hn::Store(power, d, at);
      total[v] = hn::Add(total[v], power);
    }
  }
}

/// out[c][v] = scale[v] * sum over j of value[c][j] * power[j][v] for kChannels channels.
template <int kChannels, int kVectors>
HWY_INLINE void ValueBlock(const float* HWY_RESTRICT value, const float* HWY_RESTRICT powers,
                           const Vec* HWY_RESTRICT scale, std::int64_t steps, std::int64_t stride,
                           float* HWY_RESTRICT out) {
  const Tag d;
  Vec sum[kChannels][kVectors];
  CASD_UNROLL for (int c = 0; c < kChannels; ++c) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::Zero(d);
  }
  for (std::int64_t j = 0; j < steps; ++j, powers += kVectors * lanes) {
    Vec p[kVectors];
    CASD_UNROLL for (int v = 0; v < kVectors; ++v) p[v] = hn::Load(d, powers + v * lanes);
    CASD_UNROLL for (int c = 0; c < kChannels; ++c) {
      const Vec w = Broadcast(value[c * stride + j]);
      CASD_UNROLL for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::MulAdd(w, p[v], sum[c][v]);
    }
  }
  CASD_UNROLL for (int c = 0; c < kChannels; ++c) {
    CASD_UNROLL for (int v = 0; v < kVectors; ++v)
        hn::StoreU(hn::Mul(sum[c][v], scale[v]), d, out + c * stride + v * lanes);
  }
}

/// One head, kVectors vectors of queries. scratch: [steps, kVectors * lanes].
template <int kVectors>
HWY_INLINE void AttentionTile(const float* HWY_RESTRICT query, const float* HWY_RESTRICT key,
                              const float* HWY_RESTRICT value, std::int64_t size,
                              std::int64_t steps, std::int64_t stride, float largest_key,
                              float* HWY_RESTRICT scratch, float* HWY_RESTRICT out) {
  constexpr int keys = attention_sums / kVectors;
  std::int64_t j = 0;
  for (; j + keys <= steps; j += keys)
    ProductBlock<keys, kVectors>(query, key + j, size, stride, scratch + j * kVectors * lanes);
  for (; j < steps; ++j)
    ProductBlock<1, kVectors>(query, key + j, size, stride, scratch + j * kVectors * lanes);

  Vec scale[kVectors];
  Powers<kVectors>(query, size, steps, stride, largest_key, scratch, scale);
  CASD_UNROLL for (int v = 0; v < kVectors; ++v) scale[v] = hn::Div(Broadcast(1.0f), scale[v]);

  constexpr int channels = attention_sums / kVectors > 4 ? 4 : attention_sums / kVectors;
  std::int64_t c = 0;
  for (; c + channels <= size; c += channels)
    ValueBlock<channels, kVectors>(value + c * stride, scratch, scale, steps, stride,
                                   out + c * stride);
  for (; c + 2 <= size; c += 2)
    ValueBlock<2, kVectors>(value + c * stride, scratch, scale, steps, stride, out + c * stride);
  if (c < size)
    ValueBlock<1, kVectors>(value + c * stride, scratch, scale, steps, stride, out + c * stride);
}

/// Vectors of queries of a tile.
constexpr std::int64_t attention_vectors = registers == 32 ? 4 : 3;
static_assert(attention_vectors * lanes <= attention_columns, "size of the scratch memory");

/// Self-attention. query, key, value, out: [heads * size, stride], which need not begin at a vector: `out` is
/// written up to padded(steps). The query must already be multiplied by log2(e) / sqrt(size). scratch:
/// [steps, attention_columns].
inline HWY_NOINLINE void Attention(const float* query, const float* key, const float* value,
                                   std::int64_t heads, std::int64_t size, std::int64_t steps,
                                   std::int64_t stride, float* scratch, float* out) {
  for (std::int64_t h = 0; h < heads; ++h) {
    const std::int64_t first = h * size * stride;
    const float *q = query + first, *k = key + first, *v = value + first;
    float* o = out + first;
    const float largest = LargestKey(k, size, steps, stride);
    std::int64_t left = VectorCount(steps);
    for (std::int64_t tiles = (left + attention_vectors - 1) / attention_vectors; tiles > 0;
         --tiles) {
      const std::int64_t vectors = (left + tiles - 1) / tiles;
      switch (vectors) {
        case 1:
          AttentionTile<1>(q, k, v, size, steps, stride, largest, scratch, o);
          break;
        case 2:
          AttentionTile<2>(q, k, v, size, steps, stride, largest, scratch, o);
          break;
        case 3:
          AttentionTile<3>(q, k, v, size, steps, stride, largest, scratch, o);
          break;
        default:
          if constexpr (attention_vectors >= 4)
            AttentionTile<4>(q, k, v, size, steps, stride, largest, scratch, o);
      }
      q += vectors * lanes;
      o += vectors * lanes;
      left -= vectors;
    }
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
