#include "torch/network.h"

#include "method/position_code.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

namespace casd::torch_engine {
namespace {

/// The position code [steps, width].
at::Tensor position_codes(std::int64_t steps, std::int64_t width) {
  const at::Tensor out = at::empty({steps, width}, at::TensorOptions().dtype(at::kDouble));
  auto* to = out.mutable_data_ptr<double>();
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t i = 0; i < width; ++i) *to++ = casd::position_code(t, i, width);
  return out;
}

}  // namespace

Encoders::Encoders(const ParameterLeaves& p) : options_(p.layout().options) {
  for (const ModalityPlaces& places : p.layout().modalities) {
    Modality modality{p[places.convolution.weight],
                      p[places.convolution.bias],
                      p[places.final_norm.weight],
                      p[places.final_norm.bias],
                      p[places.evidence.weight],
                      p[places.evidence.bias],
                      {}};
    for (const EncoderLayerPlaces& layer : places.layers)
      modality.layers.push_back({p[layer.attention_norm.weight], p[layer.attention_norm.bias],
                                 p[layer.query.weight], p[layer.query.bias], p[layer.key.weight],
                                 p[layer.key.bias], p[layer.output.weight], p[layer.output.bias],
                                 p[layer.feed_forward_norm.weight], p[layer.feed_forward_norm.bias],
                                 p[layer.expand.weight], p[layer.expand.bias],
                                 p[layer.contract.weight], p[layer.contract.bias]});
    modalities_.push_back(std::move(modality));
  }
  classifier_weight_ = p[p.layout().classifier.weight];
  classifier_bias_ = p[p.layout().classifier.bias];
}

at::Tensor Encoders::norm(const at::Tensor& x, const at::Tensor& weight,
                          const at::Tensor& bias) const {
  return at::layer_norm(x, {options_.hidden}, weight, bias, 1e-5);
}

/// [rows * steps, hidden]: convolution, times sqrt(hidden), plus position.
at::Tensor Encoders::embed(const Modality& modality, const at::Tensor& frames) const {
  const std::int64_t rows = frames.size(0), steps = frames.size(1), features = frames.size(2);
  const std::int64_t d = options_.hidden;
  // The window of three frames is contiguous in the padded input: one matrix product, and no
  // gradient is needed for the input.
  const at::Tensor padded = at::constant_pad_nd(frames, {0, 0, 1, 1});
  const at::Tensor window =
      padded.as_strided({rows, steps, 3 * features}, {(steps + 2) * features, features, 1});
  const at::Tensor weight = modality.conv_weight.permute({0, 2, 1}).reshape({d, 3 * features});
  at::Tensor h =
      at::linear(window.reshape({rows * steps, 3 * features}), weight, modality.conv_bias);
  if (!position_.defined() || position_.size(0) < steps)
    position_ = position_codes(steps, d).to(h.options().requires_grad(false));
  return (h.view({rows, steps, d}) * std::sqrt(static_cast<double>(d)) +
          position_.narrow(0, 0, steps))
      .view({rows * steps, d});
}

/// normed: [rows * steps, d]. If `last` is defined, computes only the queries of those rows.
/// hidden_keys: [rows * heads, 1, steps], -inf beyond the length, or undefined. -> [queries, d]
at::Tensor Encoders::attend(const Layer& layer, const at::Tensor& normed, const at::Tensor& last,
                            const at::Tensor& hidden_keys, std::int64_t rows,
                            std::int64_t steps) const {
  const std::int64_t d = options_.hidden, heads = options_.heads, size = d / heads;
  const double scale = 1 / std::sqrt(static_cast<double>(size));
  const std::int64_t queries = last.defined() ? 1 : steps;
  const at::Tensor query = at::linear(last.defined() ? normed.index_select(0, last) : normed,
                                      layer.query_weight, layer.query_bias)
                               .view({rows, queries, heads, size})
                               .transpose(1, 2)
                               .reshape({rows * heads, queries, size});
  const std::vector<at::Tensor> key_value =
      at::linear(normed, layer.key_value_weight, layer.key_value_bias)
          .view({rows, steps, 2, heads, size})
          .permute({2, 0, 3, 1, 4})
          .reshape({2, rows * heads, steps, size})
          .unbind(0);
  const at::Tensor key = key_value[0].transpose(1, 2);
  const at::Tensor score = hidden_keys.defined() ? at::baddbmm(hidden_keys, query * scale, key)
                                                 : at::bmm(query * scale, key);
  return at::bmm(at::softmax(score, -1), key_value[1])
      .view({rows, heads, queries, size})
      .transpose(1, 2)
      .reshape({rows * queries, d});
}

at::Tensor Encoders::encode(const ModalityInput& input, std::int32_t m,
                            const RandomContext& random) const {
  const Modality& modality = modalities_[static_cast<std::size_t>(m)];
  const std::int64_t rows = input.rows(), steps = input.steps();
  const std::int64_t d = options_.hidden;
  const bool last_pooling = pools_last(options_);
  const std::vector<std::int32_t> starts(input.length.size(), 0), ones(input.length.size(), 1);
  std::vector<std::int32_t> final_frames;
  std::vector<std::int64_t> final_rows;
  for (std::size_t i = 0; i < input.length.size(); ++i) {
    final_frames.push_back(input.length[i] - 1);
    final_rows.push_back(static_cast<std::int64_t>(i) * steps + final_frames.back());
  }
  const FrameRange all_frames{input.sample, steps, starts, input.length};
  const FrameRange final_frame{input.sample, 1, final_frames, input.length};
  const FrameRange pooled_row{input.sample, 1, starts, ones};

  at::Tensor h = drop(embed(modality, input.frames), all_frames, random, m, dropout_embedding);
  const at::TensorOptions index = at::TensorOptions().dtype(at::kLong);
  at::Tensor length, exists, hidden_keys;  // [rows], [rows, steps], [rows * heads, 1, steps]
  const bool ragged = input.ragged();
  if (ragged) {
    length = at::tensor(input.length, index).to(h.device());
    exists = at::arange(steps, length.options()).unsqueeze(0) < length.unsqueeze(1);
    hidden_keys = at::zeros({rows, steps}, h.options().requires_grad(false))
                      .masked_fill(exists.logical_not(), -std::numeric_limits<double>::infinity())
                      .repeat_interleave(options_.heads, 0)
                      .unsqueeze(1);
  }
  const at::Tensor last = at::tensor(final_rows, index).to(h.device());

  for (std::int32_t l = 0; l < options_.layers; ++l) {
    const Layer& layer = modality.layers[static_cast<std::size_t>(l)];
    // Of the last layer only the pooled frame is needed.
    const bool only_last = last_pooling && l + 1 == options_.layers;
    const at::Tensor attended = attend(layer, norm(h, layer.norm1_weight, layer.norm1_bias),
                                       only_last ? last : at::Tensor(), hidden_keys, rows, steps);
    if (only_last) h = h.index_select(0, last);
    const FrameRange& range = only_last ? final_frame : all_frames;
    h = h + drop(at::linear(attended, layer.output_weight, layer.output_bias), range, random, m,
                 dropout_attention(static_cast<std::size_t>(l)));
    const at::Tensor wide = at::relu(at::linear(norm(h, layer.norm2_weight, layer.norm2_bias),
                                                layer.wide_weight, layer.wide_bias));
    h = h + drop(at::linear(wide, layer.narrow_weight, layer.narrow_bias), range, random, m,
                 dropout_feed_forward(static_cast<std::size_t>(l)));
  }

  at::Tensor pooled = norm(h, modality.norm_weight, modality.norm_bias);
  if (!last_pooling) {
    pooled = pooled.view({rows, steps, d});
    if (ragged)
      pooled = (pooled * exists.unsqueeze(2)).sum(1) / length.unsqueeze(1);
    else
      pooled = pooled.mean(1);
  }
  pooled = drop(pooled, pooled_row, random, m, dropout_pooled);

  const std::vector<at::Tensor> raw =
      at::linear(pooled, modality.evidence_weight, modality.evidence_bias)
          .view({rows, 4, d})
          .unbind(1);
  return at::stack(
      {raw[0], (at::softplus(raw[1]) + options_.delta_min).clamp_max(options_.delta_max),
       (at::softplus(raw[2]) + options_.alpha_min).clamp_max(options_.alpha_max),
       at::softplus(raw[3]) + options_.beta_min},
      1);
}

at::Tensor Encoders::classify(const at::Tensor& representation) const {
  return at::linear(representation, classifier_weight_, classifier_bias_);
}

}  // namespace casd::torch_engine
