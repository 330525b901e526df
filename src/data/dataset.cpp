#include "data/dataset.h"

#include "core/crc32.h"
#include "core/error.h"

#include <algorithm>
#include <iterator>

namespace casd {
namespace {

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

void Dataset::check_split_name(const std::string& name) {
  require(!name.empty() && name.size() <= 64 && is_utf8(name),
          "a split's name must be UTF-8 of 1 to 64 bytes");
}

Split& Dataset::split(const std::string& name) {
  check_split_name(name);
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

namespace {

/// New samples of a split, before they are appended.
struct Addition {
  std::string split;
  std::vector<Sample> samples;
};

/// Names a sample that has no name by its number in the split.
void name_addition(const Dataset& dataset, Addition& addition) {
  const Split* const existing = dataset.find(addition.split);
  std::size_t number = existing ? existing->samples.size() : 0;
  for (Sample& sample : addition.samples) {
    if (sample.name.empty()) sample.name = std::to_string(number);
    ++number;
  }
}

/// Appends to splits of different names. Allocates all memory first, so that the dataset is unchanged
/// on failure.
void append(Dataset& dataset, std::vector<Addition> additions) {
  std::vector<Split> fresh;
  for (Addition& addition : additions) {
    if (!dataset.find(addition.split)) {
      Dataset::check_split_name(addition.split);
      fresh.push_back({addition.split, std::move(addition.samples), {}});
      addition.samples.clear();
      continue;
    }
    std::vector<Sample>& samples = dataset.split(addition.split).samples;
    const std::size_t size = samples.size() + addition.samples.size();
    if (size > samples.capacity()) samples.reserve(std::max(size, 2 * samples.capacity()));
  }
  dataset.splits.reserve(dataset.splits.size() + fresh.size());
  for (Addition& addition : additions)
    for (Split& split : dataset.splits)
      if (split.name == addition.split)
        std::move(addition.samples.begin(), addition.samples.end(),
                  std::back_inserter(split.samples));
  std::move(fresh.begin(), fresh.end(), std::back_inserter(dataset.splits));
}

}  // namespace

void add_samples(Dataset& dataset, const std::string& name, const Batch& batch) {
  require_same_task(batch.schema(), dataset.schema, "the batch");
  const SchemaMapping mapping(batch.schema(), dataset.schema, "the batch");
  Addition addition{name, std::vector<Sample>(static_cast<std::size_t>(batch.size()))};
  for (std::size_t i = 0; i < addition.samples.size(); ++i)
    mapping.apply(batch[static_cast<std::int64_t>(i)], addition.samples[i]);
  name_addition(dataset, addition);
  append(dataset, {std::move(addition)});
}

void add_splits(Dataset& dataset, const Dataset& from, const char* what) {
  require_same_task(from.schema, dataset.schema, what);
  const SchemaMapping mapping(from.schema, dataset.schema, what);
  std::vector<Addition> additions;
  for (const Split& split : from.splits) {
    Addition addition{split.name, std::vector<Sample>(split.samples.size())};
    for (std::size_t i = 0; i < split.samples.size(); ++i)
      mapping.apply(split.samples[i], addition.samples[i]);
    name_addition(dataset, addition);
    additions.push_back(std::move(addition));
  }
  append(dataset, std::move(additions));
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
