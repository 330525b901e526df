#include "torch/network.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

namespace casd::torch_plugin {
namespace {

/// Sinusoidal code [steps, width]: even columns sin, odd cos, base 10000.
at::Tensor position_code(std::int64_t steps, std::int64_t width) {
  const at::Tensor out = at::empty({steps, width}, at::TensorOptions().dtype(at::kDouble));
  auto* to = out.mutable_data_ptr<double>();
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t i = 0; i < width; ++i) {
      const double exponent = static_cast<double>(i / 2 * 2) / static_cast<double>(width);
      const double angle = static_cast<double>(t) / std::pow(10000.0, exponent);
      *to++ = i % 2 ? std::cos(angle) : std::sin(angle);
    }
  return out;
}

}  // namespace

Encoders::Encoders(const Parameters& p) : options_(p.network().options()) {
  for (const casd::Modality& info : p.network().schema().modalities) {
    const auto get = [&](const std::string& name) { return p[info.name + name]; };
    Modality modality{get(".conv.weight"),
                      get(".conv.bias"),
                      get(".norm.weight"),
                      get(".norm.bias"),
                      get(".evidence.weight"),
                      get(".evidence.bias"),
                      {}};
    for (std::int32_t l = 0; l < options_.layers; ++l) {
      const std::string at = ".encoder." + std::to_string(l);
      modality.layers.push_back(
          {get(at + ".norm1.weight"), get(at + ".norm1.bias"), get(at + ".attention.qkv.weight"),
           get(at + ".attention.qkv.bias"), get(at + ".attention.output.weight"),
           get(at + ".attention.output.bias"), get(at + ".norm2.weight"), get(at + ".norm2.bias"),
           get(at + ".feed_forward.0.weight"), get(at + ".feed_forward.0.bias"),
           get(at + ".feed_forward.1.weight"), get(at + ".feed_forward.1.bias")});
    }
    modalities_.push_back(std::move(modality));
  }
  classifier_weight_ = p["classifier.weight"];
  classifier_bias_ = p["classifier.bias"];
  without_keys_ = at::ones({3 * options_.hidden}, p.values().options());
  without_keys_.narrow(0, options_.hidden, options_.hidden).zero_();
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
    position_ = position_code(steps, d).to(h.options().requires_grad(false));
  return (h.view({rows, steps, d}) * std::sqrt(static_cast<double>(d)) +
          position_.narrow(0, 0, steps))
      .view({rows * steps, d});
}

/// normed: [rows * steps, d]. Queries of the rows `last` only, where it is defined.
/// hidden_keys: [rows, 1, 1, steps], -inf beyond the length, or undefined. -> [queries, d]
at::Tensor Encoders::attend(const Layer& layer, const at::Tensor& normed, const at::Tensor& last,
                            const at::Tensor& hidden_keys, std::int64_t rows,
                            std::int64_t steps) const {
  const std::int64_t d = options_.hidden, heads = options_.heads, size = d / heads;
  const double scale = 1 / std::sqrt(static_cast<double>(size));
  const auto split = [&](const at::Tensor& x, std::int64_t length) {
    return x.view({rows, length, heads, size}).transpose(1, 2);
  };
  // The keys' bias adds the same to all scores of a query, which the softmax takes out again: its
  // gradient is exactly zero. Left in, float32 would return rounding noise, and Adam walk along it.
  const at::Tensor bias = layer.qkv_bias * without_keys_;
  at::Tensor query, key, value;
  std::int64_t queries = steps;
  if (last.defined()) {
    queries = 1;
    query = split(at::linear(normed.index_select(0, last), layer.qkv_weight.narrow(0, 0, d),
                             bias.narrow(0, 0, d)),
                  1);
    const at::Tensor both =
        at::linear(normed, layer.qkv_weight.narrow(0, d, 2 * d), bias.narrow(0, d, 2 * d))
            .view({rows, steps, 2, heads, size})
            .permute({2, 0, 3, 1, 4});
    key = both.select(0, 0);
    value = both.select(0, 1);
  } else {
    const at::Tensor all = at::linear(normed, layer.qkv_weight, bias)
                               .view({rows, steps, 3, heads, size})
                               .permute({2, 0, 3, 1, 4});
    query = all.select(0, 0);
    key = all.select(0, 1);
    value = all.select(0, 2);
  }
  at::Tensor score = at::matmul(query * scale, key.transpose(-2, -1));
  if (hidden_keys.defined()) score = score + hidden_keys;
  return at::matmul(at::softmax(score, -1), value).transpose(1, 2).reshape({rows * queries, d});
}

at::Tensor Encoders::encode(const ModalityInput& input, std::int32_t m,
                            const Chance& chance) const {
  const Modality& modality = modalities_[static_cast<std::size_t>(m)];
  const std::int64_t rows = input.frames.size(0), steps = input.frames.size(1);
  const std::int64_t d = options_.hidden;
  const bool last_pooling = options_.pooling == CASD_POOLING_LAST;

  at::Tensor h = drop(embed(modality, input.frames), chance, m, dropout_embedding);
  at::Tensor exists, hidden_keys;  // [rows, steps]
  if (input.ragged) {
    exists = at::arange(steps, input.length.options()).unsqueeze(0) < input.length.unsqueeze(1);
    hidden_keys = at::zeros({rows, steps}, h.options().requires_grad(false))
                      .masked_fill(exists.logical_not(), -std::numeric_limits<double>::infinity())
                      .view({rows, 1, 1, steps});
  }
  const at::Tensor last =
      at::arange(rows, input.length.options()) * steps + input.length - 1;  // [rows]

  for (std::int32_t l = 0; l < options_.layers; ++l) {
    const Layer& layer = modality.layers[static_cast<std::size_t>(l)];
    // Of the last layer only the pooled frame is needed.
    const bool only_last = last_pooling && l + 1 == options_.layers;
    const at::Tensor attended = attend(layer, norm(h, layer.norm1_weight, layer.norm1_bias),
                                       only_last ? last : at::Tensor(), hidden_keys, rows, steps);
    if (only_last) h = h.index_select(0, last);
    h = h + drop(at::linear(attended, layer.output_weight, layer.output_bias), chance, m,
                 dropout_attention(l));
    const at::Tensor wide = at::relu(at::linear(norm(h, layer.norm2_weight, layer.norm2_bias),
                                                layer.wide_weight, layer.wide_bias));
    h = h + drop(at::linear(wide, layer.narrow_weight, layer.narrow_bias), chance, m,
                 dropout_feed_forward(l));
  }

  at::Tensor pooled = norm(h, modality.norm_weight, modality.norm_bias);
  if (!last_pooling) {
    pooled = pooled.view({rows, steps, d});
    if (input.ragged)
      pooled = (pooled * exists.unsqueeze(2)).sum(1) / input.length.unsqueeze(1);
    else
      pooled = pooled.mean(1);
  }
  pooled = drop(pooled, chance, m, dropout_pooled);

  const at::Tensor raw =
      at::linear(pooled, modality.evidence_weight, modality.evidence_bias).view({rows, 4, d});
  const at::Tensor positive = at::softplus(raw.narrow(1, 1, 3));
  const at::Tensor delta =
      (positive.narrow(1, 0, 1) + options_.delta_min).clamp_max(options_.delta_max);
  const at::Tensor alpha =
      (positive.narrow(1, 1, 1) + options_.alpha_min).clamp_max(options_.alpha_max);
  const at::Tensor beta = positive.narrow(1, 2, 1) + options_.beta_min;
  return at::cat({raw.narrow(1, 0, 1), delta, alpha, beta}, 1);
}

at::Tensor Encoders::classify(const at::Tensor& representation) const {
  return at::linear(representation, classifier_weight_, classifier_bias_);
}

}  // namespace casd::torch_plugin
