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
  bool given = false;  // false: that of the file
  casd_task task = CASD_TASK_REGRESSION;
  std::vector<std::string> outputs;
};
TaskRequest parse_task(const char* task);

/// Sets task and outputs of the schema from the request, else from the file's own.
void apply_task(Schema& schema, const TaskRequest& request, const TaskRequest& own);
/// Whether two classes stand for the sign of the labels: some are negative or not whole.
bool needs_sign(const Schema& schema, Span<const double> labels);
/// Sets the target from a row of labels; a NaN, or with `signed_classes` a zero: no target. Throws
/// INVALID_ARGUMENT when a label does not fit the task.
void set_target_from_labels(Sample& sample, const Schema& schema, Span<const double> row,
                            bool signed_classes);

/// Samples without a name get their number in the split.
void name_samples(Dataset& dataset);

/// Appends copies of the batch's samples to a split (casd_dataset_add()); the dataset is unchanged
/// on failure. The cost does not depend on the samples that the split has, on average.
void add_samples(Dataset& dataset, const std::string& split, const Batch& batch);

/// HDF5 (through the plug-in) or CSV, told apart by the first bytes.
Dataset open_dataset(const std::string& path, const char* task);
/// CSV in memory. `name` names it in messages.
Dataset load_dataset(std::vector<std::uint8_t> bytes, const std::string& name, const char* task);
Dataset read_hdf5(const std::string& path, const TaskRequest& request);
/// `name` names the text in messages; `bytes` are changed while they are read.
Dataset read_csv(std::vector<std::uint8_t> bytes, const std::string& name,
                 const TaskRequest& request);
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
