// A model's answers under the conditions, set against the targets: what metrics, selection and
// calibration all need.
#pragma once

#include "eval/conditions.h"
#include "infer/predictor.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace casd {

/// Of one condition; per sample that has a modality left, in order. Samples whose prediction is not
/// finite, or whose row status is not OK, are counted in `failed` and left out of the rest.
struct Answers {
  std::int64_t failed = 0;
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

/// Samples together with their evidence, for trying several calibrations of one set of weights.
/// The evidence needs 16 bytes per sample, modality and hidden dimension.
struct EncodedSamples {
  Span<const Sample* const> samples;  // only targets and modalities are read from now on
  std::vector<EvidenceTable> chunks;
};
EncodedSamples encode_samples(Predictor& predictor, Span<const Sample* const> samples,
                              const EvaluationProgress& progress = {});

/// `predictor`: the model of encode_samples(), or one that differs in its calibration only.
std::vector<Answers> collect_answers(Predictor& predictor, const EncodedSamples& encoded,
                                     const std::vector<Condition>& conditions);

/// Classes said and true, of the labelled samples; multi-label: of output `output`.
struct Decisions {
  std::vector<std::int32_t> said, truth;
};
Decisions decisions(const Answers& answers, const Schema& schema, std::size_t output);

}  // namespace casd
