// Converts batches to the model's schema.
#pragma once

#include "engine/input_table.h"
#include "model/batch.h"
#include "model/schema_mapping.h"

#include <memory>
#include <optional>
#include <vector>

namespace casd {

/// Caches the mapping of the last batch's schema and the memory of its mapped samples.
class BatchReader {
 public:
  /// Fills `input` with the batch's samples, matched with `schema` by name. Frames of a batch with
  /// the same layout as `schema` are not copied; others are copied and valid until the next read().
  /// Throws INVALID_ARGUMENT if the batch does not match.
  void read(const Batch& batch, const Schema& schema, InputTable& input);

 private:
  void match(const Batch& batch, const Schema& schema);

  std::shared_ptr<const Schema> from_;  // source schema of mapping_
  std::optional<SchemaMapping> mapping_;
  std::vector<Sample> mapped_;
};

}  // namespace casd
