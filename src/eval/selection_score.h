// The score by which training selects the best epoch.
#pragma once

#include "eval/evidence_summary.h"

namespace casd {

/// The score that training selects epochs by: the mean over the incomplete conditions (`complete`:
/// the complete condition only) of the weighted F1 in % (multi-label: its mean over the outputs), or
/// of the negated mean absolute error (regression). With one modality the complete condition counts.
/// `summary`: NULL, or receives that of all conditions; it does not change the score.
double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete,
                       EvidenceSummary* summary = nullptr);

}  // namespace casd
