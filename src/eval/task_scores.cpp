#include "eval/task_scores.h"

#include "eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace casd {

double mean(const std::vector<double>& values) {
  if (values.empty()) return no_metric;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

namespace {

double share(double part, double all) { return all > 0 ? 100 * part / all : no_metric; }

/// Scores of the probabilities, sets and accepted decisions of output k.
struct DecisionSums {
  double count = 0, covered = 0, members = 0, accepted = 0, errors = 0;
  std::vector<double> brier, likelihood;
  bool has_sets = true;

  void add(const ConditionPredictions& outputs, const Schema& schema, std::size_t k,
           const Decisions& d) {
    const bool classes = schema.task == CASD_TASK_CLASSES;
    const std::size_t columns = schema.outputs.size(), width = classes ? columns : 2;
    const std::size_t decided = classes ? 1 : columns;
    std::vector<double> probability;
    for (std::size_t i = 0; i < d.target.size(); ++i) {
      const double* p = outputs.value.data() + i * columns;
      const double* set = outputs.set.data() + i * width * decided + (classes ? 0 : 2 * k);
      if (classes)
        probability.insert(probability.end(), p, p + columns);
      else
        probability.insert(probability.end(), {1 - p[k], p[k]});
      has_sets &= std::isfinite(set[0]);
      ++count;
      covered += set[d.target[i]];
      members += std::accumulate(set, set + width, 0.0);
      if (outputs.abstain[i * decided + k] != 0) continue;
      ++accepted;
      errors += d.predicted[i] != d.target[i];
    }
    brier.push_back(brier_score(probability, d.target));
    likelihood.push_back(negative_log_likelihood(probability, d.target));
  }
};

}  // namespace

Classified classify(const ConditionPredictions& outputs, const Schema& schema) {
  Classified out;
  const bool classes = schema.task == CASD_TASK_CLASSES;
  const std::size_t columns = schema.outputs.size();
  const std::size_t decided = classes ? 1 : columns;
  std::vector<double> f1, hits;
  DecisionSums sums;
  for (std::size_t k = 0; k < decided; ++k) {
    const Decisions d = decisions(outputs, schema, k);
    f1.push_back(weighted_f1(d.predicted, d.target));
    hits.push_back(accuracy(d.predicted, d.target));
    sums.add(outputs, schema, k, d);
    for (std::size_t i = 0; i < d.predicted.size(); ++i) {
      const double p = outputs.value[i * columns + k];
      out.scores.add(d.predicted[i] == d.target[i], outputs.labelled_uncertainty[i],
                     classes ? outputs.confidence[i] : std::max(p, 1 - p));
    }
  }
  out.f1 = 100 * mean(f1);
  out.accuracy = 100 * mean(hits);
  out.brier = mean(sums.brier);
  out.negative_log_likelihood = mean(sums.likelihood);
  if (sums.has_sets) {
    out.coverage = share(sums.covered, sums.count);
    out.set_size = share(sums.members, sums.count) / 100;
  }
  out.accepted = share(sums.accepted, sums.count);
  out.accepted_errors = share(sums.errors, sums.accepted);
  return out;
}

Regressed regress(const ConditionPredictions& outputs, const Schema& schema) {
  const std::size_t columns = schema.outputs.size();
  std::vector<double> mae, correlations, f1, likelihood, width;
  double covered = 0, intervals = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    std::vector<double> predicted, target, deviation;
    std::vector<std::int32_t> predicted_sign, target_sign;
    bool below = false, above = false;
    for (std::size_t i = 0; i < outputs.labelled.size(); ++i) {
      predicted.push_back(outputs.value[i * columns + k]);
      target.push_back(static_cast<double>(outputs.labelled[i]->target[k]));
      deviation.push_back(outputs.deviation[i * columns + k]);
      const double* interval = outputs.interval.data() + 2 * (i * columns + k);
      if (!std::isnan(interval[0])) {
        ++intervals;
        covered += interval[0] <= target.back() && target.back() <= interval[1];
        if (std::isfinite(interval[1] - interval[0])) width.push_back(interval[1] - interval[0]);
      }
      if (target.back() == 0) continue;
      predicted_sign.push_back(predicted.back() > 0);
      target_sign.push_back(target.back() > 0);
      (target.back() > 0 ? above : below) = true;
    }
    mae.push_back(mean_absolute_error(predicted, target));
    correlations.push_back(correlation(predicted, target));
    likelihood.push_back(negative_log_likelihood(predicted, deviation, target));
    f1.push_back(below && above ? 100 * weighted_f1(predicted_sign, target_sign) : no_metric);
  }
  return {mean(mae),        mean(correlations),        mean(f1),
          mean(likelihood), share(covered, intervals), mean(width)};
}

}  // namespace casd
