#include "model/model.h"

#include "core/error.h"
#include "core/live_bytes.h"
#include "core/random.h"
#include "model/modality_count.h"
#include "model/options.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

std::shared_ptr<const std::vector<float>> counted(std::vector<float> values) {
  struct Counted {
    explicit Counted(std::vector<float> all)
        : values(std::move(all)), bytes(values.capacity() * sizeof(float)) {}
    const std::vector<float> values;
    const LiveBytes bytes;
  };
  const auto owner = std::make_shared<const Counted>(std::move(values));
  return {owner, &owner->values};
}

}  // namespace

Model::Model(std::shared_ptr<const NetworkLayout> layout, std::vector<float> values,
             Calibration calibration, UserValues user, bool trained, int file_version)
    : layout_(std::move(layout)),
      values_(counted(std::move(values))),
      calibration_(std::move(calibration)),
      user_(std::move(user)),
      trained_(trained),
      file_version_(file_version) {
  require(static_cast<std::int64_t>(values_->size()) == layout_->value_count, "the model has ",
          values_->size(), " numbers, its network needs ", layout_->value_count);
}

Span<const float> Model::tensor(const std::string& name) const {
  return tensor(find_tensor(*layout_, name));
}

Span<const float> Model::tensor(const TensorPlace& place) const {
  return values().subspan(static_cast<std::size_t>(place.offset),
                          static_cast<std::size_t>(place.size));
}

double Model::temperature(ModalityMask participating) const {
  if (calibration_.temperatures.empty()) return 1;
  const TemperatureKey key = temperature_key(schema(), participating);
  for (const auto& [other, value] : calibration_.temperatures)
    if (other == key) return value;
  return 1;
}

double Model::trust(std::int32_t modality) const {
  return calibration_.trust.empty() ? 1 : calibration_.trust[static_cast<std::size_t>(modality)];
}

double Model::contribution(std::int32_t modality) const {
  return calibration_.linear.empty() ? 1 : calibration_.linear[static_cast<std::size_t>(modality)];
}

Model Model::with_user(UserValues user) const {
  Model out = *this;
  out.user_ = std::move(user);
  out.file_version_ = newest_file_version;
  return out;
}

double Model::typical_change(std::int32_t modality) const {
  return calibration_.change.empty() ? 0 : calibration_.change[static_cast<std::size_t>(modality)];
}

Model Model::with_calibration(Calibration calibration) const {
  Model out = *this;
  out.calibration_ = std::move(calibration);
  out.file_version_ = newest_file_version;
  return out;
}

Model Model::with_pooling(casd_pooling pooling) const {
  Model out = *this;
  casd_model_options changed = options();
  changed.pooling = pooling;
  out.layout_ = std::make_shared<const NetworkLayout>(schema(), changed);
  out.file_version_ = newest_file_version;
  return out;
}

bool is_user_key(const std::string& key) { return key.rfind("user.", 0) == 0; }

bool temperatures_by_mask(std::int32_t modalities) { return modalities <= most_modalities_by_set; }

bool temperatures_by_mask(const Schema& schema) {
  return temperatures_by_mask(schema.modality_count());
}

TemperatureKey temperature_key(std::int32_t modalities, ModalityMask participating) {
  if (temperatures_by_mask(modalities)) return participating;
  return static_cast<TemperatureKey>(modality_count(participating));
}

TemperatureKey temperature_key(const Schema& schema, ModalityMask participating) {
  return temperature_key(schema.modality_count(), participating);
}

ModelPtr create_model(const Schema& schema, const casd_model_options& options) {
  const casd_model_options settled = checked(options);
  auto layout = std::make_shared<const NetworkLayout>(schema, settled);
  std::vector<float> values(static_cast<std::size_t>(layout->value_count));
  std::uint64_t index = 0;
  for_each_tensor(*layout, [&](const std::string&, const TensorPlace& place) {
    const Span<float> tensor(values.data() + place.offset, static_cast<std::size_t>(place.size));
    // The other weights do not depend on whether there are fitted tensors.
    if (place.role == TensorRole::fitted) return;
    const RandomStream stream(settled.seed, index++, RandomSite::initial_weights);
    if (place.fan_in == 0) {
      for (float& value : tensor) value = place.initial;
      return;
    }
    stream.fill_uniform(tensor);
    const auto bound = static_cast<float>(1 / std::sqrt(static_cast<double>(place.fan_in)));
    for (float& value : tensor) value = (2 * value - 1) * bound;
  });
  return std::make_shared<const Model>(std::move(layout), std::move(values));
}

std::vector<float> with_learned(const NetworkLayout& layout, Span<const float> values,
                                Span<const float> learned) {
  std::vector<float> out(values.begin(), values.end());
  for_each_tensor(layout, [&](const std::string&, const TensorPlace& place) {
    if (place.learned_offset >= 0)
      std::copy_n(learned.data() + place.learned_offset, place.size, out.data() + place.offset);
  });
  return out;
}

std::vector<float> learned_values(const NetworkLayout& layout, Span<const float> values) {
  std::vector<float> out(static_cast<std::size_t>(layout.learned_count));
  for_each_tensor(layout, [&](const std::string&, const TensorPlace& place) {
    if (place.learned_offset >= 0)
      std::copy_n(values.data() + place.offset, place.size, out.data() + place.learned_offset);
  });
  return out;
}

}  // namespace casd
