#include "model/network.h"

#include "core/error.h"

#include <utility>

namespace casd {
namespace {

/// Limits all offsets far below overflow, and the memory that a mistyped size can request.
constexpr std::int64_t most_values = std::int64_t{1} << 32;

class Builder {
 public:
  Builder(std::vector<TensorInfo>& tensors) : tensors_(tensors) {}

  void modality(std::int32_t index) { modality_ = index; }

  void statistic(const std::string& name, std::int64_t size, float initial) {
    add(name, {size}, TensorRole::statistic, initial, 0);
  }
  void norm(const std::string& name, std::int64_t width) {
    add(name + ".weight", {width}, TensorRole::learned, 1, 0);
    add(name + ".bias", {width}, TensorRole::learned, 0, 0);
  }
  void linear(const std::string& name, std::vector<std::int64_t> shape,
              TensorRole role = TensorRole::learned) {
    std::int64_t fan_in = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
    const std::int64_t outputs = shape[0];
    add(name + ".weight", std::move(shape), role, 0, fan_in);
    add(name + ".bias", {outputs}, role, 0, fan_in);
  }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape, TensorRole role, float initial,
           std::int64_t fan_in) {
    std::int64_t size = 1;
    for (const std::int64_t side : shape) size *= side;
    tensors_.push_back({name, std::move(shape), role, initial, fan_in, modality_, size, 0, -1});
  }

  std::vector<TensorInfo>& tensors_;
  std::int32_t modality_ = -1;
};

}  // namespace

std::size_t Network::tensor_count(const Schema& schema, const casd_model_options& options) {
  constexpr std::size_t per_layer = 16, per_modality = 8, classifier = 2, target = 2;
  return schema.modalities.size() *
             (per_modality + per_layer * static_cast<std::size_t>(options.layers)) +
         classifier + (schema.task == CASD_TASK_REGRESSION ? target : 0);
}

Network::Network(const Schema& schema, const casd_model_options& options)
    : schema_(schema), options_(options) {
  require_complete(schema);
  const std::int64_t d = options.hidden, f = options.feed_forward, k = schema.logit_count();
  tensors_.reserve(tensor_count(schema, options));
  Builder build(tensors_);
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    const Modality& modality = schema.modalities[static_cast<std::size_t>(m)];
    const std::string& name = modality.name;
    build.modality(m);
    build.statistic(name + ".normalizer.mean", modality.features, 0);
    build.statistic(name + ".normalizer.std", modality.features, 1);
    build.linear(name + ".conv", {d, modality.features, 3});
    for (std::int32_t l = 0; l < options.layers; ++l) {
      const std::string layer = name + ".encoder." + std::to_string(l);
      build.norm(layer + ".norm1", d);
      for (const char* part : {"query", "key", "value", "output"})
        build.linear(layer + ".attention." + part, {d, d});
      build.norm(layer + ".norm2", d);
      build.linear(layer + ".feed_forward.0", {f, d});
      build.linear(layer + ".feed_forward.1", {d, f});
    }
    build.norm(name + ".norm", d);
    build.linear(name + ".evidence", {4 * d, d}, TensorRole::evidence);
  }
  build.modality(-1);
  build.linear("classifier", {k, d});
  if (schema.task == CASD_TASK_REGRESSION) {
    build.statistic("target.mean", k, 0);
    build.statistic("target.std", k, 1);
  }

  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    TensorInfo& tensor = tensors_[i];
    tensor.offset = value_count_;
    value_count_ += tensor.size;
    if (tensor.role != TensorRole::statistic) {
      tensor.learned_offset = learned_count_;
      learned_count_ += tensor.size;
    }
    require(value_count_ <= most_values, "the network has more than ", most_values, " numbers");
    index_.emplace(tensor.name, i);
  }
}

const TensorInfo& Network::tensor(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) fail(CASD_ERROR_INTERNAL, "the network has no tensor ", name);
  return tensors_[found->second];
}

}  // namespace casd
