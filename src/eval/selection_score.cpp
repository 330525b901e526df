#include "eval/selection_score.h"

#include "eval/task_scores.h"

namespace casd {

double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete) {
  const Schema& schema = predictor.model()->schema();
  std::vector<ModalitySubset> wanted;
  for (const ModalitySubset& condition : modality_subsets(schema))
    if ((condition.mask == schema.all()) == (complete || schema.modality_count() == 1))
      wanted.push_back(condition);
  std::vector<double> scores;
  for (const ConditionPredictions& outputs : collect_predictions(predictor, samples, wanted)) {
    if (outputs.labelled.empty()) continue;  // no sample has these modalities
    scores.push_back(schema.task == CASD_TASK_REGRESSION ? -regress(outputs, schema).mae
                                                         : classify(outputs, schema).f1);
  }
  return mean(scores);
}

}  // namespace casd
