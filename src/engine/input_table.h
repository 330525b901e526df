// The samples of a call as pointers into the caller's memory.
#pragma once

#include "core/span.h"
#include "model/batch.h"
#include "model/schema.h"

#include <cstdint>
#include <vector>

namespace casd {

/// Frames of one modality of one sample: [steps, features], row-major.
struct FrameSequence {
  const float* values = nullptr;
  std::int64_t steps = 0;  // 0: not given
};

/// Does not own the frames. Keeps its memory between uses.
class InputTable {
 public:
  void resize(std::int64_t samples, std::int32_t modalities);
  std::int64_t samples() const { return samples_; }
  std::int32_t modalities() const { return modalities_; }

  /// A row is `samples[i]`; the sample must fit the schema and outlive the use of the table.
  void set(std::int64_t i, const Sample& sample, const Schema& schema);
  void assign(const Schema& schema, Span<const Sample* const> samples);

  /// Modalities that sample i has.
  ModalityMask& given(std::int64_t i) { return given_[static_cast<std::size_t>(i)]; }
  ModalityMask given(std::int64_t i) const { return given_[static_cast<std::size_t>(i)]; }
  FrameSequence& frames(std::int64_t i, std::int32_t modality) {
    return frames_[static_cast<std::size_t>(i * modalities_ + modality)];
  }
  const FrameSequence& frames(std::int64_t i, std::int32_t modality) const {
    return frames_[static_cast<std::size_t>(i * modalities_ + modality)];
  }

 private:
  std::int64_t samples_ = 0;
  std::int32_t modalities_ = 0;
  std::vector<ModalityMask> given_;    // [samples]
  std::vector<FrameSequence> frames_;  // [samples, modalities]
};

}  // namespace casd
