// Forward and backward pass of the encoder of one modality of one sample (docs/method.md 2). The twin
// of src/torch/network.cpp.
#if defined(CASD_CPU_TRAINING_ENCODER_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_TRAINING_ENCODER_INL_H
#undef CASD_CPU_TRAINING_ENCODER_INL_H
#else
#define CASD_CPU_TRAINING_ENCODER_INL_H
#endif

#include "cpu/attention_gradient-inl.h"
#include "cpu/convolution_gradient-inl.h"
#include "cpu/dropout-inl.h"
#include "cpu/layer_norm-inl.h"
#include "cpu/layer_norm_gradient-inl.h"
#include "cpu/product-inl.h"
#include "cpu/training_tape.h"
#include "cpu/weight_gradient-inl.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Activations [channels, stride] of which `columns` are frames; column 0 is time step `first`.
struct Extent {
  std::int64_t columns, stride, first;
};

/// The two passes through one modality's encoder.
class EncoderRun {
 public:
  explicit EncoderRun(const EncoderPass& pass)
      : p_(pass),
        places_(*pass.places),
        tape_(*pass.tape),
        s_(*pass.scratch),
        d_(pass.options->hidden),
        f_(pass.options->feed_forward),
        features_(pass.places->mean.size),
        last_(pools_last(*pass.options)),
        all_{tape_.steps, tape_.stride, 0},
        one_{1, column_block, 0} {}

  /// raw: [4 hidden] receives the outputs of the evidence head's linear map.
  void Forward(float* raw) const;
  /// raw_gradient: [4 hidden]. Adds to gradient, which is laid out as the parameters.
  void Backward(const float* raw_gradient, float* gradient) const;

 private:
  const float* At(const TensorPlace& place) const { return p_.parameters + place.learned_offset; }
  static float* At(const TensorPlace& place, float* gradient) {
    return gradient + place.learned_offset;
  }
  Extent QueryExtent(const LayerTape& layer) const {
    return {layer.queries, layer.query_stride, all_.columns - layer.queries};
  }
  /// Frames that the final norm sees.
  Extent OutputExtent() const {
    return tape_.layers.empty() || !last_ ? all_ : QueryExtent(tape_.layers.back());
  }

  void LinearForward(const LinearPlaces& map, std::int64_t outputs, std::int64_t inputs,
                     Epilogue epilogue, const float* x, float* y, const Extent& e) const {
    Product({At(map.weight), outputs, inputs, inputs, 1}, At(map.bias), epilogue, x, e.stride, y,
            e.stride, e.columns);
  }
  /// dx = W' dy, or added to dx.
  void LinearBackward(const LinearPlaces& map, std::int64_t outputs, std::int64_t inputs,
                      Epilogue epilogue, const float* dy, float* dx, const Extent& e) const {
    Product({At(map.weight), inputs, outputs, 1, inputs}, nullptr, epilogue, dy, e.stride, dx,
            e.stride, e.columns);
  }
  /// turned: the map's input, transposed.
  void LinearGradient(const LinearPlaces& map, std::int64_t outputs, std::int64_t inputs,
                      const float* dy, const float* turned, const Extent& e,
                      float* gradient) const {
    AddWeightGradient(dy, e.stride, outputs, turned, padded(inputs), inputs, e.columns,
                      At(map.weight, gradient));
    AddBiasGradient(dy, e.stride, outputs, e.columns, At(map.bias, gradient));
  }
  /// y (+)= dropout(x); the mask is kept.
  void Drop(std::uint32_t place, float* mask, const float* x, bool add, float* y,
            const Extent& e) const {
    Dropout(p_.dropout.stream(place), p_.dropout.rate, e.first, x, add, y, d_, e.columns, e.stride,
            reinterpret_cast<std::uint8_t*>(mask));
  }
  /// The gradient of Drop().
  void DropAgain(const float* mask, const float* dy, float* dx, const Extent& e) const {
    DropoutAgain(reinterpret_cast<const std::uint8_t*>(mask), p_.dropout.rate, dy, dx, d_,
                 e.columns, e.stride);
  }
  /// Column `from` of x to column `to` of y, the rest of y unchanged.
  void CopyColumn(const float* x, std::int64_t x_stride, std::int64_t from, float* y,
                  std::int64_t y_stride, std::int64_t to, bool add = false) const {
    for (std::int64_t c = 0; c < d_; ++c) {
      float& out = y[c * y_stride + to];
      out = x[c * x_stride + from] + (add ? out : 0);
    }
  }
  void Clear(float* x, std::int64_t count) const { std::fill(x, x + count, 0.0f); }

  void Embed(float* out) const;
  void LayerForward(std::size_t l, float* out) const;
  void LayerBackward(std::size_t l, float*& dh, float*& other, float* gradient) const;
  void FeedForwardBackward(std::size_t l, float* dh, float* gradient) const;
  void AttentionBackward(std::size_t l, const float* d_attended, float* dq, float* dk,
                         float* dv) const;

  const EncoderPass& p_;
  const ModalityPlaces& places_;
  const EncoderTape& tape_;
  const EncoderScratch& s_;
  std::int64_t d_, f_, features_;
  bool last_;
  Extent all_, one_;
};

inline void EncoderRun::Embed(float* out) const {
  const Tag d;
  TurnFrames(p_.frames, all_.columns, features_, s_.frames);
  TrainingConvolution(At(places_.convolution.weight), At(places_.convolution.bias), d_, features_,
                      s_.frames, all_.columns, s_.narrow0, all_.stride);
  const Vec root = Broadcast(std::sqrt(static_cast<float>(d_)));
  for (std::int64_t c = 0; c < d_; ++c)
    for (std::int64_t t = 0; t < all_.columns; t += lanes) {
      const std::int64_t at = c * all_.stride + t;
      hn::Store(hn::MulAdd(hn::Load(d, s_.narrow0 + at), root,
                           hn::Load(d, p_.position + c * p_.position_stride + t)),
                d, s_.narrow0 + at);
    }
  if (p_.dropout.rate > 0)
    Drop(dropout_embedding, tape_.embedding_mask, s_.narrow0, false, out, all_);
  else
    std::copy_n(s_.narrow0, d_ * all_.stride, out);
}

inline void EncoderRun::LayerForward(std::size_t l, float* out) const {
  const LayerTape& t = tape_.layers[l];
  const EncoderLayerPlaces& w = places_.layers[l];
  const Extent queries = QueryExtent(t);
  const bool only_last = queries.columns != all_.columns || queries.stride != all_.stride;

  float* normed = s_.narrow0;
  LayerNorm(t.input, d_, At(w.attention_norm.weight), At(w.attention_norm.bias), normed, t.means,
            t.scales, all_.columns, all_.stride);
  LinearForward(w.key, d_, d_, Epilogue::none, normed, t.key, all_);
  LinearForward(w.value, d_, d_, Epilogue::none, normed, t.value, all_);
  const float* asked = normed;
  if (only_last) {
    Clear(s_.column0, d_ * column_block);
    CopyColumn(normed, all_.stride, all_.columns - 1, s_.column0, column_block, 0);
    asked = s_.column0;
  }
  LinearForward(w.query, d_, d_, Epilogue::none, asked, t.query, queries);
  const std::int64_t head = d_ / p_.options->heads;
  const Tag d;
  const Vec scale = Broadcast(1.44269504f / std::sqrt(static_cast<float>(head)));  // log2(e)
  for (std::int64_t at = 0; at < d_ * queries.stride; at += lanes)
    hn::Store(hn::Mul(hn::Load(d, t.query + at), scale), d, t.query + at);
  const AttentionSizes sizes{all_.columns, queries.columns, head, queries.stride, all_.stride};
  for (std::int64_t h = 0; h < p_.options->heads; ++h) {
    const std::int64_t q = h * head * queries.stride, k = h * head * all_.stride;
    TrainingAttention(sizes, t.query + q, t.key + k, t.value + k, t.attended + q,
                      t.shift + h * queries.stride, t.factor + h * queries.stride, s_.attention);
  }
  if (only_last) {
    Clear(t.middle, d_ * queries.stride);
    CopyColumn(t.input, all_.stride, all_.columns - 1, t.middle, queries.stride, 0);
  } else {
    std::copy_n(t.input, d_ * all_.stride, t.middle);
  }
  if (p_.dropout.rate > 0) {
    LinearForward(w.output, d_, d_, Epilogue::none, t.attended, normed, queries);
    Drop(dropout_attention(l), t.attention_mask, normed, true, t.middle, queries);
  } else {
    LinearForward(w.output, d_, d_, Epilogue::add, t.attended, t.middle, queries);
  }

  LayerNorm(t.middle, d_, At(w.feed_forward_norm.weight), At(w.feed_forward_norm.bias), normed,
            t.middle_means, t.middle_scales, queries.columns, queries.stride);
  LinearForward(w.expand, f_, d_, Epilogue::relu, normed, t.expanded, queries);
  std::copy_n(t.middle, d_ * queries.stride, out);
  if (p_.dropout.rate > 0) {
    LinearForward(w.contract, d_, f_, Epilogue::none, t.expanded, normed, queries);
    Drop(dropout_feed_forward(l), t.feed_forward_mask, normed, true, out, queries);
  } else {
    LinearForward(w.contract, d_, f_, Epilogue::add, t.expanded, out, queries);
  }
}

inline void EncoderRun::Forward(float* raw) const {
  const std::size_t layers = tape_.layers.size();
  const auto input_of = [&](std::size_t l) {
    return l < layers ? tape_.layers[l].input : tape_.output;
  };
  Embed(input_of(0));
  for (std::size_t l = 0; l < layers; ++l) LayerForward(l, input_of(l + 1));

  const Extent end = OutputExtent();
  float* normed = s_.narrow0;
  LayerNorm(tape_.output, d_, At(places_.final_norm.weight), At(places_.final_norm.bias), normed,
            tape_.means, tape_.scales, end.columns, end.stride);
  Clear(tape_.pooled, d_ * column_block);
  if (last_) {
    CopyColumn(normed, end.stride, end.columns - 1, tape_.pooled, column_block, 0);
  } else {
    for (std::int64_t c = 0; c < d_; ++c) {
      float sum = 0;
      for (std::int64_t t = 0; t < end.columns; ++t) sum += normed[c * end.stride + t];
      tape_.pooled[c * column_block] = sum / static_cast<float>(end.columns);
    }
  }
  if (p_.dropout.rate > 0)
    Drop(dropout_pooled, tape_.pooled_mask, tape_.pooled, false, tape_.pooled, one_);
  LinearForward(places_.evidence, 4 * d_, d_, Epilogue::none, tape_.pooled, s_.column1, one_);
  for (std::int64_t o = 0; o < 4 * d_; ++o) raw[o] = s_.column1[o * column_block];
}

/// dh: gradient of the layer's output; becomes that of the feed-forward's input.
inline void EncoderRun::FeedForwardBackward(std::size_t l, float* dh, float* gradient) const {
  const Tag d;
  const LayerTape& t = tape_.layers[l];
  const EncoderLayerPlaces& w = places_.layers[l];
  const Extent queries = QueryExtent(t);
  const float* d_out = dh;
  if (p_.dropout.rate > 0) {
    DropAgain(t.feed_forward_mask, dh, s_.narrow2, queries);
    d_out = s_.narrow2;
  }
  Transpose(t.expanded, f_, queries.stride, queries.columns, s_.turned);
  LinearGradient(w.contract, d_, f_, d_out, s_.turned, queries, gradient);
  LinearBackward(w.contract, d_, f_, Epilogue::none, d_out, s_.wide, queries);
  for (std::int64_t at = 0; at < f_ * queries.stride; at += queries.stride)
    for (std::int64_t k = at; k < at + queries.columns; k += lanes) {
      const auto active = hn::Gt(hn::Load(d, t.expanded + k), hn::Zero(d));
      hn::Store(hn::IfThenElseZero(active, hn::Load(d, s_.wide + k)), d, s_.wide + k);
    }
  float* normed = s_.narrow3;
  ApplyNorm(t.middle, d_, t.middle_means, t.middle_scales, At(w.feed_forward_norm.weight),
            At(w.feed_forward_norm.bias), normed, queries.columns, queries.stride);
  Transpose(normed, d_, queries.stride, queries.columns, s_.turned);
  LinearGradient(w.expand, f_, d_, s_.wide, s_.turned, queries, gradient);
  LinearBackward(w.expand, f_, d_, Epilogue::none, s_.wide, s_.narrow2, queries);
  LayerNormGradient(s_.narrow2, t.middle, d_, t.middle_means, t.middle_scales,
                    At(w.feed_forward_norm.weight), dh, At(w.feed_forward_norm.weight, gradient),
                    At(w.feed_forward_norm.bias, gradient), queries.columns, queries.stride,
                    s_.norm);
}

inline void EncoderRun::AttentionBackward(std::size_t l, const float* d_attended, float* dq,
                                          float* dk, float* dv) const {
  const LayerTape& t = tape_.layers[l];
  const Extent queries = QueryExtent(t);
  const std::int64_t head = d_ / p_.options->heads;
  const AttentionSizes sizes{all_.columns, queries.columns, head, queries.stride, all_.stride};
  for (std::int64_t h = 0; h < p_.options->heads; ++h) {
    const std::int64_t q = h * head * queries.stride, k = h * head * all_.stride;
    AttentionGradient(sizes, t.query + q, t.key + k, t.value + k, t.attended + q,
                      t.shift + h * queries.stride, t.factor + h * queries.stride, d_attended + q,
                      dq + q, dk + k, dv + k, s_.attention);
  }
}

/// dh: gradient of the layer's output; becomes that of its input and may change places with `other`.
inline void EncoderRun::LayerBackward(std::size_t l, float*& dh, float*& other,
                                      float* gradient) const {
  const LayerTape& t = tape_.layers[l];
  const EncoderLayerPlaces& w = places_.layers[l];
  const Extent queries = QueryExtent(t);
  const bool only_last = queries.columns != all_.columns || queries.stride != all_.stride;
  FeedForwardBackward(l, dh, gradient);

  const float* d_out = dh;
  if (p_.dropout.rate > 0) {
    DropAgain(t.attention_mask, dh, s_.narrow2, queries);
    d_out = s_.narrow2;
  }
  Transpose(t.attended, d_, queries.stride, queries.columns, s_.turned);
  LinearGradient(w.output, d_, d_, d_out, s_.turned, queries, gradient);
  float *d_attended = s_.narrow3, *dq = s_.narrow2, *dk = s_.narrow4, *dv = s_.narrow5;
  LinearBackward(w.output, d_, d_, Epilogue::none, d_out, d_attended, queries);
  AttentionBackward(l, d_attended, dq, dk, dv);

  float* normed = s_.narrow3;
  ApplyNorm(t.input, d_, t.means, t.scales, At(w.attention_norm.weight), At(w.attention_norm.bias),
            normed, all_.columns, all_.stride);
  Transpose(normed, d_, all_.stride, all_.columns, s_.turned);
  // A key's bias adds the same to all scores of a query: its gradient is exactly zero.
  AddWeightGradient(dk, all_.stride, d_, s_.turned, padded(d_), d_, all_.columns,
                    At(w.key.weight, gradient));
  LinearGradient(w.value, d_, d_, dv, s_.turned, all_, gradient);
  LinearGradient(w.query, d_, d_, dq, s_.turned + queries.first * padded(d_), queries, gradient);
  float* d_normed = s_.narrow3;
  LinearBackward(w.key, d_, d_, Epilogue::none, dk, d_normed, all_);
  LinearBackward(w.value, d_, d_, Epilogue::add, dv, d_normed, all_);
  if (only_last) {
    LinearBackward(w.query, d_, d_, Epilogue::none, dq, s_.column0, queries);
    CopyColumn(s_.column0, column_block, 0, d_normed, all_.stride, all_.columns - 1, true);
    Clear(other, d_ * all_.stride);
    CopyColumn(dh, queries.stride, 0, other, all_.stride, all_.columns - 1);
    std::swap(dh, other);
  } else {
    LinearBackward(w.query, d_, d_, Epilogue::add, dq, d_normed, all_);
  }
  LayerNormGradient(d_normed, t.input, d_, t.means, t.scales, At(w.attention_norm.weight), dh,
                    At(w.attention_norm.weight, gradient), At(w.attention_norm.bias, gradient),
                    all_.columns, all_.stride, s_.norm);
}

inline void EncoderRun::Backward(const float* raw_gradient, float* gradient) const {
  const Tag d;
  // Evidence head; a vector is a matrix of one column here.
  float* pooled = s_.turned;
  for (std::int64_t c = 0; c < padded(d_); ++c)
    pooled[c] = c < d_ ? tape_.pooled[c * column_block] : 0;
  AddWeightGradient(raw_gradient, 1, 4 * d_, pooled, padded(d_), d_, 1,
                    At(places_.evidence.weight, gradient));
  float* bias_gradient = At(places_.evidence.bias, gradient);
  for (std::int64_t o = 0; o < 4 * d_; ++o) bias_gradient[o] += raw_gradient[o];
  float* of_pooled = s_.turned;
  Clear(of_pooled, d_);
  AddWeightGradient(raw_gradient, 0, 1, At(places_.evidence.weight), d_, d_, 4 * d_, of_pooled);
  float* d_pooled = s_.column0;
  Clear(d_pooled, d_ * column_block);
  for (std::int64_t c = 0; c < d_; ++c) d_pooled[c * column_block] = of_pooled[c];
  if (p_.dropout.rate > 0) DropAgain(tape_.pooled_mask, d_pooled, d_pooled, one_);

  const Extent end = OutputExtent();
  float *dh = s_.narrow0, *other = s_.narrow1, *d_normed = s_.narrow2;
  Clear(dh, d_ * end.stride);
  Clear(d_normed, d_ * end.stride);
  if (last_) {
    CopyColumn(d_pooled, column_block, 0, d_normed, end.stride, end.columns - 1);
  } else {
    for (std::int64_t c = 0; c < d_; ++c)
      std::fill_n(d_normed + c * end.stride, end.columns,
                  d_pooled[c * column_block] / static_cast<float>(end.columns));
  }
  LayerNormGradient(d_normed, tape_.output, d_, tape_.means, tape_.scales,
                    At(places_.final_norm.weight), dh, At(places_.final_norm.weight, gradient),
                    At(places_.final_norm.bias, gradient), end.columns, end.stride, s_.norm);
  for (std::size_t l = tape_.layers.size(); l-- > 0;) LayerBackward(l, dh, other, gradient);

  if (p_.dropout.rate > 0) DropAgain(tape_.embedding_mask, dh, dh, all_);
  const Vec root = Broadcast(std::sqrt(static_cast<float>(d_)));
  for (std::int64_t at = 0; at < d_ * all_.stride; at += lanes)
    hn::Store(hn::Mul(hn::Load(d, dh + at), root), d, dh + at);
  AddConvolutionGradient(dh, all_.stride, d_, p_.frames, all_.columns, features_,
                         At(places_.convolution.weight, gradient));
  AddBiasGradient(dh, all_.stride, d_, all_.columns, At(places_.convolution.bias, gradient));
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
