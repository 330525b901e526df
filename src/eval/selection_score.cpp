#include "eval/selection_score.h"

namespace casd {

double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete,
                       EvidenceSummary* summary) {
  const Schema& schema = predictor.model()->schema();
  const auto counts = [&](const ModalitySubset& condition) {
    return (condition.mask == schema.all()) == (complete || schema.modality_count() == 1);
  };
  std::vector<ModalitySubset> wanted;
  for (const ModalitySubset& condition : modality_subsets(schema))
    if (summary || counts(condition)) wanted.push_back(condition);
  EvidenceSummaryBuilder builder(schema, wanted);
  PredictionObserver observer;
  if (summary) observer = [&](std::size_t c, const Prediction& rows) { builder.add(c, rows); };
  const std::vector<ConditionPredictions> outputs =
      collect_predictions(predictor, samples, wanted, {}, nullptr, observer);
  std::vector<double> scores, counted;
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    scores.push_back(schema.task == CASD_TASK_REGRESSION ? -regress(outputs[c], schema).mae
                                                         : classify(outputs[c], schema).f1);
    // Without a labelled sample: no sample has these modalities.
    if (counts(wanted[c]) && !outputs[c].labelled.empty()) counted.push_back(scores.back());
  }
  if (summary) *summary = builder.finish(outputs, scores);
  return mean(counted);
}

}  // namespace casd
