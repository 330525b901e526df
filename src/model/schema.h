// The inputs (modalities, features) and outputs (task, names) of a model.
#pragma once

#include <casd/schema.h>

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

/// Bit i: modality i.
using ModalityMask = std::uint32_t;

struct Modality {
  std::string name;
  std::int32_t features = 0;
  std::vector<std::string> feature_names;  // [features], or empty: the features have no names
};

struct Schema {
  std::vector<Modality> modalities;
  casd_task task = CASD_TASK_CLASSES;
  std::vector<std::string> outputs;

  std::int32_t modality_count() const { return static_cast<std::int32_t>(modalities.size()); }
  /// K: outputs of the classifier (multi-label: a pair per output).
  std::int32_t logit_count() const;
  /// Numbers in a sample's target: 1 for classes, else the number of outputs.
  std::int32_t target_columns() const;
  ModalityMask all() const;

  /// Checks and appends; throws INVALID_ARGUMENT.
  void add_modality(const std::string& name, std::int32_t features);
  void add_output(const std::string& name);
  /// The first call for a modality adds names for all its features; those not set yet are "".
  void set_feature_name(std::int32_t modality, std::int32_t feature, const std::string& name);
  /// Sets all names of a modality, "" for a feature without a name, in linear time.
  void set_feature_names(std::int32_t modality, std::vector<std::string> names);
  void set_task(casd_task task);

  /// -1 if there is none.
  std::int32_t modality_index(const std::string& name) const;
  std::int32_t output_index(const std::string& name) const;
};

bool same_modalities(const Schema& a, const Schema& b);
bool operator==(const Schema& a, const Schema& b);
inline bool operator!=(const Schema& a, const Schema& b) { return !(a == b); }

/// Throws INVALID_ARGUMENT unless there is a modality and enough outputs for the task.
void require_complete(const Schema& schema);

/// The caller's mask with CASD_ALL_MODALITIES resolved; throws INVALID_ARGUMENT for 0 and for bits
/// beyond the schema.
ModalityMask resolve_mask(const Schema& schema, casd_modality_mask mask);

/// "language+audio", in the order of the schema.
std::string mask_name(const Schema& schema, ModalityMask mask);

/// "regression", "classes", "multilabel", and back (throws `status`).
const char* task_name(casd_task task);
casd_task task_from_name(const std::string& name, casd_status status);

bool is_utf8(const std::string& text);

}  // namespace casd
