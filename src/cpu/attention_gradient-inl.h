// Attention in training. Scores and probabilities are not kept: the backward pass computes them again,
// from two numbers for each query and head.
#if defined(CASD_CPU_ATTENTION_GRADIENT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_ATTENTION_GRADIENT_INL_H
#undef CASD_CPU_ATTENTION_GRADIENT_INL_H
#else
#define CASD_CPU_ATTENTION_GRADIENT_INL_H
#endif

#include "cpu/attention-inl.h"
#include "cpu/product-inl.h"
#include "cpu/simd-inl.h"
#include "cpu/training_layout.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// 2^(product - shift). kClamp: where it would underflow, a tiny number; else the shift is 0.
template <bool kClamp>
HWY_INLINE Vec Power(Vec product, Vec shift) {
  if (!kClamp) return Exp2(product);
  const Vec least = Broadcast(-126.0f);
  const Vec x = hn::Sub(product, shift);
  return Exp2(hn::IfThenElse(hn::Lt(x, least), least, x));
}

/// The shift of a vector of queries: 0 where attention_bound holds, else the largest of the products
/// [steps, query_block]. Returns whether all are 0.
HWY_INLINE bool QueryShift(const AttentionSizes& sizes, const float* query, float largest_key,
                           const float* products, Vec& shift) {
  const Tag d;
  Vec square = hn::Zero(d);
  for (std::int64_t c = 0; c < sizes.head; ++c) {
    const Vec q = hn::Load(d, query + c * sizes.query_stride);
    square = hn::MulAdd(q, q, square);
  }
  shift = hn::Zero(d);
  const Vec bound = hn::Mul(hn::Sqrt(square), Broadcast(largest_key));
  const auto bounded = hn::Le(bound, Broadcast(attention_bound));  // false for NaN
  if (HWY_LIKELY(hn::AllTrue(d, bounded))) return true;
  Vec largest = Broadcast(-3.4e38f);
  for (std::int64_t j = 0; j < sizes.steps; ++j) {
    const Vec product = hn::Load(d, products + j * query_block);
    largest = hn::IfThenElse(hn::Lt(product, largest), largest, product);
  }
  shift = hn::IfThenZeroElse(bounded, largest);
  return false;
}

/// Replaces products [steps, query_block] of a vector of queries by powers; returns their sum.
template <bool kClamp>
HWY_INLINE Vec TakePowers(std::int64_t steps, Vec shift, float* HWY_RESTRICT products) {
  const Tag d;
  Vec total = hn::Zero(d);
  for (std::int64_t j = 0; j < steps; ++j, products += query_block) {
    const Vec p = Power<kClamp>(hn::Load(d, products), shift);
    total = hn::Add(total, p);
    hn::Store(p, d, products);
  }
  return total;
}

/// rows [rows, stride] times factors [columns].
HWY_INLINE void ScaleRows(std::int64_t rows, std::int64_t stride, std::int64_t columns,
                          const float* factors, float* HWY_RESTRICT values) {
  const Tag d;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t t = 0; t < columns; t += lanes) {
      float* at = values + r * stride + t;
      hn::Store(hn::Mul(hn::Load(d, at), hn::Load(d, factors + t)), d, at);
    }
}

/// One head. query, out: [head, query_stride], the query multiplied by log2(e) / sqrt(head); key,
/// value: [head, key_stride]. shifts, factors: [query_stride] receive what AttentionGradient() needs:
/// a probability is 2^(product - shift) factor. scratch: attention_gradient_scratch().
inline HWY_NOINLINE void TrainingAttention(const AttentionSizes& sizes, const float* query,
                                           const float* key, const float* value, float* out,
                                           float* shifts, float* factors, float* scratch) {
  const Tag d;
  float* products = scratch;  // [steps, query_block]
  const float largest_key = LargestKey(key, sizes.head, sizes.steps, sizes.key_stride);
  for (std::int64_t first = 0; first < sizes.queries; first += query_block) {
    const std::int64_t columns = std::min(query_block, sizes.queries - first);
    Product({key, sizes.steps, sizes.head, 1, sizes.key_stride}, nullptr, Epilogue::none,
            query + first, sizes.query_stride, products, query_block, columns);
    for (std::int64_t t = 0; t < columns; t += lanes) {
      Vec shift;
      const bool bounded = QueryShift(sizes, query + first + t, largest_key, products + t, shift);
      const Vec total = bounded ? TakePowers<false>(sizes.steps, shift, products + t)
                                : TakePowers<true>(sizes.steps, shift, products + t);
      hn::Store(shift, d, shifts + first + t);
      hn::Store(hn::Div(Broadcast(1.0f), total), d, factors + first + t);
    }
    Product({value, sizes.head, sizes.steps, sizes.key_stride, 1}, nullptr, Epilogue::none,
            products, query_block, out + first, sizes.query_stride, columns);
    ScaleRows(sizes.head, sizes.query_stride, columns, factors + first, out + first);
  }
}

/// From products and dp [steps, query_block] of a vector of queries: the probabilities p, and
/// ds = p (dp - mean).
template <bool kClamp>
HWY_INLINE void TakeGradient(std::int64_t steps, Vec shift, Vec factor, Vec mean,
                             float* HWY_RESTRICT products, float* HWY_RESTRICT dp) {
  const Tag d;
  for (std::int64_t j = 0; j < steps; ++j, products += query_block, dp += query_block) {
    const Vec p = hn::Mul(Power<kClamp>(hn::Load(d, products), shift), factor);
    hn::Store(p, d, products);
    hn::Store(hn::Mul(p, hn::Sub(hn::Load(d, dp), mean)), d, dp);
  }
}

/// Gradients of one head. `out`, shifts and factors are results of TrainingAttention(). d_out is 0
/// beyond the last query; the results are 0 beyond the last query and key. d_query: of the query before
/// its multiplication. With the probabilities p and D = sum over channels of out d_out:
///   dv = p d_out, ds = p (v d_out - D), dq = ds k / sqrt(head), dk = ds q / sqrt(head).
inline HWY_NOINLINE void AttentionGradient(const AttentionSizes& sizes, const float* query,
                                           const float* key, const float* value, const float* out,
                                           const float* shifts, const float* factors,
                                           const float* d_out, float* d_query, float* d_key,
                                           float* d_value, float* scratch) {
  constexpr float log_of_2 = 0.69314718f;
  const Tag d;
  const Vec root = Broadcast(1 / std::sqrt(static_cast<float>(sizes.head)));
  float* p = scratch;                         // [steps, query_block]
  float* ds = p + sizes.steps * query_block;  // [steps, query_block]
  for (float* to : {d_key, d_value}) std::fill(to, to + sizes.head * sizes.key_stride, 0.0f);
  for (std::int64_t first = 0; first < sizes.queries; first += query_block) {
    const std::int64_t columns = std::min(query_block, sizes.queries - first);
    Product({key, sizes.steps, sizes.head, 1, sizes.key_stride}, nullptr, Epilogue::none,
            query + first, sizes.query_stride, p, query_block, columns);
    Product({value, sizes.steps, sizes.head, 1, sizes.key_stride}, nullptr, Epilogue::none,
            d_out + first, sizes.query_stride, ds, query_block, columns);
    for (std::int64_t t = 0; t < columns; t += lanes) {
      Vec mean = hn::Zero(d);
      for (std::int64_t c = 0; c < sizes.head; ++c) {
        const std::int64_t at = c * sizes.query_stride + first + t;
        mean = hn::MulAdd(hn::Load(d, out + at), hn::Load(d, d_out + at), mean);
      }
      const Vec shift = hn::Load(d, shifts + first + t);
      const Vec factor = hn::Load(d, factors + first + t);
      if (HWY_LIKELY(hn::AllTrue(d, hn::Eq(shift, hn::Zero(d)))))
        TakeGradient<false>(sizes.steps, shift, factor, mean, p + t, ds + t);
      else
        TakeGradient<true>(sizes.steps, shift, factor, mean, p + t, ds + t);
    }
    Product({key, sizes.head, sizes.steps, sizes.key_stride, 1}, nullptr, Epilogue::none, ds,
            query_block, d_query + first, sizes.query_stride, columns);
    AddRowProducts(query + first, sizes.query_stride, sizes.head, ds, query_block, sizes.steps,
                   columns, d_key, sizes.key_stride);
    AddRowProducts(d_out + first, sizes.query_stride, sizes.head, p, query_block, sizes.steps,
                   columns, d_value, sizes.key_stride);
  }
  const auto scale = [&](float* values, std::int64_t count, Vec factor) HWY_ATTR {
    for (std::int64_t at = 0; at < count; at += lanes)
      hn::Store(hn::Mul(hn::Load(d, values + at), factor), d, values + at);
  };
  scale(d_query, sizes.head * sizes.query_stride, root);
  // The query holds the factor log2(e) / sqrt(head).
  scale(d_key, sizes.head * sizes.key_stride, Broadcast(log_of_2));
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
