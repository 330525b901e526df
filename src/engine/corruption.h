// Random removal of modalities and frames from the student's input (docs/method.md 6.2). A pure
// function of seed, step and the position of a sample in the whole batch.
#pragma once

#include "core/span.h"
#include "engine/input_table.h"

#include <cstdint>
#include <vector>

namespace casd {

/// The modalities that are kept and the frames that are dropped of some samples. Can be drawn again, in
/// the same memory.
struct Corruption {
  std::vector<ModalityMask> kept;    // [samples]
  std::vector<std::uint8_t> frames;  // 1 per dropped frame of each kept modality of each sample
  std::vector<std::size_t> ends;  // [samples * modalities] of `frames`; empty: nothing is dropped
  std::vector<float> numbers;     // scratch memory

  /// Of modality m of sample i in `modalities`; empty: nothing is dropped.
  Span<const std::uint8_t> dropped(std::size_t i, std::size_t m, std::size_t modalities) const {
    if (ends.empty()) return {};
    const std::size_t at = i * modalities + m, begin = at == 0 ? 0 : ends[at - 1];
    return {frames.data() + begin, ends[at] - begin};
  }
  /// Memory for samples of at most `steps` frames in all modalities together.
  void reserve(std::size_t samples, std::size_t modalities, std::size_t steps);
};

/// The random numbers of one step.
struct CorruptionKey {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
};

/// A uniformly drawn, non-empty subset of `given`; 0 if that is 0. `row`: position in the batch.
ModalityMask draw_kept_modalities(const CorruptionKey& key, std::int64_t row, ModalityMask given);

/// Keeps draw_kept_modalities() of each sample. Draws a rate r ~ U(0, frame_drop) per sample and
/// modality and drops each frame with probability r. `rows`: rows of `input`; `first_row`: position of
/// the first in the batch.
void draw_corruption(const InputTable& input, Span<const std::int64_t> rows, double frame_drop,
                     const CorruptionKey& key, std::int64_t first_row, Corruption& out);

}  // namespace casd
