// A model's report, its selection score in training, and its calibration.
#pragma once

#include "eval/answers.h"

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

/// Evaluates under the conditions whose modalities are all in `mask`; the largest of them counts as
/// the complete one. `progress` may be empty; an exception that it throws ends the evaluation.
Report evaluate(Predictor& predictor, Span<const Sample* const> samples, ModalityMask mask,
                const EvaluationProgress& progress = {});
std::string report_json(const Report& report);

/// What training selects by: mean over the incomplete conditions (or the complete one alone) of the
/// weighted F1 in % (multi-label: mean over the outputs), regression: minus the mean absolute
/// error. With one modality the complete condition counts.
double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete);

struct CalibrationRequest {
  bool temperatures = true;
  bool trust = false;
  int threads = 1;
};
/// Temperatures: per key the tau in [0.2, 20] of least unweighted cross-entropy (docs/method.md 6.4);
/// trust: one factor per modality that lowers the mean cross-entropy over all conditions. Keys
/// without a labelled sample get none. Samples whose prediction fails are left out. Regression:
/// nothing.
/// The samples are encoded once; `progress` is called while that is done, and their frames are not
/// read afterwards.
Calibration fit_calibration(const ModelPtr& model, Span<const Sample* const> samples,
                            const CalibrationRequest& request,
                            const EvaluationProgress& progress = {});

}  // namespace casd
