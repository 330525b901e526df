#include "infer/pack.h"

#include "model/normaliser.h"

#include <algorithm>

namespace casd {

void PackedBatch::pack(const Model& model, Span<const Sample* const> samples, ModalityMask mask,
                       const Corruption* corruption) {
  const Schema& schema = model.schema();
  const std::size_t modalities = schema.modalities.size();
  const bool zeros = model.options().absent == CASD_ABSENT_ZEROS;
  const auto clip = static_cast<float>(model.options().input_clip);
  storage_.resize(modalities);
  modality_.resize(modalities);
  for (std::size_t m = 0; m < modalities; ++m) {
    Storage& store = storage_[m];
    const Modality& info = schema.modalities[m];
    const auto features = static_cast<std::size_t>(info.features);
    store.sample.clear();
    store.length.clear();
    std::int32_t longest = 1;
    const auto takes_part = [&](std::size_t i) {
      const ModalityMask kept = corruption ? corruption->kept[i] : ~ModalityMask{0};
      return (samples[i]->given & mask & kept) >> m & 1u;
    };
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!takes_part(i) && !zeros) continue;
      const auto steps = static_cast<std::int32_t>(samples[i]->frames[m].size() / features);
      store.sample.push_back(static_cast<std::int32_t>(i));
      store.length.push_back(std::max(steps, 1));
      longest = std::max(longest, steps);
    }
    const std::size_t rows = store.sample.size();
    const std::size_t row_size = static_cast<std::size_t>(longest) * features;
    store.frames.assign(rows * row_size, 0.0f);
    const Span<const float> mean = model.tensor(info.name + ".normalizer.mean");
    const Span<const float> deviation = model.tensor(info.name + ".normalizer.std");
    for (std::size_t r = 0; r < rows; ++r) {
      const auto i = static_cast<std::size_t>(store.sample[r]);
      if (!takes_part(i)) continue;  // zero vectors, as long as what was given
      const std::vector<float>& frames = samples[i]->frames[m];
      const std::vector<std::uint8_t>* dropped = corruption && !corruption->dropped.empty()
                                                     ? &corruption->dropped[i * modalities + m]
                                                     : nullptr;
      for (std::size_t t = 0; t < frames.size() / features; ++t) {
        if (dropped && !dropped->empty() && (*dropped)[t]) continue;
        standardise(frames.data() + t * features, mean.data(), deviation.data(), info.features,
                    clip, store.frames.data() + r * row_size + t * features);
      }
    }
    modality_[m] = {static_cast<std::int32_t>(rows), longest, store.sample.data(),
                    store.length.data(), store.frames.data()};
  }
  view_ = {static_cast<std::int32_t>(samples.size()), static_cast<std::int32_t>(modalities),
           modality_.data()};
}

}  // namespace casd
