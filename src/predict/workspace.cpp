#include "predict/workspace.h"

#include <algorithm>

namespace casd {
namespace {

// Size of a full cache. It holds all lengths up to 512 frames of three modalities of the default
// network.
constexpr std::int64_t cache_bytes = 1 << 20;
constexpr std::int64_t fewest_entries = 64;

}  // namespace

ZeroSequenceCache::ZeroSequenceCache(const Model& model)
    : modalities_(model.schema().modality_count()),
      width_(4 * static_cast<std::int64_t>(model.options().hidden)),
      entries_(std::min((static_cast<std::int64_t>(model.options().max_steps) + 1) * modalities_,
                        std::max(fewest_entries, cache_bytes / (width_ * static_cast<std::int64_t>(
                                                                             sizeof(float)))))) {}

void ZeroSequenceCache::reserve() {
  if (values_) return;
  keys_.assign(static_cast<std::size_t>(entries_), -1);
  const auto count = static_cast<std::size_t>(entries_ * width_);
  values_.reset(new float[count]);
  counted_.emplace(count * sizeof(float));
}

const float* ZeroSequenceCache::find(std::int32_t modality, std::int64_t steps) const {
  const std::int64_t wanted = key(modality, steps), entry = wanted % entries_;
  return keys_[static_cast<std::size_t>(entry)] == wanted ? values_.get() + entry * width_
                                                          : nullptr;
}

float* ZeroSequenceCache::insert(std::int32_t modality, std::int64_t steps) {
  const std::int64_t wanted = key(modality, steps), entry = wanted % entries_;
  keys_[static_cast<std::size_t>(entry)] = wanted;
  return values_.get() + entry * width_;
}

}  // namespace casd
