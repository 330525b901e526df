// Readers of dataset files.
#pragma once

#include "data/channel_groups.h"
#include "data/dataset.h"
#include "data/task_grammar.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

/// The arguments of casd_dataset_open_as().
struct OpenRequest {
  TaskRequest task;
  std::string split;       // "": the file's own
  ChannelGroups channels;  // of a .ts file
};

/// Opens HDF5 (through the plug-in), .ts or CSV, detected by content.
Dataset open_dataset(const std::string& path, const OpenRequest& request);
Dataset open_dataset(const std::string& path, const char* task);
/// CSV or .ts in memory. `name` identifies it in messages.
Dataset load_dataset(std::vector<std::uint8_t> bytes, const std::string& name, const char* task);
/// casd_dataset_add_file(); the dataset is unchanged on failure.
void add_file(Dataset& dataset, const std::string& path, const std::string& split);

Dataset read_hdf5(const std::string& path, const TaskRequest& request);
/// `name` identifies the text in messages; `bytes` are modified while they are read.
Dataset read_csv(std::vector<std::uint8_t> bytes, const std::string& name,
                 const TaskRequest& request);
/// Whether the first line that is no comment begins with '@'.
bool is_ts(Span<const std::uint8_t> bytes);
/// One split: `test` if `name` ends with "_TEST.ts", else `train`. Without groups of channels there is
/// one modality, `series`.
Dataset read_ts(Span<const std::uint8_t> bytes, const std::string& name, const TaskRequest& request,
                const ChannelGroups& channels);

}  // namespace casd
