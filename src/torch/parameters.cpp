#include "torch/parameters.h"

#include "core/error.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

namespace casd::torch_plugin {
namespace {

struct Leaf {
  std::string name;
  std::int64_t offset;
  std::vector<std::int64_t> shape;
};

}  // namespace

Parameters::Parameters(std::shared_ptr<const Network> network, const at::TensorOptions& options,
                       bool with_gradient)
    : network_(std::move(network)) {
  std::vector<Leaf> leaves;
  std::int64_t at = 0;
  const auto place = [&](const std::string& name) -> const TensorInfo& {
    const TensorInfo& info = network_->tensor(name);
    places_.push_back({info.learned_offset, at, info.size});
    at += info.size;
    return info;
  };
  const auto single = [&](const std::string& name) {
    const std::int64_t offset = at;
    leaves.push_back({name, offset, place(name).shape});
  };
  const auto pair = [&](const std::string& name) {
    single(name + ".weight");
    single(name + ".bias");
  };
  // Query, key and value side by side: one matrix product makes all three.
  const auto fused = [&](const std::string& attention, const char* part) {
    const std::int64_t offset = at;
    std::vector<std::int64_t> shape = place(attention + ".query." + part).shape;
    place(attention + ".key." + part);
    place(attention + ".value." + part);
    shape[0] *= 3;
    leaves.push_back({attention + ".qkv." + part, offset, std::move(shape)});
  };

  const Schema& schema = network_->schema();
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    const std::string& name = schema.modalities[static_cast<std::size_t>(m)].name;
    const std::int64_t begin = at;
    pair(name + ".conv");
    for (std::int32_t l = 0; l < network_->options().layers; ++l) {
      const std::string layer = name + ".encoder." + std::to_string(l);
      pair(layer + ".norm1");
      fused(layer + ".attention", "weight");
      fused(layer + ".attention", "bias");
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

  const at::NoGradGuard no_grad;
  values_ = at::empty({at}, options);
  if (with_gradient) gradient_ = at::zeros({at}, options);
  for (const Leaf& leaf : leaves) {
    std::int64_t size = 1;
    for (const std::int64_t side : leaf.shape) size *= side;
    at::Tensor view = values_.narrow(0, leaf.offset, size).view(leaf.shape).detach();
    if (with_gradient) {
      view.requires_grad_(true);
      view.mutable_grad() = gradient_.narrow(0, leaf.offset, size).view(leaf.shape);
    }
    leaves_.emplace(leaf.name, std::move(view));
  }
}

const at::Tensor& Parameters::operator[](const std::string& name) const {
  const auto found = leaves_.find(name);
  if (found == leaves_.end()) fail(CASD_ERROR_INTERNAL, "there is no parameter ", name);
  return found->second;
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

}  // namespace casd::torch_plugin
