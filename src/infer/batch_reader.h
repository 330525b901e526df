// Batches as the model's schema has them.
#pragma once

#include "infer/input_table.h"
#include "model/batch.h"
#include "model/schema_mapping.h"

#include <memory>
#include <optional>
#include <vector>

namespace casd {

/// Keeps the mapping of the last batch's schema and the memory of its mapped samples.
class BatchReader {
 public:
  /// Fills `input` with the batch's samples, matched with `schema` by names. Frames of a batch with
  /// the schema's own layout are not copied; others are valid until the next read(). Throws
  /// INVALID_ARGUMENT if the batch does not fit.
  void read(const Batch& batch, const Schema& schema, InputTable& input);

 private:
  void match(const Batch& batch, const Schema& schema);

  std::shared_ptr<const Schema> from_;  // that mapping_ belongs to
  std::optional<SchemaMapping> mapping_;
  std::vector<Sample> mapped_;
};

}  // namespace casd
