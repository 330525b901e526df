// The places of all tensors of the network, typed, in the order of the model file
// (docs/model-file.md). Used by initialiser, model file, optimiser and every engine.
#pragma once

#include "model/schema.h"

#include <casd/model.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace casd {

enum class TensorRole {
  statistic,  // normaliser and target scale: fitted to the data, not trained
  learned,
  evidence,  // learned, with evidence_rate
  fitted     // to data, after the training
};

struct TensorPlace {
  std::vector<std::int64_t> shape;
  TensorRole role = TensorRole::learned;
  float initial = 0;           // initial value if fan_in is 0
  std::int64_t fan_in = 0;     // > 0: initialised with U(-1/sqrt(fan_in), 1/sqrt(fan_in))
  std::int32_t modality = -1;  // -1: classifier, target
  std::int64_t size = 0;       // numbers
  std::int64_t offset = 0;     // first number in the model's values
  std::int64_t learned_offset =
      -1;  // first number in the concatenation of learned tensors; -1: none
};

struct LinearPlaces {
  TensorPlace weight, bias;  // [outputs, inputs], [outputs]
};
struct NormPlaces {
  TensorPlace weight, bias;
};
struct EncoderLayerPlaces {
  NormPlaces attention_norm;
  LinearPlaces query, key, value, output;
  NormPlaces feed_forward_norm;
  LinearPlaces expand, contract;
};
struct ModalityPlaces {
  TensorPlace mean, deviation;  // normaliser, [features]
  LinearPlaces convolution;     // weight [hidden, features, 3]
  std::vector<EncoderLayerPlaces> layers;
  NormPlaces final_norm;
  LinearPlaces evidence;               // [4 hidden, hidden]: gamma, delta, alpha, beta
  std::optional<LinearPlaces> linear;  // option linear: [K, 3 features] of the pooled frames
  std::optional<TensorPlace> guard;    // option input_guard: [3] hi, lo, cap; all 0: not fitted
};
struct TargetPlaces {
  TensorPlace mean, deviation;
};

/// A range of the concatenation of learned tensors that the optimiser updates with one rate and one
/// step count.
struct ParameterGroup {
  std::int64_t begin, end;
  std::int32_t modality;  // -1: classifier
  bool evidence;          // learning rate is multiplied by evidence_rate
};

/// Immutable once built.
struct NetworkLayout {
  /// `options` as checked() returns them; throws INVALID_ARGUMENT when the network is too large.
  NetworkLayout(const Schema& schema, const casd_model_options& options);

  /// Number of tensors of such a network, without building it.
  static std::size_t tensor_count(const Schema& schema, const casd_model_options& options);

  Schema schema;
  casd_model_options options;
  std::vector<ModalityPlaces> modalities;
  LinearPlaces classifier;             // [K, hidden]
  std::optional<TargetPlaces> target;  // regression only, [K]
  /// Per modality the rest and the evidence head, then the classifier.
  std::vector<ParameterGroup> groups;
  /// Numbers in all tensors, and in the learned ones.
  std::int64_t value_count = 0;
  std::int64_t learned_count = 0;
};

/// Whether the last frame represents a sequence, else the mean of all frames. `auto` is the last frame
/// until a training decides.
inline bool pools_last(const casd_model_options& options) {
  return options.pooling != CASD_POOLING_MEAN;
}

/// Calls `visit` for each tensor in the order of the model file. The only place that makes names.
using TensorVisitor = std::function<void(const std::string& name, const TensorPlace& place)>;
void for_each_tensor(const NetworkLayout& layout, const TensorVisitor& visit);

struct NamedTensor : TensorPlace {
  std::string name;
};
/// The tensors as a list, in the order of the model file.
std::vector<NamedTensor> named_tensors(const NetworkLayout& layout);
/// Throws INTERNAL if there is no such tensor. Slow.
TensorPlace find_tensor(const NetworkLayout& layout, const std::string& name);

}  // namespace casd
