// Datasets: splits of samples in memory.
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
  std::vector<Split> splits;  // in the order in which they were added

  /// NULL if there is none.
  const Split* find(const std::string& split) const;
  /// Adds the split if there is none.
  Split& split(const std::string& name);
};

/// The parsed task argument of casd_dataset_open().
struct TaskRequest {
  bool given = false;  // false: use the task of the file
  casd_task task = CASD_TASK_REGRESSION;
  std::vector<std::string> outputs;
};
TaskRequest parse_task(const char* task);

/// Sets task and outputs of the schema from the request, else from the file's own.
void apply_task(Schema& schema, const TaskRequest& request, const TaskRequest& own);
/// Whether two classes are the sign of the labels: some labels are negative or not whole.
bool needs_sign(const Schema& schema, Span<const double> labels);
/// Sets the target from a row of labels. A NaN, or with `signed_classes` a zero, means no target.
/// Throws INVALID_ARGUMENT if a label is not valid for the task.
void set_target_from_labels(Sample& sample, const Schema& schema, Span<const double> row,
                            bool signed_classes);

/// Gives each sample without a name its number in the split as name.
void name_samples(Dataset& dataset);

/// Appends copies of the batch's samples to a split (casd_dataset_add()); the dataset is unchanged
/// on failure. The cost does not depend on the samples that the split has, on average.
void add_samples(Dataset& dataset, const std::string& split, const Batch& batch);

/// Opens HDF5 (through the plug-in) or CSV, detected by the first bytes.
Dataset open_dataset(const std::string& path, const char* task);
/// CSV in memory. `name` identifies it in messages.
Dataset load_dataset(std::vector<std::uint8_t> bytes, const std::string& name, const char* task);
Dataset read_hdf5(const std::string& path, const TaskRequest& request);
/// `name` identifies the text in messages; `bytes` are modified while they are read.
Dataset read_csv(std::vector<std::uint8_t> bytes, const std::string& name,
                 const TaskRequest& request);
Dataset read_csv(const std::string& path, const TaskRequest& request);

casd_synthetic_options default_synthetic_options();
/// Checks the options, then generates; the same options give the same bits.
Dataset make_synthetic(const casd_synthetic_options& options);

/// The split in the target schema of `mapping`: the split itself if the mapping is the identity, else
/// a converted copy in `storage`.
const Split& mapped(const Split& split, const SchemaMapping& mapping, Split& storage);

/// A checksum of the samples, targets and names of the split.
std::uint32_t fingerprint(const Schema& schema, const Split& split);

}  // namespace casd
