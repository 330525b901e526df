// The score by which training selects the best epoch.
#pragma once

#include "predict/predictor.h"

namespace casd {

/// The score that training selects epochs by: the mean over the incomplete conditions (`complete`:
/// the complete condition only) of the weighted F1 in % (multi-label: its mean over the outputs), or
/// of the negated mean absolute error (regression). With one modality the complete condition counts.
double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete);

}  // namespace casd
