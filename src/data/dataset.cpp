#include "data/dataset.h"

#include "core/crc32.h"
#include "core/error.h"
#include "core/platform.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace casd {
namespace {

constexpr std::uint8_t hdf5_signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t comma = list.find(',', at);
    out.push_back(list.substr(at, comma == std::string::npos ? comma : comma - at));
    if (comma == std::string::npos) return out;
    at = comma + 1;
  }
}

bool is_hdf5(const std::vector<std::uint8_t>& bytes) {
  return bytes.size() >= sizeof hdf5_signature &&
         std::equal(std::begin(hdf5_signature), std::end(hdf5_signature), bytes.begin());
}

template <class T, class A>
std::uint32_t add(std::uint32_t crc, const std::vector<T, A>& values) {
  const std::uint64_t count = values.size();  // included so that the boundary of lists matters
  return crc32(values.data(), values.size() * sizeof(T), crc32(&count, sizeof count, crc));
}

std::uint32_t add(std::uint32_t crc, const std::string& text) {
  return crc32(text.c_str(), text.size() + 1, crc);
}

}  // namespace

const Split* Dataset::find(const std::string& name) const {
  for (const Split& s : splits)
    if (s.name == name) return &s;
  return nullptr;
}

Split& Dataset::split(const std::string& name) {
  require(!name.empty() && name.size() <= 64 && is_utf8(name),
          "a split's name must be UTF-8 of 1 to 64 bytes");
  for (Split& s : splits)
    if (s.name == name) return s;
  splits.push_back({name, {}, {}});
  return splits.back();
}

void name_samples(Dataset& dataset) {
  for (Split& split : dataset.splits)
    for (std::size_t i = 0; i < split.samples.size(); ++i)
      if (split.samples[i].name.empty()) split.samples[i].name = std::to_string(i);
}

void add_samples(Dataset& dataset, const std::string& name, const Batch& batch) {
  require_same_task(batch.schema(), dataset.schema, "the batch");
  const SchemaMapping mapping(batch.schema(), dataset.schema, "the batch");
  const Split* existing = dataset.find(name);
  // Copied into a separate vector first, so that the dataset is unchanged on failure.
  std::vector<Sample> copies(static_cast<std::size_t>(batch.size()));
  std::size_t number = existing ? existing->samples.size() : 0;
  for (std::size_t i = 0; i < copies.size(); ++i, ++number) {
    mapping.apply(batch[static_cast<std::int64_t>(i)], copies[i]);
    if (copies[i].name.empty()) copies[i].name = std::to_string(number);
  }
  if (!existing) {
    dataset.split(name).samples = std::move(copies);
    return;
  }
  std::vector<Sample>& samples = dataset.split(name).samples;
  const std::size_t size = samples.size() + copies.size();
  if (size > samples.capacity()) samples.reserve(std::max(size, 2 * samples.capacity()));
  std::move(copies.begin(), copies.end(), std::back_inserter(samples));
}

TaskRequest parse_task(const char* task) {
  TaskRequest request;
  if (!task || !*task) return request;
  const std::string word = task;
  const std::size_t colon = word.find(':');
  request.given = true;
  request.task = task_from_name(word.substr(0, colon), CASD_ERROR_INVALID_ARGUMENT);
  if (colon != std::string::npos) request.outputs = split_names(word.substr(colon + 1));
  const std::size_t least = request.task == CASD_TASK_REGRESSION ? 0
                            : request.task == CASD_TASK_CLASSES  ? 2
                                                                 : 1;
  require(request.outputs.size() >= least, "the task '", word, "' needs ", least,
          " or more names: ", task_name(request.task), ":A,B,...");
  return request;
}

void apply_task(Schema& schema, const TaskRequest& request, const TaskRequest& own) {
  const TaskRequest& wanted = request.given ? request : own;
  schema.set_task(wanted.task);
  schema.outputs.clear();
  const bool same_kind = request.given && request.outputs.empty() && own.task == request.task;
  for (const std::string& name : same_kind ? own.outputs : wanted.outputs) schema.add_output(name);
}

void set_target_from_labels(Sample& sample, const Schema& schema, Span<const double> row,
                            bool signed_classes) {
  std::vector<float> target;
  target.reserve(row.size());
  sample.target.clear();
  for (const double label : row) {
    if (std::isnan(label) || (signed_classes && label == 0)) return;
    target.push_back(signed_classes ? (label > 0 ? 1.0f : 0.0f) : static_cast<float>(label));
  }
  set_target(sample, schema, target);
}

bool needs_sign(const Schema& schema, Span<const double> labels) {
  return schema.task == CASD_TASK_CLASSES && schema.outputs.size() == 2 &&
         std::any_of(labels.begin(), labels.end(), [](double label) {
           return !std::isnan(label) && (label < 0 || label != std::floor(label));
         });
}

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

const Split& mapped(const Split& split, const SchemaMapping& mapping, Split& storage) {
  if (mapping.identity()) return split;
  storage.name = split.name;
  storage.samples.resize(split.samples.size());
  for (std::size_t i = 0; i < split.samples.size(); ++i)
    mapping.apply(split.samples[i], storage.samples[i]);
  return storage;
}

std::uint32_t fingerprint(const Schema& schema, const Split& split) {
  std::uint32_t crc = 0;
  for (const Modality& m : schema.modalities) {
    crc = add(crc, m.name);
    crc = crc32(&m.features, sizeof m.features, crc);
  }
  crc = crc32(&schema.task, sizeof schema.task, crc);
  for (const std::string& output : schema.outputs) crc = add(crc, output);
  crc = add(crc, split.name);
  for (const Sample& sample : split.samples) {
    for (const auto& frames : sample.frames) crc = add(crc, frames);
    crc = add(crc, sample.target);
    crc = add(crc, sample.name);
  }
  return crc;
}

}  // namespace casd
