#include "engine/packed_batch.h"

#include "model/normaliser.h"

#include <algorithm>

namespace casd {

StandardisedSamples::StandardisedSamples(const Model& model, const InputTable& input) {
  const Schema& schema = model.schema();
  const auto clip = static_cast<float>(model.options().input_clip);
  const std::int64_t samples = input.samples();
  const auto given = [&](std::int64_t i, std::int32_t m) { return input.given(i) >> m & 1u; };
  std::size_t size = 0;
  for (std::int64_t i = 0; i < samples; ++i)
    for (std::int32_t m = 0; m < input.modalities(); ++m)
      if (given(i, m))
        size += static_cast<std::size_t>(input.frames(i, m).steps *
                                         schema.modalities[static_cast<std::size_t>(m)].features);
  frames_.resize(size);
  table_.resize(samples, input.modalities());
  float* to = frames_.data();
  for (std::int64_t i = 0; i < samples; ++i) {
    table_.given(i) = input.given(i);
    for (std::int32_t m = 0; m < input.modalities(); ++m) {
      const FrameSequence& from = input.frames(i, m);
      table_.frames(i, m) = {nullptr, from.steps};  // absent = zeros uses the length
      if (!given(i, m)) continue;
      table_.frames(i, m).values = to;
      const ModalityPlaces& places = model.layout().modalities[static_cast<std::size_t>(m)];
      const std::int32_t features = schema.modalities[static_cast<std::size_t>(m)].features;
      for (std::int64_t t = 0; t < from.steps; ++t, to += features)
        standardise(from.values + t * features, model.tensor(places.mean).data(),
                    model.tensor(places.deviation).data(), features, clip, to);
    }
  }
}

void PackedBatch::clear(std::size_t modalities, std::int64_t samples) {
  samples_ = samples;
  storage_.resize(modalities);
  modalities_.assign(modalities, {});
  for (Storage& store : storage_) {
    store.sample.clear();
    store.length.clear();
  }
}

float* PackedBatch::allocate(std::size_t m, std::int32_t features) {
  Storage& store = storage_[m];
  if (store.sample.empty()) return nullptr;
  const std::int32_t longest = *std::max_element(store.length.begin(), store.length.end());
  store.frames.assign(
      store.sample.size() * static_cast<std::size_t>(longest) * static_cast<std::size_t>(features),
      0.0f);
  modalities_[m] = {static_cast<std::int32_t>(store.sample.size()), longest, store.sample.data(),
                    store.length.data(), store.frames.data()};
  return store.frames.data();
}

void PackedBatch::pack(const NetworkLayout& layout, const InputTable& standardised,
                       Span<const std::int64_t> rows, const Corruption* corruption) {
  const std::size_t modalities = layout.modalities.size();
  const bool zeros = layout.options.absent == CASD_ABSENT_ZEROS;
  clear(modalities, static_cast<std::int64_t>(rows.size()));
  for (std::size_t m = 0; m < modalities; ++m) {
    Storage& store = storage_[m];
    const auto modality = static_cast<std::int32_t>(m);
    const auto participates = [&](std::size_t i) {
      const ModalityMask kept = corruption ? corruption->kept[i] : ~ModalityMask{0};
      return (standardised.given(rows[i]) & kept) >> m & 1u;
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!participates(i) && !zeros) continue;
      const std::int64_t steps = standardised.frames(rows[i], modality).steps;
      store.sample.push_back(static_cast<std::int32_t>(i));
      store.length.push_back(static_cast<std::int32_t>(std::max<std::int64_t>(steps, 1)));
    }
    const std::int64_t features = layout.schema.modalities[m].features;
    float* to = allocate(m, static_cast<std::int32_t>(features));
    for (std::size_t r = 0; r < store.sample.size(); ++r, to += modalities_[m].steps * features) {
      const auto i = static_cast<std::size_t>(store.sample[r]);
      if (!participates(i)) continue;  // stays a sequence of zero vectors of the sample's length
      const FrameSequence& from = standardised.frames(rows[i], modality);
      const Span<const std::uint8_t> dropped =
          corruption ? corruption->dropped(i, m, modalities) : Span<const std::uint8_t>();
      for (std::int64_t t = 0; t < from.steps; ++t)
        if (dropped.empty() || !dropped[static_cast<std::size_t>(t)])
          std::copy_n(from.values + t * features, features, to + t * features);
    }
  }
}

void PackedBatch::pack(const Model& model, Span<const EncodeItem> items) {
  const auto clip = static_cast<float>(model.options().input_clip);
  clear(model.schema().modalities.size(), static_cast<std::int64_t>(items.size()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    Storage& store = storage_[static_cast<std::size_t>(items[i].modality)];
    store.sample.push_back(static_cast<std::int32_t>(i));
    store.length.push_back(items[i].steps);
  }
  for (std::size_t m = 0; m < storage_.size(); ++m) {
    const std::int32_t features = model.schema().modalities[m].features;
    const ModalityPlaces& places = model.layout().modalities[m];
    const float* mean = model.tensor(places.mean).data();
    const float* deviation = model.tensor(places.deviation).data();
    float* to = allocate(m, features);
    for (const std::int32_t i : storage_[m].sample) {
      const EncodeItem& item = items[static_cast<std::size_t>(i)];
      if (item.frames)
        for (std::int64_t t = 0; t < item.steps; ++t)
          standardise(item.frames + t * features, mean, deviation, features, clip,
                      to + t * features);
      to += std::int64_t{modalities_[m].steps} * features;
    }
  }
}

}  // namespace casd
