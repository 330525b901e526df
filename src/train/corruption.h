// What the student does not get to see (docs/method.md 6.2).
#pragma once

#include "infer/pack.h"

#include <cstdint>

namespace casd {

/// Per sample one non-empty combination of the modalities it has, uniformly; per sample and
/// modality a rate r ~ U(0, frame_drop); each frame dropped with chance r. A pure function of seed,
/// step and the samples' places in the batch.
Corruption draw_corruption(const Schema& schema, Span<const Sample* const> samples,
                           double frame_drop, std::uint64_t seed, std::uint64_t step);

}  // namespace casd
