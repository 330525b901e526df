#include "torch/parameters.h"

#include "core/error.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace casd::torch_engine {

Parameters::Parameters(std::shared_ptr<const Network> network, const at::TensorOptions& options)
    : network_(std::move(network)) {
  std::int64_t at = 0;
  const auto place = [&](const std::string& name) -> const TensorInfo& {
    const TensorInfo& info = network_->tensor(name);
    places_.push_back({info.learned_offset, at, info.size});
    at += info.size;
    return info;
  };
  const auto single = [&](const std::string& name) {
    const std::int64_t offset = at;
    const std::vector<std::int64_t>& shape = place(name).shape;
    entries_.push_back({name, offset, at - offset, shape});
  };
  const auto pair = [&](const std::string& name) {
    single(name + ".weight");
    single(name + ".bias");
  };
  // Key and value are adjacent, so that one matrix product computes both.
  std::vector<std::int64_t> key_biases;
  const auto key_value = [&](const std::string& attention, const char* part) {
    const std::int64_t offset = at;
    std::vector<std::int64_t> shape = place(attention + ".key." + part).shape;
    place(attention + ".value." + part);
    if (shape.size() == 1) key_biases.push_back(offset);
    shape[0] *= 2;
    entries_.push_back({attention + ".key_value." + part, offset, at - offset, std::move(shape)});
  };

  const Schema& schema = network_->schema();
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    const std::string& name = schema.modalities[static_cast<std::size_t>(m)].name;
    const std::int64_t begin = at;
    pair(name + ".conv");
    for (std::int32_t l = 0; l < network_->options().layers; ++l) {
      const std::string layer = name + ".encoder." + std::to_string(l);
      pair(layer + ".norm1");
      pair(layer + ".attention.query");
      key_value(layer + ".attention", "weight");
      key_value(layer + ".attention", "bias");
      pair(layer + ".attention.output");
      pair(layer + ".norm2");
      pair(layer + ".feed_forward.0");
      pair(layer + ".feed_forward.1");
    }
    pair(name + ".norm");
    segments_.push_back({begin, at, m, false});
    const std::int64_t evidence = at;
    pair(name + ".evidence");
    segments_.push_back({evidence, at, m, true});
  }
  const std::int64_t classifier = at;
  pair("classifier");
  segments_.push_back({classifier, at, -1, false});
  if (at != network_->learned_count())
    fail(CASD_ERROR_INTERNAL, "the layout has ", at, " numbers, expected ",
         network_->learned_count());

  values_ = at::zeros({at}, options);
  gradient_mask_ = at::ones({at}, options);
  for (const std::int64_t offset : key_biases)
    gradient_mask_.narrow(0, offset, network_->options().hidden).zero_();
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
    : network_(&parameters.network()) {
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
    leaves_.emplace(entry.name, std::move(leaf));
  }
}

const at::Tensor& ParameterLeaves::operator[](const std::string& name) const {
  const auto found = leaves_.find(name);
  if (found == leaves_.end()) fail(CASD_ERROR_INTERNAL, "there is no parameter ", name);
  return found->second;
}

}  // namespace casd::torch_engine
