// Fits the tables of held-out results (docs/method.md 11).
#pragma once

#include "eval/condition_predictions.h"
#include "eval/work_progress.h"

namespace casd {

/// The same model with tables of results on held-out samples, which have a modality. Without labelled
/// samples the model has no tables. Call it last: the tables describe the probabilities of the model's
/// calibration.
///
/// The calibration may be fitted to the same samples. Its few parameters make the coverage of sets at
/// most one or two points smaller (docs/method.md 11). Calibrating on folds instead makes the sets of a
/// modality at chance far too large, because its temperature differs between folds.
ModelPtr with_guarantees(const ModelPtr& model, Span<const Sample* const> held_out, int threads,
                         const WorkProgress& progress = {});

/// The most samples of which tables are computed; of more an even selection is taken.
constexpr std::size_t most_guarantee_samples = 16384;

}  // namespace casd
