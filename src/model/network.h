// Names, shapes and offsets of all tensors of the network, in the order of the model file
// (docs/model-file.md). Used by initialiser, model file, torch engine and CPU engine.
#pragma once

#include "model/schema.h"

#include <casd/model.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace casd {

enum class TensorRole {
  statistic,  // normaliser and target scale: fitted to the data, not trained
  learned,
  evidence  // learned, with evidence_rate
};

struct TensorInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  TensorRole role;
  float initial;                // initial value if fan_in is 0
  std::int64_t fan_in;          // > 0: initialised with U(-1/sqrt(fan_in), 1/sqrt(fan_in))
  std::int32_t modality;        // -1: classifier, target
  std::int64_t size;            // numbers
  std::int64_t offset;          // first number in the model's values
  std::int64_t learned_offset;  // first number in the concatenation of learned tensors; -1: none
};

class Network {
 public:
  /// `options` as checked() returns them; throws INVALID_ARGUMENT when the network is too large.
  Network(const Schema& schema, const casd_model_options& options);

  /// Number of tensors of such a network, without building it.
  static std::size_t tensor_count(const Schema& schema, const casd_model_options& options);

  const Schema& schema() const { return schema_; }
  const casd_model_options& options() const { return options_; }
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  /// Throws INTERNAL if there is no such tensor.
  const TensorInfo& tensor(const std::string& name) const;
  /// Numbers in all tensors, and in the learned ones.
  std::int64_t value_count() const { return value_count_; }
  std::int64_t learned_count() const { return learned_count_; }

 private:
  Schema schema_;
  casd_model_options options_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string, std::size_t> index_;
  std::int64_t value_count_ = 0;
  std::int64_t learned_count_ = 0;
};

}  // namespace casd
