#include "model/network_layout.h"

#include "core/error.h"

#include <utility>

namespace casd {
namespace {

/// Limits all offsets far below overflow, and the memory that a mistyped size can request.
constexpr std::int64_t most_values = std::int64_t{1} << 32;

/// Makes tensors of one modality, or of what belongs to none (-1).
struct Maker {
  std::int32_t modality;

  TensorPlace tensor(std::vector<std::int64_t> shape, TensorRole role, float initial,
                     std::int64_t fan_in) const {
    TensorPlace out;
    out.size = 1;
    for (const std::int64_t side : shape) out.size *= side;
    out.shape = std::move(shape);
    out.role = role;
    out.initial = initial;
    out.fan_in = fan_in;
    out.modality = modality;
    return out;
  }
  TensorPlace statistic(std::int64_t size, float initial) const {
    return tensor({size}, TensorRole::statistic, initial, 0);
  }
  NormPlaces norm(std::int64_t width) const {
    return {tensor({width}, TensorRole::learned, 1, 0), tensor({width}, TensorRole::learned, 0, 0)};
  }
  LinearPlaces fitted(std::int64_t outputs, std::int64_t inputs) const {
    return {tensor({outputs, inputs}, TensorRole::fitted, 0, 0),
            tensor({outputs}, TensorRole::fitted, 0, 0)};
  }
  LinearPlaces linear(std::vector<std::int64_t> shape,
                      TensorRole role = TensorRole::learned) const {
    std::int64_t fan_in = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
    const std::int64_t outputs = shape[0];
    return {tensor(std::move(shape), role, 0, fan_in), tensor({outputs}, role, 0, fan_in)};
  }
};

ModalityPlaces make_modality(const Maker& make, std::int64_t features, std::int64_t logits,
                             const casd_model_options& options) {
  const std::int64_t d = options.hidden, f = options.feed_forward;
  ModalityPlaces out;
  out.mean = make.statistic(features, 0);
  out.deviation = make.statistic(features, 1);
  out.convolution = make.linear({d, features, 3});
  const EncoderLayerPlaces layer = {make.norm(d),        make.linear({d, d}), make.linear({d, d}),
                                    make.linear({d, d}), make.linear({d, d}), make.norm(d),
                                    make.linear({f, d}), make.linear({d, f})};
  out.layers.assign(static_cast<std::size_t>(options.layers), layer);
  out.final_norm = make.norm(d);
  out.evidence = make.linear({4 * d, d}, TensorRole::evidence);
  if (options.linear != 0) out.linear = make.fitted(logits, 3 * features);
  if (options.input_guard != 0) out.guard = make.tensor({3}, TensorRole::fitted, 0, 0);
  return out;
}

/// Layout is NetworkLayout or const NetworkLayout.
template <class Layout, class Visit>
void visit_tensors(Layout& layout, const Visit& visit) {
  const auto pair = [&](const std::string& name, auto& places) {
    visit(name + ".weight", places.weight);
    visit(name + ".bias", places.bias);
  };
  for (std::size_t m = 0; m < layout.modalities.size(); ++m) {
    auto& modality = layout.modalities[m];
    const std::string& name = layout.schema.modalities[m].name;
    visit(name + ".normalizer.mean", modality.mean);
    visit(name + ".normalizer.std", modality.deviation);
    pair(name + ".conv", modality.convolution);
    for (std::size_t l = 0; l < modality.layers.size(); ++l) {
      auto& layer = modality.layers[l];
      const std::string prefix = name + ".encoder." + std::to_string(l);
      pair(prefix + ".norm1", layer.attention_norm);
      pair(prefix + ".attention.query", layer.query);
      pair(prefix + ".attention.key", layer.key);
      pair(prefix + ".attention.value", layer.value);
      pair(prefix + ".attention.output", layer.output);
      pair(prefix + ".norm2", layer.feed_forward_norm);
      pair(prefix + ".feed_forward.0", layer.expand);
      pair(prefix + ".feed_forward.1", layer.contract);
    }
    pair(name + ".norm", modality.final_norm);
    pair(name + ".evidence", modality.evidence);
    if (modality.linear) pair(name + ".linear", *modality.linear);
    if (modality.guard) visit(name + ".guard", *modality.guard);
  }
  pair("classifier", layout.classifier);
  if (layout.target) {
    visit("target.mean", layout.target->mean);
    visit("target.std", layout.target->deviation);
  }
}

std::int64_t end_of(const TensorPlace& place) { return place.learned_offset + place.size; }

}  // namespace

std::size_t NetworkLayout::tensor_count(const Schema& schema, const casd_model_options& options) {
  constexpr std::size_t per_layer = 16, per_modality = 8, classifier = 2, target = 2;
  const std::size_t fitted = (options.linear != 0 ? 2 : 0) + (options.input_guard != 0 ? 1 : 0);
  return schema.modalities.size() *
             (per_modality + fitted + per_layer * static_cast<std::size_t>(options.layers)) +
         classifier + (schema.task == CASD_TASK_REGRESSION ? target : 0);
}

NetworkLayout::NetworkLayout(const Schema& wanted_schema, const casd_model_options& wanted_options)
    : schema(wanted_schema), options(wanted_options) {
  require_complete(schema);
  for (std::int32_t m = 0; m < schema.modality_count(); ++m)
    modalities.push_back(make_modality({m}, schema.modalities[static_cast<std::size_t>(m)].features,
                                       schema.logit_count(), options));
  const Maker shared{-1};
  const std::int64_t outputs = schema.logit_count();
  classifier = shared.linear({outputs, options.hidden});
  if (schema.task == CASD_TASK_REGRESSION)
    target = TargetPlaces{shared.statistic(outputs, 0), shared.statistic(outputs, 1)};

  visit_tensors(*this, [&](const std::string&, TensorPlace& place) {
    place.offset = value_count;
    value_count += place.size;
    if (place.role == TensorRole::learned || place.role == TensorRole::evidence) {
      place.learned_offset = learned_count;
      learned_count += place.size;
    }
    require(value_count <= most_values, "the network has more than ", most_values, " numbers");
  });
  for (const ModalityPlaces& modality : modalities) {
    const std::int32_t m = modality.mean.modality;
    groups.push_back(
        {modality.convolution.weight.learned_offset, end_of(modality.final_norm.bias), m, false});
    groups.push_back(
        {modality.evidence.weight.learned_offset, end_of(modality.evidence.bias), m, true});
  }
  groups.push_back({classifier.weight.learned_offset, end_of(classifier.bias), -1, false});
}

void for_each_tensor(const NetworkLayout& layout, const TensorVisitor& visit) {
  visit_tensors(layout, visit);
}

std::vector<NamedTensor> named_tensors(const NetworkLayout& layout) {
  std::vector<NamedTensor> out;
  out.reserve(NetworkLayout::tensor_count(layout.schema, layout.options));
  for_each_tensor(layout, [&](const std::string& name, const TensorPlace& place) {
    out.push_back({place, name});
  });
  return out;
}

TensorPlace find_tensor(const NetworkLayout& layout, const std::string& name) {
  std::optional<TensorPlace> found;
  for_each_tensor(layout, [&](const std::string& each, const TensorPlace& place) {
    if (each == name) found = place;
  });
  if (!found) fail(CASD_ERROR_INTERNAL, "the network has no tensor ", name);
  return *found;
}

}  // namespace casd
