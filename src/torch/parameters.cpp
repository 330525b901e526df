#include "torch/parameters.h"

#include "core/error.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace casd::torch_engine {

Parameters::Parameters(std::shared_ptr<const NetworkLayout> layout,
                       const at::TensorOptions& options)
    : layout_(std::move(layout)) {
  std::int64_t at = 0;
  const auto place = [&](const TensorPlace& tensor) {
    places_.push_back({tensor.learned_offset, at, tensor.size});
    at += tensor.size;
  };
  const auto single = [&](const TensorPlace& tensor) {
    entries_.push_back({tensor.learned_offset, at, tensor.size, tensor.shape});
    place(tensor);
  };
  const auto pair = [&](const auto& places) {
    single(places.weight);
    single(places.bias);
  };
  // Key and value are adjacent, so that one matrix product computes both.
  const auto key_value = [&](const TensorPlace& key, const TensorPlace& value) {
    std::vector<std::int64_t> shape = key.shape;
    shape[0] *= 2;
    entries_.push_back({key.learned_offset, at, 2 * key.size, std::move(shape)});
    place(key);
    place(value);
  };

  std::vector<std::int64_t> key_biases;
  for (const ModalityPlaces& modality : layout_->modalities) {
    pair(modality.convolution);
    for (const EncoderLayerPlaces& layer : modality.layers) {
      pair(layer.attention_norm);
      pair(layer.query);
      key_value(layer.key.weight, layer.value.weight);
      key_biases.push_back(at);
      key_value(layer.key.bias, layer.value.bias);
      pair(layer.output);
      pair(layer.feed_forward_norm);
      pair(layer.expand);
      pair(layer.contract);
    }
    pair(modality.final_norm);
    pair(modality.evidence);
  }
  pair(layout_->classifier);
  if (at != layout_->learned_count)
    fail(CASD_ERROR_INTERNAL, "the parameters have ", at, " numbers, expected ",
         layout_->learned_count);

  values_ = at::zeros({at}, options);
  gradient_mask_ = at::ones({at}, options);
  for (const std::int64_t offset : key_biases)
    gradient_mask_.narrow(0, offset, layout_->options.hidden).zero_();
}

at::Tensor Parameters::in_file_order(const at::Tensor& flat) const {
  const at::NoGradGuard no_grad;
  const at::Tensor from = flat.cpu();
  at::Tensor out = at::empty_like(from);
  for (const Place& p : places_)
    out.narrow(0, p.learned_offset, p.size).copy_(from.narrow(0, p.offset, p.size));
  return out;
}

void Parameters::from_file_order(const at::Tensor& learned, const at::Tensor& flat) const {
  const at::NoGradGuard no_grad;
  at::Tensor turned = at::empty_like(learned);
  for (const Place& p : places_)
    turned.narrow(0, p.offset, p.size).copy_(learned.narrow(0, p.learned_offset, p.size));
  flat.copy_(turned);
}

ParameterLeaves::ParameterLeaves(const Parameters& parameters, bool with_gradient)
    : layout_(&parameters.layout()) {
  const at::NoGradGuard no_grad;
  if (with_gradient) gradient_ = at::zeros_like(parameters.values());
  for (const Parameters::Entry& entry : parameters.entries()) {
    const auto view = [&](const at::Tensor& flat) {
      return flat.narrow(0, entry.offset, entry.size).view(entry.shape);
    };
    at::Tensor leaf = view(parameters.values()).detach();
    if (with_gradient) {
      leaf.requires_grad_(true);
      leaf.mutable_grad() = view(gradient_);
    }
    leaves_.emplace(entry.learned_offset, std::move(leaf));
  }
}

const at::Tensor& ParameterLeaves::operator[](const TensorPlace& place) const {
  const auto found = leaves_.find(place.learned_offset);
  if (found == leaves_.end())
    fail(CASD_ERROR_INTERNAL, "there is no parameter at ", place.learned_offset);
  return found->second;
}

}  // namespace casd::torch_engine
