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
