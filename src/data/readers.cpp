#include "data/readers.h"

#include "core/error.h"
#include "core/platform.h"

#include <algorithm>
#include <iterator>

namespace casd {
namespace {

constexpr std::uint8_t hdf5_signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

bool is_hdf5(Span<const std::uint8_t> bytes) {
  return bytes.size() >= sizeof hdf5_signature &&
         std::equal(std::begin(hdf5_signature), std::end(hdf5_signature), bytes.begin());
}

Dataset read_text(std::vector<std::uint8_t> bytes, const std::string& name,
                  const OpenRequest& request) {
  return is_ts(bytes) ? read_ts(bytes, name, request.task, request.channels)
                      : read_csv(std::move(bytes), name, request.task);
}

/// Reduces the dataset to one split, which gets the name: the split of this name, else the only one.
void select_split(Dataset& dataset, const std::string& wanted, const std::string& path) {
  if (wanted.empty()) return;
  std::deque<Split>& splits = dataset.splits;
  const auto found = std::find_if(splits.begin(), splits.end(),
                                  [&](const Split& split) { return split.name == wanted; });
  if (found == splits.end() && splits.size() != 1) {
    std::string names;
    for (const Split& split : splits) names += (names.empty() ? "" : ", ") + split.name;
    fail(CASD_ERROR_NOT_FOUND, path, ": there is no split '", wanted,
         "'; the file's splits: ", names);
  }
  Split selected = std::move(found == splits.end() ? splits.front() : *found);
  selected.name = wanted;
  splits.clear();
  splits.push_back(std::move(selected));
}

/// Reads a file of any format; only .ts files use the groups of channels.
Dataset read_any(const std::string& path, const OpenRequest& request) {
  if (!request.split.empty()) Dataset::check_split_name(request.split);
  Dataset dataset = is_hdf5(read_file(path, sizeof hdf5_signature))
                        ? read_hdf5(path, request.task)
                        : read_text(read_file(path), path, request);
  select_split(dataset, request.split, path);
  return dataset;
}

}  // namespace

Dataset open_dataset(const std::string& path, const OpenRequest& request) {
  Dataset dataset = read_any(path, request);
  if (dataset.channels.empty() && !request.channels.empty())
    fail(CASD_ERROR_INVALID_ARGUMENT, path,
         ": modalities can be chosen for .ts files only; this file names its own");
  name_samples(dataset);
  return dataset;
}

Dataset open_dataset(const std::string& path, const char* task) {
  return open_dataset(path, OpenRequest{parse_task(task), {}, {}});
}

Dataset load_dataset(std::vector<std::uint8_t> bytes, const std::string& name, const char* task) {
  const OpenRequest request{parse_task(task), {}, {}};
  if (is_hdf5(bytes))
    fail(CASD_ERROR_FORMAT, name, ": HDF5 is read from a file only, expected CSV or .ts");
  Dataset dataset = read_text(std::move(bytes), name, request);
  name_samples(dataset);
  return dataset;
}

void add_file(Dataset& dataset, const std::string& path, const std::string& split) {
  const TaskRequest task{true, dataset.schema.task, dataset.schema.outputs};
  add_splits(dataset, read_any(path, {task, split, dataset.channels}), path.c_str());
}

}  // namespace casd
