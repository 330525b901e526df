// Random removal of modalities and frames from the student's input (docs/method.md 6.2). A pure
// function of seed, step and the position of a sample in the whole batch.
#pragma once

#include "core/span.h"
#include "engine/input_table.h"

#include <cstdint>
#include <vector>

namespace casd {

/// The modalities that are kept and the frames that are dropped of some samples.
struct Corruption {
  std::vector<ModalityMask> kept;                  // [samples]
  std::vector<std::vector<std::uint8_t>> dropped;  // [samples * modalities]: 1 per dropped frame
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
Corruption draw_corruption(const InputTable& input, Span<const std::int64_t> rows,
                           double frame_drop, const CorruptionKey& key, std::int64_t first_row);

}  // namespace casd
