// Converts samples of one schema to another schema.
#pragma once

#include "model/batch.h"
#include "model/schema.h"

#include <cstdint>
#include <vector>

namespace casd {

/// Whether samples of `from` can be used as samples of `to` unchanged: the same modalities in the
/// same order, and the same order of features where both schemas name them. Does not allocate.
bool same_sample_layout(const Schema& from, const Schema& to);

/// Whether both have the same task and the same outputs in the same order.
bool same_task(const Schema& a, const Schema& b);
/// Throws INVALID_ARGUMENT unless same_task(); the message names the difference. `what` as in
/// SchemaMapping.
void require_same_task(const Schema& from, const Schema& to, const char* what);

/// Maps samples of one schema to another. Modalities are matched by name, in any order; features by
/// name where both schemas name them, else by position. Tasks and outputs are ignored: compare them
/// with same_task() if targets are used.
class SchemaMapping {
 public:
  /// `what` names the source in messages ("the batch", "the dataset"). Throws INVALID_ARGUMENT: the
  /// message names every modality of `from` that `to` lacks, else each modality with another feature
  /// count, with missing or unknown feature names, or with names for a part of its features only.
  /// Modalities of `to` that `from` lacks are missing in the result.
  SchemaMapping(const Schema& from, const Schema& to, const char* what);

  /// Whether samples can be used unchanged.
  bool identity() const { return identity_; }
  /// Modalities of `to` that `from` has.
  ModalityMask covered() const { return covered_; }
  /// Writes `from` as a sample of the target schema, with target and names. Keeps the memory of `to`,
  /// which must be another object.
  void apply(const Sample& from, Sample& to) const;
  /// The samples in the target schema. Returns the same pointers if the mapping is the identity, else
  /// pointers to converted copies in `storage`.
  std::vector<const Sample*> apply(std::vector<const Sample*> samples,
                                   std::vector<Sample>& storage) const;

 private:
  struct Source {
    std::int32_t modality = -1;        // of `from`; -1: missing
    std::size_t features = 0;          // in a frame
    std::vector<std::size_t> columns;  // [features] column of `from`; empty: in the same order
  };
  bool identity_ = true;
  ModalityMask covered_ = 0;
  std::vector<Source> sources_;  // per modality of `to`
};

}  // namespace casd
