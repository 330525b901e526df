// The evaluation report of a model, the selection score in training, and calibration.
#pragma once

#include "eval/outputs.h"

#include <casd/evaluate.h>

#include <string>
#include <utility>
#include <vector>

namespace casd {

/// Names and numbers in the order in which they are printed.
using Numbers = std::vector<std::pair<std::string, double>>;

struct Report {
  std::vector<std::pair<std::string, Numbers>> conditions;
  Numbers overall;
};

casd_evaluate_options default_evaluate_options();

/// Evaluates under the conditions whose modalities are all in `mask`; the largest of them is the
/// complete one. `progress` may be empty; an exception that it throws ends the evaluation.
Report evaluate(Predictor& predictor, Span<const Sample* const> samples, ModalityMask mask,
                const EvaluationProgress& progress = {});
std::string report_json(const Report& report);

/// The score that training selects epochs by: the mean over the incomplete conditions (`complete`:
/// the complete condition only) of the weighted F1 in % (multi-label: its mean over the outputs), or
/// of the negated mean absolute error (regression). With one modality the complete condition counts.
double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete);

struct CalibrationRequest {
  bool temperatures = true;
  bool trust = false;
  int threads = 1;
};
/// Fits temperatures: per key the tau in [0.2, 20] with the smallest unweighted cross-entropy
/// (docs/method.md 6.4), and trust: one factor per modality that lowers the mean cross-entropy over
/// all conditions. Keys without a labelled sample get no temperature. Samples whose prediction fails
/// are left out. Regression has nothing to fit.
/// The samples are encoded once, and `progress` is called after each chunk. Their frames are not read
/// afterwards.
Calibration fit_calibration(const ModelPtr& model, Span<const Sample* const> samples,
                            const CalibrationRequest& request,
                            const EvaluationProgress& progress = {});

}  // namespace casd
