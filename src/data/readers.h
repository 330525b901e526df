// Readers of dataset files.
#pragma once

#include "data/dataset.h"
#include "data/task_grammar.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

/// Opens HDF5 (through the plug-in) or CSV, detected by the first bytes.
Dataset open_dataset(const std::string& path, const char* task);
/// CSV in memory. `name` identifies it in messages.
Dataset load_dataset(std::vector<std::uint8_t> bytes, const std::string& name, const char* task);
Dataset read_hdf5(const std::string& path, const TaskRequest& request);
/// `name` identifies the text in messages; `bytes` are modified while they are read.
Dataset read_csv(std::vector<std::uint8_t> bytes, const std::string& name,
                 const TaskRequest& request);
Dataset read_csv(const std::string& path, const TaskRequest& request);

}  // namespace casd
