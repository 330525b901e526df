#include "eval/evaluation.h"

#include "eval/metrics.h"
#include "eval/outputs.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace casd {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

double mean(const std::vector<double>& values) {
  if (values.empty()) return none;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Scores that should separate wrong from right predictions, over all labelled samples (multi-label:
/// each output counts as one prediction).
struct ErrorScores {
  std::vector<std::uint8_t> wrong, right;
  std::vector<double> uncertainty, confidence, negated_confidence;

  void add(bool correct, double u, double c) {
    wrong.push_back(!correct);
    right.push_back(correct);
    uncertainty.push_back(u);
    confidence.push_back(c);
    negated_confidence.push_back(-c);
  }
  void add(const ErrorScores& other) {
    for (std::size_t i = 0; i < other.wrong.size(); ++i)
      add(other.right[i], other.uncertainty[i], other.confidence[i]);
  }
};

struct Classified {
  double f1 = none, accuracy = none;
  ErrorScores scores;
};

Classified classify(const ConditionOutputs& outputs, const Schema& schema) {
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

struct Regressed {
  double mae = none, correlation = none, f1 = none;
};

Regressed regress(const ConditionOutputs& outputs, const Schema& schema) {
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
    f1.push_back(below && above ? 100 * weighted_f1(predicted_sign, target_sign) : none);
  }
  return {mean(mae), mean(correlations), mean(f1)};
}

}  // namespace

casd_evaluate_options default_evaluate_options() {
  casd_evaluate_options options{};
  options.struct_size = sizeof options;
  options.mask = CASD_ALL_MODALITIES;
  return options;
}

Report evaluate(Predictor& predictor, Span<const Sample* const> samples, ModalityMask mask,
                const EvaluationProgress& progress) {
  const Schema& schema = predictor.model()->schema();
  std::vector<Condition> all = conditions(schema);
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const Condition& c) { return (c.mask & ~mask) != 0; }),
            all.end());
  // Above six modalities not every set is a condition. The caller's mask is always evaluated.
  if (all.empty() || all.back().mask != mask) all.push_back({mask, mask_name(schema, mask)});
  const std::vector<ConditionOutputs> outputs = collect_outputs(predictor, samples, all, progress);
  const bool regression = schema.task == CASD_TASK_REGRESSION;
  Report report;
  ErrorScores pooled;
  std::vector<double> f1, mae;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const bool incomplete = all[c].mask != mask || all.size() == 1;
    Numbers numbers;
    if (regression) {
      const Regressed r = regress(outputs[c], schema);
      numbers = {{"f1", r.f1}, {"mae", r.mae}, {"correlation", r.correlation}};
      if (incomplete) {
        f1.push_back(r.f1);
        mae.push_back(r.mae);
      }
    } else {
      const Classified r = classify(outputs[c], schema);
      numbers = {{"f1", r.f1},
                 {"accuracy", r.accuracy},
                 {"ece", 100 * expected_calibration_error(r.scores.confidence, r.scores.right)},
                 {"auroc_uncertainty", auroc(r.scores.uncertainty, r.scores.wrong)},
                 {"auroc_confidence", auroc(r.scores.negated_confidence, r.scores.wrong)}};
      if (incomplete) f1.push_back(r.f1);
      pooled.add(r.scores);
    }
    numbers.emplace_back("uncertainty", mean(outputs[c].uncertainty));
    numbers.emplace_back("samples", static_cast<double>(outputs[c].uncertainty.size()));
    numbers.emplace_back("failed", static_cast<double>(outputs[c].failed));
    report.conditions.emplace_back(all[c].name, std::move(numbers));
  }
  report.overall.emplace_back("mean_incomplete_f1", mean(f1));
  if (regression) report.overall.emplace_back("mean_incomplete_mae", mean(mae));
  report.overall.emplace_back("pooled_auroc_uncertainty", auroc(pooled.uncertainty, pooled.wrong));
  report.overall.emplace_back("pooled_auroc_confidence",
                              auroc(pooled.negated_confidence, pooled.wrong));
  return report;
}

std::string report_json(const Report& report) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json json;
  json["conditions"] = Json::object();
  for (const auto& [name, numbers] : report.conditions)
    for (const auto& [key, value] : numbers) json["conditions"][name][key] = number(value);
  for (const auto& [key, value] : report.overall) json[key] = number(value);
  return json.dump();
}

double selection_score(Predictor& predictor, Span<const Sample* const> samples, bool complete) {
  const Schema& schema = predictor.model()->schema();
  std::vector<Condition> wanted;
  for (const Condition& condition : conditions(schema))
    if ((condition.mask == schema.all()) == (complete || schema.modality_count() == 1))
      wanted.push_back(condition);
  std::vector<double> scores;
  for (const ConditionOutputs& outputs : collect_outputs(predictor, samples, wanted)) {
    if (outputs.labelled.empty()) continue;  // no sample has these modalities
    scores.push_back(schema.task == CASD_TASK_REGRESSION ? -regress(outputs, schema).mae
                                                         : classify(outputs, schema).f1);
  }
  return mean(scores);
}

}  // namespace casd
