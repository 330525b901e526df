// A network with its weights, normaliser and calibration: immutable, shared.
#pragma once

#include "core/span.h"
#include "model/guarantees.h"
#include "model/network_layout.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace casd {

/// Identifies a temperature: up to six modalities the set of modalities that take part, above their
/// number.
using TemperatureKey = std::uint32_t;

struct Calibration {
  /// In the file's order.
  std::vector<std::pair<TemperatureKey, double>> temperatures;
  std::vector<double> trust;        // per modality, multiplies its weight; empty: all 1
  std::vector<double> linear = {};  // per modality, multiplies its linear map; empty: all 1
  Guarantees guarantees = {};       // tables of held-out results; empty: none
  std::vector<double> change = {};  // per modality, the typical change c of its frames; empty: none
  bool empty() const {
    return temperatures.empty() && trust.empty() && linear.empty() && change.empty() &&
           guarantees.empty();
  }
};

/// Allowed range of temperatures and trust, and the most of a contribution, which may be 0.
constexpr double least_factor = 1e-3, most_factor = 1e3;
/// The largest allowed typical change; without clipping it has the scale of the input.
constexpr double most_change = 1e30;

/// Version of the file format in which new models are saved (docs/model-file.md).
constexpr int newest_file_version = 3;

/// Key and text, keys begin with "user."; in the file's order.
using UserValues = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t most_user_values = 4000;
constexpr std::size_t longest_user_key = 256;
constexpr std::size_t longest_user_value = 65536;
bool is_user_key(const std::string& key);

class Model {
 public:
  /// `values`: all tensors in the layout's order. Throws INVALID_ARGUMENT for another count.
  Model(std::shared_ptr<const NetworkLayout> layout, std::vector<float> values,
        Calibration calibration = {}, UserValues user = {}, bool trained = false,
        int file_version = newest_file_version);

  const NetworkLayout& layout() const { return *layout_; }
  const std::shared_ptr<const NetworkLayout>& shared_layout() const { return layout_; }
  const Schema& schema() const { return layout_->schema; }
  const casd_model_options& options() const { return layout_->options; }
  Span<const float> values() const { return *values_; }
  /// Values of one tensor, row-major.
  Span<const float> tensor(const TensorPlace& place) const;
  /// The same by its name in the model file; slow.
  Span<const float> tensor(const std::string& name) const;
  const Calibration& calibration() const { return calibration_; }
  const UserValues& user() const { return user_; }
  /// Whether normaliser or weights were fitted to data.
  bool trained() const { return trained_; }
  /// Version of the file format in which the model is saved: the version it was loaded with if it is
  /// unchanged, else the newest.
  int file_version() const { return file_version_; }
  /// Divisor of the logits when the modalities in `participating` are used; 1 if none was
  /// fitted.
  double temperature(ModalityMask participating) const;
  /// Factor of the weight of a modality; 1 where none was fitted.
  double trust(std::int32_t modality) const;
  /// Factor of the linear map of a modality; 1 where none was fitted.
  double contribution(std::int32_t modality) const;
  /// Typical change of a modality's frames in training; 0 where none was fitted.
  double typical_change(std::int32_t modality) const;

  /// Copies that differ in one property.
  Model with_user(UserValues user) const;
  Model with_calibration(Calibration calibration) const;
  Model with_pooling(casd_pooling pooling) const;

 private:
  std::shared_ptr<const NetworkLayout> layout_;
  std::shared_ptr<const std::vector<float>> values_;
  Calibration calibration_;
  UserValues user_;
  bool trained_;
  int file_version_;
};

using ModelPtr = std::shared_ptr<const Model>;

/// Whether each set of modalities can have its own temperature: up to six modalities.
bool temperatures_by_mask(std::int32_t modalities);
bool temperatures_by_mask(const Schema& schema);
/// The set itself, or its number of modalities.
TemperatureKey temperature_key(std::int32_t modalities, ModalityMask participating);
TemperatureKey temperature_key(const Schema& schema, ModalityMask participating);

/// New random weights, determined by `options.seed` (docs/method.md, 6).
ModelPtr create_model(const Schema& schema, const casd_model_options& options);

/// The values with the learned tensors replaced by `learned` (their concatenation).
std::vector<float> with_learned(const NetworkLayout& layout, Span<const float> values,
                                Span<const float> learned);
/// The concatenation of the learned tensors.
std::vector<float> learned_values(const NetworkLayout& layout, Span<const float> values);

}  // namespace casd
