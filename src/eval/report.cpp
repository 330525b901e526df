#include "eval/report.h"

#include "eval/metrics.h"
#include "eval/task_scores.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace casd {

casd_evaluate_options default_evaluate_options() {
  casd_evaluate_options options{};
  options.struct_size = sizeof options;
  options.mask = CASD_ALL_MODALITIES;
  return options;
}

Report evaluate(Predictor& predictor, Span<const Sample* const> samples, ModalityMask mask,
                const EvaluationProgress& progress) {
  const Schema& schema = predictor.model()->schema();
  std::vector<ModalitySubset> all = modality_subsets(schema);
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const ModalitySubset& c) { return (c.mask & ~mask) != 0; }),
            all.end());
  // Above six modalities not every set is a condition. The caller's mask is always evaluated.
  if (all.empty() || all.back().mask != mask) all.push_back({mask, mask_name(schema, mask)});
  const bool has_linear = predictor.model()->options().linear != 0;
  std::vector<ConditionPredictions> linear;
  EvidenceSummaryBuilder builder(schema, all);
  const std::vector<ConditionPredictions> outputs = collect_predictions(
      predictor, samples, all, progress, has_linear ? &linear : nullptr,
      [&](std::size_t c, const Prediction& prediction) { builder.add(c, prediction); });
  const bool regression = schema.task == CASD_TASK_REGRESSION;
  Report report;
  ErrorScores pooled;
  std::vector<double> f1, mae, scores;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const bool incomplete = all[c].mask != mask || all.size() == 1;
    Numbers numbers;
    if (regression) {
      const Regressed r = regress(outputs[c], schema);
      numbers = {{"f1", r.f1},
                 {"mae", r.mae},
                 {"correlation", r.correlation},
                 {"nll", r.negative_log_likelihood},
                 {"coverage", r.coverage},
                 {"interval_width", r.interval_width},
                 {"linear_mae", has_linear ? regress(linear[c], schema).mae : no_metric}};
      scores.push_back(-r.mae);
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
                 {"auroc_confidence", auroc(r.scores.negated_confidence, r.scores.wrong)},
                 {"aurc", risk_coverage_area(r.scores.confidence, r.scores.wrong)},
                 {"brier", r.brier},
                 {"nll", r.negative_log_likelihood},
                 {"coverage", r.coverage},
                 {"set_size", r.set_size},
                 {"accepted", r.accepted},
                 {"accepted_errors", r.accepted_errors},
                 {"linear_f1", has_linear ? classify(linear[c], schema).f1 : no_metric}};
      scores.push_back(r.f1);
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
  const EvidenceSummary summary = builder.finish(outputs, scores);
  for (std::size_t m = 0; m < schema.modalities.size(); ++m)
    if (mask >> m & 1u)
      report.modalities.push_back(
          {schema.modalities[m].name,
           {{"degrees_of_freedom", summary.modalities[m].degrees_of_freedom},
            {"weight", summary.modalities[m].weight},
            {"variance", summary.modalities[m].variance}}});
  report.remarks = evidence_remarks(schema, predictor.model()->options(), summary);
  return report;
}

std::string report_json(const Report& report) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json json;
  const auto add = [&](const char* part, const auto& entries) {
    json[part] = Json::object();
    for (const auto& [name, numbers] : entries)
      for (const auto& [key, value] : numbers) json[part][name][key] = number(value);
  };
  add("conditions", report.conditions);
  for (const auto& [key, value] : report.overall) json[key] = number(value);
  add("modalities", report.modalities);
  json["remarks"] = Json::array();
  for (const Remark& remark : report.remarks) json["remarks"].push_back(remark.text);
  return json.dump();
}

}  // namespace casd
