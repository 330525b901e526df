#include "eval/condition_predictions.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace casd {
namespace {

void append(std::vector<double>& to, Span<const float> table, std::size_t row,
            std::size_t columns) {
  for (std::size_t c = 0; c < columns; ++c)
    to.push_back(static_cast<double>(table[row * columns + c]));
}

Span<const Sample* const> chunk_of(Span<const Sample* const> samples, std::size_t first) {
  return samples.subspan(first, std::min(chunk_samples, samples.size() - first));
}

bool all_finite(Span<const float> table, std::size_t row, std::size_t columns) {
  return std::all_of(table.begin() + row * columns, table.begin() + (row + 1) * columns,
                     [](float value) { return std::isfinite(value); });
}

/// Adds the outputs on the samples of one chunk under each condition.
void add_outputs(std::vector<ConditionPredictions>& out, Predictor& predictor,
                 const EvidenceTable& evidence, Span<const Sample* const> samples,
                 const std::vector<ModalitySubset>& conditions, Prediction& prediction,
                 const PredictionObserver& observer = {}) {
  const Schema& schema = predictor.model()->schema();
  const auto columns = schema.outputs.size();
  const auto logits = static_cast<std::size_t>(schema.logit_count());
  const casd_field field = schema.task == CASD_TASK_REGRESSION
                               ? static_cast<casd_field>(CASD_FIELD_VALUE)
                               : static_cast<casd_field>(CASD_FIELD_PROBABILITIES);
  for (std::size_t c = 0; c < conditions.size(); ++c) {
    ConditionPredictions& to = out[c];
    predictor.predict_from_evidence(prediction, evidence, conditions[c].mask);
    if (observer) observer(c, prediction);
    const Span<const float> uncertainty = prediction.table(CASD_FIELD_UNCERTAINTY);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const ModalityMask participating = samples[i]->given & conditions[c].mask;
      if (!participating) continue;
      if (prediction.row_status(static_cast<std::int64_t>(i)) != CASD_OK ||
          !std::isfinite(uncertainty[i]) || !all_finite(prediction.table(field), i, columns)) {
        ++to.failed;
        continue;
      }
      append(to.uncertainty, uncertainty, i, 1);
      if (samples[i]->target.empty()) continue;
      to.labelled.push_back(samples[i]);
      to.participating.push_back(participating);
      append(to.labelled_uncertainty, uncertainty, i, 1);
      append(to.confidence, prediction.table(CASD_FIELD_CONFIDENCE), i, 1);
      append(to.value, prediction.table(field), i, columns);
      append(to.logits, prediction.table(CASD_FIELD_LOGITS), i, logits);
      const auto append_field = [&](std::vector<double>& numbers, casd_field wanted) {
        append(numbers, prediction.table(wanted), i,
               static_cast<std::size_t>(prediction.columns(wanted)));
      };
      append_field(to.set, CASD_FIELD_PREDICTION_SET);
      append_field(to.abstain, CASD_FIELD_ABSTAIN);
      append_field(to.interval, CASD_FIELD_INTERVAL);
      append_field(to.deviation, CASD_FIELD_STANDARD_DEVIATION);
    }
  }
}

}  // namespace

std::vector<ConditionPredictions> collect_predictions(Predictor& predictor,
                                                      Span<const Sample* const> samples,
                                                      const std::vector<ModalitySubset>& conditions,
                                                      const EvaluationProgress& progress,
                                                      std::vector<ConditionPredictions>* linear,
                                                      const PredictionObserver& observer) {
  const ModalityMask all = predictor.model()->schema().all();
  std::vector<ConditionPredictions> out(conditions.size());
  std::unique_ptr<Predictor> linear_part;
  if (linear) {
    linear->assign(conditions.size(), {});
    linear_part = predictor.linear_part();
  }
  EvidenceTable evidence;
  Prediction prediction;
  for (std::size_t first = 0; first < samples.size(); first += chunk_samples) {
    const Span<const Sample* const> part = chunk_of(samples, first);
    predictor.encode(evidence, part, all, true);
    add_outputs(out, predictor, evidence, part, conditions, prediction, observer);
    if (linear) add_outputs(*linear, *linear_part, evidence, part, conditions, prediction);
    if (progress)
      progress(static_cast<std::int64_t>(first + part.size()),
               static_cast<std::int64_t>(samples.size()));
  }
  return out;
}

EncodedSamples encode_samples(Predictor& predictor, Span<const Sample* const> samples,
                              const WorkProgress& progress) {
  const ModalityMask all = predictor.model()->schema().all();
  EncodedSamples out{samples, {}};
  for (std::size_t first = 0; first < samples.size(); first += chunk_samples) {
    const Span<const Sample* const> part = chunk_of(samples, first);
    out.chunks.emplace_back();
    predictor.encode(out.chunks.back(), part, all, true);
    report(progress, first + part.size(), samples.size());
  }
  return out;
}

std::vector<ConditionPredictions> collect_predictions(Predictor& predictor,
                                                      const EncodedSamples& encoded,
                                                      const std::vector<ModalitySubset>& conditions,
                                                      const WorkProgress& progress) {
  std::vector<ConditionPredictions> out(conditions.size());
  Prediction prediction;
  for (std::size_t k = 0; k < encoded.chunks.size(); ++k) {
    add_outputs(out, predictor, encoded.chunks[k], chunk_of(encoded.samples, k * chunk_samples),
                conditions, prediction);
    report(progress, k + 1, encoded.chunks.size());
  }
  return out;
}

Decisions decisions(const ConditionPredictions& outputs, const Schema& schema, std::size_t output) {
  const std::size_t columns = schema.outputs.size();
  const bool classes = schema.task == CASD_TASK_CLASSES;
  Decisions out;
  for (std::size_t i = 0; i < outputs.labelled.size(); ++i) {
    const double* row = outputs.value.data() + i * columns;
    out.predicted.push_back(
        classes ? static_cast<std::int32_t>(std::max_element(row, row + columns) - row)
                : row[output] > 0.5);
    out.target.push_back(
        static_cast<std::int32_t>(outputs.labelled[i]->target[classes ? 0 : output]));
  }
  return out;
}

}  // namespace casd
