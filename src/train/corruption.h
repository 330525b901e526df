// Random removal of modalities and frames from the student's input (docs/method.md 6.2).
#pragma once

#include "engine/packed_batch.h"

#include <cstdint>

namespace casd {

/// Keeps a uniformly drawn, non-empty subset of each sample's modalities. Draws a rate
/// r ~ U(0, frame_drop) per sample and modality and drops each frame with probability r. A pure
/// function of seed, step and the samples' rows in the batch.
Corruption draw_corruption(const Schema& schema, Span<const Sample* const> samples,
                           double frame_drop, std::uint64_t seed, std::uint64_t step);

}  // namespace casd
