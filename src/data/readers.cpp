#include "data/readers.h"

#include "core/error.h"
#include "core/platform.h"

#include <algorithm>
#include <iterator>

namespace casd {
namespace {

constexpr std::uint8_t hdf5_signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

bool is_hdf5(const std::vector<std::uint8_t>& bytes) {
  return bytes.size() >= sizeof hdf5_signature &&
         std::equal(std::begin(hdf5_signature), std::end(hdf5_signature), bytes.begin());
}

}  // namespace

Dataset open_dataset(const std::string& path, const char* task) {
  const TaskRequest request = parse_task(task);
  Dataset dataset = is_hdf5(read_file(path, sizeof hdf5_signature)) ? read_hdf5(path, request)
                                                                    : read_csv(path, request);
  name_samples(dataset);
  return dataset;
}

Dataset load_dataset(std::vector<std::uint8_t> bytes, const std::string& name, const char* task) {
  const TaskRequest request = parse_task(task);
  if (is_hdf5(bytes))
    fail(CASD_ERROR_FORMAT, name, ": HDF5 is read from a file only, expected CSV");
  return read_csv(std::move(bytes), name, request);
}

}  // namespace casd
