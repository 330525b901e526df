#include "eval/answers.h"

#include <algorithm>

namespace casd {
namespace {

constexpr std::size_t chunk = 512;  // samples whose evidence is held at once

void append(std::vector<double>& to, Span<const float> table, std::size_t row,
            std::size_t columns) {
  for (std::size_t c = 0; c < columns; ++c)
    to.push_back(static_cast<double>(table[row * columns + c]));
}

}  // namespace

std::vector<Answers> collect_answers(Predictor& predictor, Span<const Sample* const> samples,
                                     const std::vector<Condition>& conditions,
                                     const EvaluationProgress& progress) {
  const Schema& schema = predictor.model()->schema();
  const auto outputs = schema.outputs.size();
  const auto logits = static_cast<std::size_t>(schema.logit_count());
  const casd_field answer = schema.task == CASD_TASK_REGRESSION
                                ? static_cast<casd_field>(CASD_FIELD_VALUE)
                                : static_cast<casd_field>(CASD_FIELD_PROBABILITIES);
  std::vector<Answers> out(conditions.size());
  EvidenceTable evidence;
  Prediction prediction;
  for (std::size_t first = 0; first < samples.size(); first += chunk) {
    const auto part = samples.subspan(first, std::min(chunk, samples.size() - first));
    predictor.encode(evidence, part, schema.all(), true);
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      Answers& to = out[c];
      predictor.predict_from_evidence(prediction, evidence, conditions[c].mask);
      for (std::size_t i = 0; i < part.size(); ++i) {
        const ModalityMask taking = part[i]->given & conditions[c].mask;
        if (!taking) continue;
        append(to.uncertainty, prediction.table(CASD_FIELD_UNCERTAINTY), i, 1);
        if (part[i]->target.empty()) continue;
        to.labelled.push_back(part[i]);
        to.taking.push_back(taking);
        append(to.labelled_uncertainty, prediction.table(CASD_FIELD_UNCERTAINTY), i, 1);
        append(to.confidence, prediction.table(CASD_FIELD_CONFIDENCE), i, 1);
        append(to.value, prediction.table(answer), i, outputs);
        append(to.logits, prediction.table(CASD_FIELD_LOGITS), i, logits);
      }
    }
    if (progress)
      progress(static_cast<std::int64_t>(first + part.size()),
               static_cast<std::int64_t>(samples.size()));
  }
  return out;
}

Decisions decisions(const Answers& answers, const Schema& schema, std::size_t output) {
  const std::size_t columns = schema.outputs.size();
  const bool classes = schema.task == CASD_TASK_CLASSES;
  Decisions out;
  for (std::size_t i = 0; i < answers.labelled.size(); ++i) {
    const double* row = answers.value.data() + i * columns;
    out.said.push_back(classes
                           ? static_cast<std::int32_t>(std::max_element(row, row + columns) - row)
                           : row[output] > 0.5);
    out.truth.push_back(
        static_cast<std::int32_t>(answers.labelled[i]->target[classes ? 0 : output]));
  }
  return out;
}

}  // namespace casd
