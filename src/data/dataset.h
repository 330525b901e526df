// Datasets: splits of samples in memory.
#pragma once

#include "core/span.h"
#include "data/channel_groups.h"
#include "model/batch.h"
#include "model/schema.h"
#include "model/schema_mapping.h"

#include <casd/dataset.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace casd {

/// Not one array: a line of a few bytes can be a sample, and no single allocation is to be far larger
/// than the file. A sample keeps its address when others are appended.
using SampleList = std::deque<Sample>;

struct Split {
  std::string name;
  SampleList samples;
  std::vector<double> noise;  // [samples, modalities] true noise of synthetic data; else empty
};

struct Dataset {
  Schema schema;
  std::deque<Split> splits;  // in the order in which they were added; keep their addresses
  ChannelGroups channels;    // as the caller named them for a .ts file; else empty

  /// NULL if there is none.
  const Split* find(const std::string& split) const;
  /// Adds the split if there is none.
  Split& split(const std::string& name);
  /// Throws INVALID_ARGUMENT.
  static void check_split_name(const std::string& name);
};

/// Gives each sample without a name its number in the split as name.
void name_samples(Dataset& dataset);

/// Appends copies of the batch's samples to a split (casd_dataset_add()); the dataset is unchanged
/// on failure. The cost does not depend on the samples that the split has, on average.
void add_samples(Dataset& dataset, const std::string& split, const Batch& batch);

/// Appends the samples of all splits of `from` to the splits of the same names, as add_samples() does.
/// `what` names `from` in messages.
void add_splits(Dataset& dataset, const Dataset& from, const char* what);

/// The split in the target schema of `mapping`: the split itself if the mapping is the identity, else
/// a converted copy in `storage`.
const Split& mapped(const Split& split, const SchemaMapping& mapping, Split& storage);

/// A checksum of the samples, targets and names of the split.
std::uint32_t fingerprint(const Schema& schema, const Split& split);

}  // namespace casd
