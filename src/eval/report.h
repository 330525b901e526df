// The evaluation report of a model.
#pragma once

#include "eval/condition_predictions.h"
#include "eval/remarks.h"

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
  std::vector<std::pair<std::string, Numbers>> modalities;  // those of the evaluated mask
  std::vector<Remark> remarks;
};

casd_evaluate_options default_evaluate_options();

/// Evaluates under the conditions whose modalities are all in `mask`; the largest of them is the
/// complete one. `progress` may be empty; an exception that it throws ends the evaluation.
Report evaluate(Predictor& predictor, Span<const Sample* const> samples, ModalityMask mask,
                const EvaluationProgress& progress = {});
std::string report_json(const Report& report);

}  // namespace casd
