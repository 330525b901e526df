#include "engine/packed_batch.h"

#include "model/normaliser.h"

#include <algorithm>

namespace casd {

void PackedBatch::pack(const Model& model, Span<const Sample* const> samples, ModalityMask mask,
                       const Corruption* corruption) {
  input_.assign(model.schema(), samples);
  pack_rows(model, input_, 0, input_.samples(), mask, corruption);
}

void PackedBatch::pack(const Model& model, const InputTable& input, std::int64_t first,
                       std::int64_t count, ModalityMask mask) {
  pack_rows(model, input, first, count, mask, nullptr);
}

void PackedBatch::pack_rows(const Model& model, const InputTable& input, std::int64_t first,
                            std::int64_t count, ModalityMask mask, const Corruption* corruption) {
  const Schema& schema = model.schema();
  const std::int32_t modalities = schema.modality_count();
  const bool zeros = model.options().absent == CASD_ABSENT_ZEROS;
  const auto clip = static_cast<float>(model.options().input_clip);
  storage_.resize(static_cast<std::size_t>(modalities));
  modality_.resize(static_cast<std::size_t>(modalities));
  for (std::int32_t m = 0; m < modalities; ++m) {
    Storage& store = storage_[static_cast<std::size_t>(m)];
    const Modality& info = schema.modalities[static_cast<std::size_t>(m)];
    const ModalityPlaces& places = model.layout().modalities[static_cast<std::size_t>(m)];
    store.sample.clear();
    store.length.clear();
    std::int32_t longest = 1;
    const auto participates = [&](std::int64_t i) {
      const ModalityMask kept =
          corruption ? corruption->kept[static_cast<std::size_t>(i)] : ~ModalityMask{0};
      return (input.given(first + i) & mask & kept) >> m & 1u;
    };
    for (std::int64_t i = 0; i < count; ++i) {
      if (!participates(i) && !zeros) continue;
      const auto steps = static_cast<std::int32_t>(input.frames(first + i, m).steps);
      store.sample.push_back(static_cast<std::int32_t>(i));
      store.length.push_back(std::max(steps, 1));
      longest = std::max(longest, steps);
    }
    const std::size_t rows = store.sample.size();
    const std::size_t row_size =
        static_cast<std::size_t>(longest) * static_cast<std::size_t>(info.features);
    store.frames.assign(rows * row_size, 0.0f);
    const Span<const float> mean = model.tensor(places.mean);
    const Span<const float> deviation = model.tensor(places.deviation);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::int64_t i = store.sample[r];
      if (!participates(i)) continue;  // stays a sequence of zero vectors of the sample's length
      const FrameSequence& frames = input.frames(first + i, m);
      const std::vector<std::uint8_t>* dropped =
          corruption && !corruption->dropped.empty()
              ? &corruption->dropped[static_cast<std::size_t>(i * modalities + m)]
              : nullptr;
      for (std::int64_t t = 0; t < frames.steps; ++t) {
        if (dropped && !dropped->empty() && (*dropped)[static_cast<std::size_t>(t)]) continue;
        standardise(frames.values + t * info.features, mean.data(), deviation.data(), info.features,
                    clip, store.frames.data() + r * row_size + t * info.features);
      }
    }
    modality_[static_cast<std::size_t>(m)] = {static_cast<std::int32_t>(rows), longest,
                                              store.sample.data(), store.length.data(),
                                              store.frames.data()};
  }
  view_ = {static_cast<std::int32_t>(count), modalities, modality_.data()};
}

}  // namespace casd
