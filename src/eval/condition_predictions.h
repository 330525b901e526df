// A model's outputs under each condition, with the targets. Used by metrics, epoch selection and
// calibration.
#pragma once

#include "eval/modality_subsets.h"
#include "eval/work_progress.h"
#include "predict/predictor.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace casd {

/// Outputs under one condition, for each sample that has a modality of the condition, in order.
/// Samples whose prediction is not finite, or whose row status is not OK, are counted in `failed`
/// and left out of the rest.
struct ConditionPredictions {
  std::int64_t failed = 0;
  std::vector<double> uncertainty;  // U_F, labelled or not
  // Of the labelled samples only:
  std::vector<const Sample*> labelled;
  std::vector<double> labelled_uncertainty;
  std::vector<double> confidence;
  std::vector<double> value;   // [labelled, outputs]: regression's values, probabilities
  std::vector<double> logits;  // [labelled, K]
  // The fields of the same names; NaN without tables of held-out results.
  std::vector<double> set;                  // [labelled, K] not of a regression
  std::vector<double> abstain;              // [labelled, decisions] not of a regression
  std::vector<double> interval;             // [labelled, 2 outputs] regression
  std::vector<double> deviation;            // [labelled, outputs] regression
  std::vector<ModalityMask> participating;  // modalities that took part
};

/// Samples whose evidence is held at once.
constexpr std::size_t chunk_samples = 512;

/// Called after each chunk with the samples done and their total.
using EvaluationProgress = std::function<void(std::int64_t, std::int64_t)>;

/// Called with the predictions of a chunk of samples under a condition (its index).
using PredictionObserver = std::function<void(std::size_t, const Prediction&)>;

/// Encodes the samples once, in chunks that bound the memory, and collects the outputs under each
/// condition. `linear`: NULL, or receives those of the linear maps alone.
std::vector<ConditionPredictions> collect_predictions(
    Predictor& predictor, Span<const Sample* const> samples,
    const std::vector<ModalitySubset>& conditions, const EvaluationProgress& progress = {},
    std::vector<ConditionPredictions>* linear = nullptr, const PredictionObserver& observer = {});

/// Samples and their evidence. Several calibrations of the same weights can be evaluated on them
/// without encoding again. The evidence takes 16 bytes per sample, modality and hidden dimension.
struct EncodedSamples {
  Span<const Sample* const> samples;  // only their targets and modality masks are read
  std::vector<EvidenceTable> chunks;
};
EncodedSamples encode_samples(Predictor& predictor, Span<const Sample* const> samples,
                              const WorkProgress& progress = {});

/// `predictor`: the model of encode_samples(), or one that differs in its calibration only.
std::vector<ConditionPredictions> collect_predictions(Predictor& predictor,
                                                      const EncodedSamples& encoded,
                                                      const std::vector<ModalitySubset>& conditions,
                                                      const WorkProgress& progress = {});

/// Predicted and target classes of the labelled samples; multi-label: those of output `output`.
struct Decisions {
  std::vector<std::int32_t> predicted, target;
};
Decisions decisions(const ConditionPredictions& outputs, const Schema& schema, std::size_t output);

}  // namespace casd
