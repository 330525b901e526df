// Attention in training. Scores and probabilities are not kept: the backward pass computes them again,
// from two numbers for each query and head.
#if defined(CASD_CPU_ATTENTION_GRADIENT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_ATTENTION_GRADIENT_INL_H
#undef CASD_CPU_ATTENTION_GRADIENT_INL_H
#else
#define CASD_CPU_ATTENTION_GRADIENT_INL_H
#endif

#include "cpu/product-inl.h"
#include "cpu/simd-inl.h"
#include "cpu/training_layout.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

constexpr float log2_of_e = 1.44269504f;

/// 2^(score - shift), flushed to a tiny number where it would underflow.
HWY_INLINE Vec Probability(Vec score, Vec shift) {
  const Vec least = Broadcast(-126.0f);
  const Vec x = hn::Sub(score, shift);
  return Exp2(hn::IfThenElse(hn::Lt(x, least), least, x));
}

/// Scores of the queries of a block with all keys: [steps, query_block]. Queries are multiplied by
/// `scale`; scaled: [size, query_block].
HWY_INLINE void BlockScores(const AttentionSizes& sizes, const float* query, const float* key,
                            float scale, std::int64_t columns, float* scaled, float* scores) {
  const Tag d;
  for (std::int64_t c = 0; c < sizes.head; ++c)
    for (std::int64_t t = 0; t < columns; t += lanes)
      hn::Store(hn::Mul(hn::Load(d, query + c * sizes.query_stride + t), Broadcast(scale)), d,
                scaled + c * query_block + t);
  Product({key, sizes.steps, sizes.head, 1, sizes.key_stride}, nullptr, Epilogue::none, scaled,
          query_block, scores, query_block, columns);
}

/// For one head. query, out: [head, query_stride]; key, value: [head, key_stride]. shift, factor:
/// [query_stride] receive what AttentionGradient() needs: the largest score (base 2) and 1 / sum.
/// scratch: attention_scratch().
inline void TrainingAttention(const AttentionSizes& sizes, const float* query, const float* key,
                              const float* value, float* out, float* shift, float* factor,
                              float* scratch) {
  const Tag d;
  float* scaled = scratch;
  float* scores = scaled + sizes.head * query_block;
  const float scale = log2_of_e / std::sqrt(static_cast<float>(sizes.head));
  for (std::int64_t first = 0; first < sizes.queries; first += query_block) {
    const std::int64_t columns = std::min(query_block, sizes.queries - first);
    BlockScores(sizes, query + first, key, scale, columns, scaled, scores);
    for (std::int64_t t = 0; t < columns; t += lanes) {
      Vec largest = hn::Load(d, scores + t);
      for (std::int64_t j = 1; j < sizes.steps; ++j) {
        const Vec score = hn::Load(d, scores + j * query_block + t);
        largest = hn::IfThenElse(hn::Lt(score, largest), largest, score);
      }
      Vec total = hn::Zero(d);
      for (std::int64_t j = 0; j < sizes.steps; ++j) {
        float* at = scores + j * query_block + t;
        const Vec p = Probability(hn::Load(d, at), largest);
        total = hn::Add(total, p);
        hn::Store(p, d, at);
      }
      hn::Store(largest, d, shift + first + t);
      hn::Store(hn::Div(Broadcast(1.0f), total), d, factor + first + t);
    }
    Product({value, sizes.head, sizes.steps, sizes.key_stride, 1}, nullptr, Epilogue::none, scores,
            query_block, out + first, sizes.query_stride, columns);
    for (std::int64_t c = 0; c < sizes.head; ++c)
      for (std::int64_t t = first; t < first + columns; t += lanes) {
        float* at = out + c * sizes.query_stride + t;
        hn::Store(hn::Mul(hn::Load(d, at), hn::Load(d, factor + t)), d, at);
      }
  }
}

/// Gradients for one head: of queries (written), keys and values (added to). `out` is the result of
/// TrainingAttention(), d_out its gradient, which is 0 beyond the last query; the gradients stay 0
/// beyond the last query and key. With the probabilities p and D = sum over channels of out d_out:
///   dv = p d_out, ds = p (v d_out - D), dq = ds k / sqrt(head), dk = ds q / sqrt(head).
inline void AttentionGradient(const AttentionSizes& sizes, const float* query, const float* key,
                              const float* value, const float* out, const float* shift,
                              const float* factor, const float* d_out, float* d_query, float* d_key,
                              float* d_value, float* scratch) {
  const Tag d;
  float* scaled = scratch;
  float* p = scaled + sizes.head * query_block;  // [steps, query_block]
  float* ds = p + sizes.steps * query_block;     // [steps, query_block]
  const float root = 1 / std::sqrt(static_cast<float>(sizes.head));
  for (std::int64_t first = 0; first < sizes.queries; first += query_block) {
    const std::int64_t columns = std::min(query_block, sizes.queries - first);
    BlockScores(sizes, query + first, key, log2_of_e * root, columns, scaled, p);
    Product({value, sizes.steps, sizes.head, 1, sizes.key_stride}, nullptr, Epilogue::none,
            d_out + first, sizes.query_stride, ds, query_block, columns);
    for (std::int64_t t = 0; t < columns; t += lanes) {
      const Vec of_shift = hn::Load(d, shift + first + t);
      const Vec of_factor = hn::Load(d, factor + first + t);
      Vec sum = hn::Zero(d);
      for (std::int64_t c = 0; c < sizes.head; ++c)
        sum = hn::MulAdd(hn::Load(d, out + c * sizes.query_stride + first + t),
                         hn::Load(d, d_out + c * sizes.query_stride + first + t), sum);
      for (std::int64_t j = 0; j < sizes.steps; ++j) {
        const std::int64_t at = j * query_block + t;
        const Vec probability = hn::Mul(Probability(hn::Load(d, p + at), of_shift), of_factor);
        hn::Store(probability, d, p + at);
        hn::Store(
            hn::Mul(hn::Mul(probability, Broadcast(root)), hn::Sub(hn::Load(d, ds + at), sum)), d,
            ds + at);
      }
    }
    Product({key, sizes.head, sizes.steps, sizes.key_stride, 1}, nullptr, Epilogue::none, ds,
            query_block, d_query + first, sizes.query_stride, columns);
    AddRowProducts(query + first, sizes.query_stride, sizes.head, ds, query_block, sizes.steps,
                   columns, d_key, sizes.key_stride);
    AddRowProducts(d_out + first, sizes.query_stride, sizes.head, p, query_block, sizes.steps,
                   columns, d_value, sizes.key_stride);
  }
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
