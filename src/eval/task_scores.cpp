#include "eval/task_scores.h"

#include "eval/metrics.h"

#include <algorithm>
#include <numeric>

namespace casd {

double mean(const std::vector<double>& values) {
  if (values.empty()) return no_metric;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Classified classify(const ConditionPredictions& outputs, const Schema& schema) {
  Classified out;
  const bool classes = schema.task == CASD_TASK_CLASSES;
  const std::size_t columns = schema.outputs.size();
  const std::size_t decided = classes ? 1 : columns;
  std::vector<double> f1, hits;
  for (std::size_t k = 0; k < decided; ++k) {
    const Decisions d = decisions(outputs, schema, k);
    f1.push_back(weighted_f1(d.predicted, d.target));
    hits.push_back(accuracy(d.predicted, d.target));
    for (std::size_t i = 0; i < d.predicted.size(); ++i) {
      const double p = outputs.value[i * columns + k];
      out.scores.add(d.predicted[i] == d.target[i], outputs.labelled_uncertainty[i],
                     classes ? outputs.confidence[i] : std::max(p, 1 - p));
    }
  }
  out.f1 = 100 * mean(f1);
  out.accuracy = 100 * mean(hits);
  return out;
}

Regressed regress(const ConditionPredictions& outputs, const Schema& schema) {
  const std::size_t columns = schema.outputs.size();
  std::vector<double> mae, correlations, f1;
  for (std::size_t k = 0; k < columns; ++k) {
    std::vector<double> predicted, target;
    std::vector<std::int32_t> predicted_sign, target_sign;
    bool below = false, above = false;
    for (std::size_t i = 0; i < outputs.labelled.size(); ++i) {
      predicted.push_back(outputs.value[i * columns + k]);
      target.push_back(static_cast<double>(outputs.labelled[i]->target[k]));
      if (target.back() == 0) continue;
      predicted_sign.push_back(predicted.back() > 0);
      target_sign.push_back(target.back() > 0);
      (target.back() > 0 ? above : below) = true;
    }
    mae.push_back(mean_absolute_error(predicted, target));
    correlations.push_back(correlation(predicted, target));
    f1.push_back(below && above ? 100 * weighted_f1(predicted_sign, target_sign) : no_metric);
  }
  return {mean(mae), mean(correlations), mean(f1)};
}

}  // namespace casd
