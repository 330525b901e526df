#include "data/dataset.h"

#include "core/crc32.h"
#include "core/error.h"

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

/// Calls `body`, which appends samples and splits. On failure they are removed again.
template <class Body>
void append_or_undo(Dataset& dataset, Body&& body) {
  std::vector<std::size_t> sizes;
  for (const Split& split : dataset.splits) sizes.push_back(split.samples.size());
  try {
    body();
  } catch (...) {
    while (dataset.splits.size() > sizes.size()) dataset.splits.pop_back();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      SampleList& samples = dataset.splits[i].samples;
      while (samples.size() > sizes[i]) samples.pop_back();
    }
    throw;
  }
}

/// Appends a sample; without a name it gets its number in the split.
void append(Split& split, const SchemaMapping& mapping, const Sample& from) {
  const std::size_t number = split.samples.size();
  Sample& sample = split.samples.emplace_back();
  mapping.apply(from, sample);
  if (sample.name.empty()) sample.name = std::to_string(number);
}

}  // namespace

void add_samples(Dataset& dataset, const std::string& name, const Batch& batch) {
  require_same_task(batch.schema(), dataset.schema, "the batch");
  const SchemaMapping mapping(batch.schema(), dataset.schema, "the batch");
  append_or_undo(dataset, [&] {
    Split& split = dataset.split(name);
    for (std::int64_t i = 0; i < batch.size(); ++i) append(split, mapping, batch[i]);
  });
}

void add_splits(Dataset& dataset, const Dataset& from, const char* what) {
  require_same_task(from.schema, dataset.schema, what);
  const SchemaMapping mapping(from.schema, dataset.schema, what);
  append_or_undo(dataset, [&] {
    for (const Split& split : from.splits) {
      Split& to = dataset.split(split.name);
      // Counted first: `from` can be the dataset itself.
      for (std::size_t i = 0, count = split.samples.size(); i < count; ++i)
        append(to, mapping, split.samples[i]);
    }
  });
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
