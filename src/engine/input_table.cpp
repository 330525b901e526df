#include "engine/input_table.h"

namespace casd {

void InputTable::resize(std::int64_t samples, std::int32_t modalities) {
  given_.resize(static_cast<std::size_t>(samples));
  frames_.resize(static_cast<std::size_t>(samples * modalities));
  samples_ = samples;
  modalities_ = modalities;
}

void InputTable::set(std::int64_t i, const Sample& sample, const Schema& schema) {
  given(i) = sample.given;
  for (std::int32_t m = 0; m < modalities_; ++m)
    frames(i, m) = {sample.frames[static_cast<std::size_t>(m)].data(), sample.steps(schema, m)};
}

void InputTable::assign(const Schema& schema, Span<const Sample* const> samples) {
  resize(static_cast<std::int64_t>(samples.size()), schema.modality_count());
  for (std::size_t i = 0; i < samples.size(); ++i)
    set(static_cast<std::int64_t>(i), *samples[i], schema);
}

}  // namespace casd
