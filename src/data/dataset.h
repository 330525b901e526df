// Samples with splits, in memory.
#pragma once

#include "core/span.h"
#include "model/batch.h"
#include "model/schema.h"
#include "model/schema_mapping.h"

#include <casd/dataset.h>

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

struct Split {
  std::string name;
  std::vector<Sample> samples;
  std::vector<double> noise;  // [samples, modalities] true noise of synthetic data; else empty
};

struct Dataset {
  Schema schema;
  std::vector<Split> splits;  // in the order in which they came

  /// NULL if there is none.
  const Split* find(const std::string& split) const;
  /// Makes it if there is none.
  Split& split(const std::string& name);
};

/// What a caller's task text asks for (casd_dataset_open()).
struct TaskRequest {
  bool given = false;  // false: the file's own
  casd_task task = CASD_TASK_REGRESSION;
  std::vector<std::string> outputs;
};
TaskRequest parse_task(const char* task);

/// Settles task and outputs of the schema from the request, else from the file's own words.
void apply_task(Schema& schema, const TaskRequest& request, const TaskRequest& own);
/// Whether two classes stand for the sign of the labels: some are negative or not whole.
bool needs_sign(const Schema& schema, Span<const double> labels);
/// One row of labels to a target; empty, none: a NaN, or with `signed_classes` a zero. Throws
/// INVALID_ARGUMENT when a label does not fit the task.
std::vector<float> label_to_target(const Schema& schema, Span<const double> row,
                                   bool signed_classes, const std::string& where);

/// Samples without a name get their number in the split.
void name_samples(Dataset& dataset);

/// HDF5 (through the plug-in) or CSV, told apart by the first bytes.
Dataset open_dataset(const std::string& path, const char* task);
Dataset read_hdf5(const std::string& path, const TaskRequest& request);
Dataset read_csv(const std::string& path, const TaskRequest& request);

casd_synthetic_options default_synthetic_options();
/// Checks the options, then generates; the same options give the same bits.
Dataset make_synthetic(const casd_synthetic_options& options);

/// A split whose samples have the schema that `mapping` leads to: the split itself where the mapping
/// is the identity, else an adapted copy in `storage`.
const Split& mapped(const Split& split, const SchemaMapping& mapping, Split& storage);

/// Changes when any sample, target or name of the split changes.
std::uint32_t fingerprint(const Schema& schema, const Split& split);

}  // namespace casd
