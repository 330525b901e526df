// A model's answers under the conditions, set against the targets: what metrics, selection and
// calibration all need.
#pragma once

#include "eval/conditions.h"
#include "infer/predictor.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace casd {

/// Of one condition; per sample that has a modality left, in order.
struct Answers {
  std::vector<double> uncertainty;  // U_F, labelled or not
  // Of the labelled ones:
  std::vector<const Sample*> labelled;
  std::vector<double> labelled_uncertainty;
  std::vector<double> confidence;
  std::vector<double> value;         // [labelled, outputs]: regression's values, probabilities
  std::vector<double> logits;        // [labelled, K]
  std::vector<ModalityMask> taking;  // modalities that took part
};

/// Called after each chunk with the samples done and their total.
using EvaluationProgress = std::function<void(std::int64_t, std::int64_t)>;

/// Encodes the samples once (in chunks, so that memory stays bounded) and gathers the answers under
/// each condition.
std::vector<Answers> collect_answers(Predictor& predictor, Span<const Sample* const> samples,
                                     const std::vector<Condition>& conditions,
                                     const EvaluationProgress& progress = {});

/// Classes said and true, of the labelled samples; multi-label: of output `output`.
struct Decisions {
  std::vector<std::int32_t> said, truth;
};
Decisions decisions(const Answers& answers, const Schema& schema, std::size_t output);

}  // namespace casd
