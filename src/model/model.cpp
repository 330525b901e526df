#include "model/model.h"

#include "core/error.h"
#include "core/random.h"
#include "model/options.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace casd {

Model::Model(std::shared_ptr<const Network> network, std::vector<float> values,
             Calibration calibration, UserValues user)
    : network_(std::move(network)),
      values_(std::make_shared<const std::vector<float>>(std::move(values))),
      calibration_(std::move(calibration)),
      user_(std::move(user)) {
  require(static_cast<std::int64_t>(values_->size()) == network_->value_count(), "the model has ",
          values_->size(), " numbers, its network needs ", network_->value_count());
}

Span<const float> Model::tensor(const std::string& name) const {
  const TensorInfo& info = network_->tensor(name);
  return values().subspan(static_cast<std::size_t>(info.offset),
                          static_cast<std::size_t>(info.size));
}

bool Model::trained() const {
  for (const TensorInfo& info : network_->tensors()) {
    if (info.role != TensorRole::statistic || info.modality < 0) continue;
    for (const float value : tensor(info.name))
      if (value != info.initial) return true;
  }
  return false;
}

double Model::temperature(ModalityMask taking_part) const {
  if (calibration_.temperatures.empty()) return 1;
  const std::string key = temperature_key(schema(), taking_part);
  for (const auto& [name, value] : calibration_.temperatures)
    if (name == key) return value;
  return 1;
}

double Model::trust(std::int32_t modality) const {
  return calibration_.trust.empty() ? 1 : calibration_.trust[static_cast<std::size_t>(modality)];
}

Model Model::with_user(UserValues user) const {
  Model out = *this;
  out.user_ = std::move(user);
  return out;
}

Model Model::with_calibration(Calibration calibration) const {
  Model out = *this;
  out.calibration_ = std::move(calibration);
  return out;
}

std::string temperature_key(const Schema& schema, ModalityMask taking_part) {
  if (schema.modalities.size() <= 6) return std::to_string(taking_part);
  int count = 0;
  for (ModalityMask rest = taking_part; rest; rest &= rest - 1) ++count;
  return "count:" + std::to_string(count);  // short enough not to allocate
}

ModelPtr create_model(const Schema& schema, const casd_model_options& options) {
  const casd_model_options settled = checked(options);
  auto network = std::make_shared<const Network>(schema, settled);
  std::vector<float> values(static_cast<std::size_t>(network->value_count()));
  for (std::size_t i = 0; i < network->tensors().size(); ++i) {
    const TensorInfo& info = network->tensors()[i];
    const Span<float> tensor(values.data() + info.offset, static_cast<std::size_t>(info.size));
    if (info.fan_in == 0) {
      for (float& value : tensor) value = info.initial;
      continue;
    }
    RandomStream(settled.seed, i, RandomSite::initial_weights).fill_uniform(tensor);
    const auto bound = static_cast<float>(1 / std::sqrt(static_cast<double>(info.fan_in)));
    for (float& value : tensor) value = (2 * value - 1) * bound;
  }
  return std::make_shared<const Model>(std::move(network), std::move(values));
}

std::vector<float> with_learned(const Network& network, Span<const float> values,
                                Span<const float> learned) {
  std::vector<float> out(values.begin(), values.end());
  for (const TensorInfo& info : network.tensors())
    if (info.learned_offset >= 0)
      std::copy_n(learned.data() + info.learned_offset, info.size, out.data() + info.offset);
  return out;
}

std::vector<float> learned_values(const Network& network, Span<const float> values) {
  std::vector<float> out(static_cast<std::size_t>(network.learned_count()));
  for (const TensorInfo& info : network.tensors())
    if (info.learned_offset >= 0)
      std::copy_n(values.data() + info.offset, info.size, out.data() + info.learned_offset);
  return out;
}

std::string model_info(const Model& model) {
  using Json = nlohmann::ordered_json;
  Json info;
  Json& schema = info["schema"];
  for (const Modality& m : model.schema().modalities)
    schema["modalities"].push_back(Json{{"name", m.name}, {"features", m.features}});
  schema["task"] = task_name(model.schema().task);
  schema["outputs"] = model.schema().outputs;
  for (const Option& option : model_option_table()) {
    if (std::string(option.name) == "seed") continue;
    const std::string value = option_text(option, &model.options());
    info["options"][option.name] =
        option.kind == OptionKind::choice ? Json(value) : Json::parse(value);
  }
  if (!model.calibration().empty()) {
    Json& calibration = info["calibration"];
    for (const auto& [key, value] : model.calibration().temperatures)
      calibration["temperatures"][key] = value;
    if (!model.calibration().trust.empty()) calibration["trust"] = model.calibration().trust;
  }
  info["user"] = Json::object();
  for (const auto& [key, value] : model.user()) info["user"][key] = value;
  info["parameters"] = model.network().learned_count();
  info["trained"] = model.trained();
  return info.dump();
}

}  // namespace casd
