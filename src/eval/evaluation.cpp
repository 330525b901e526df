#include "eval/evaluation.h"

#include "eval/answers.h"
#include "eval/metrics.h"

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

/// What tells errors from hits, over all labelled answers (multi-label: each output is one).
struct ErrorSigns {
  std::vector<std::uint8_t> wrong, right;
  std::vector<double> uncertainty, confidence, doubt;

  void add(bool hit, double u, double sure) {
    wrong.push_back(!hit);
    right.push_back(hit);
    uncertainty.push_back(u);
    confidence.push_back(sure);
    doubt.push_back(-sure);
  }
  void add(const ErrorSigns& other) {
    for (std::size_t i = 0; i < other.wrong.size(); ++i)
      add(other.right[i], other.uncertainty[i], other.confidence[i]);
  }
};

struct Classified {
  double f1 = none, accuracy = none;
  ErrorSigns signs;
};

Classified classify(const Answers& answers, const Schema& schema) {
  Classified out;
  const bool classes = schema.task == CASD_TASK_CLASSES;
  const std::size_t columns = schema.outputs.size();
  const std::size_t judged = classes ? 1 : columns;
  std::vector<double> f1, hits;
  for (std::size_t k = 0; k < judged; ++k) {
    const Decisions d = decisions(answers, schema, k);
    f1.push_back(weighted_f1(d.said, d.truth));
    hits.push_back(accuracy(d.said, d.truth));
    for (std::size_t i = 0; i < d.said.size(); ++i) {
      const double p = answers.value[i * columns + k];
      out.signs.add(d.said[i] == d.truth[i], answers.labelled_uncertainty[i],
                    classes ? answers.confidence[i] : std::max(p, 1 - p));
    }
  }
  out.f1 = 100 * mean(f1);
  out.accuracy = 100 * mean(hits);
  return out;
}

struct Regressed {
  double mae = none, correlation = none, f1 = none;
};

Regressed regress(const Answers& answers, const Schema& schema) {
  const std::size_t columns = schema.outputs.size();
  std::vector<double> mae, related, f1;
  for (std::size_t k = 0; k < columns; ++k) {
    std::vector<double> said, truth;
    std::vector<std::int32_t> said_sign, true_sign;
    bool below = false, above = false;
    for (std::size_t i = 0; i < answers.labelled.size(); ++i) {
      said.push_back(answers.value[i * columns + k]);
      truth.push_back(static_cast<double>(answers.labelled[i]->target[k]));
      if (truth.back() == 0) continue;
      said_sign.push_back(said.back() > 0);
      true_sign.push_back(truth.back() > 0);
      (truth.back() > 0 ? above : below) = true;
    }
    mae.push_back(mean_absolute_error(said, truth));
    related.push_back(correlation(said, truth));
    f1.push_back(below && above ? 100 * weighted_f1(said_sign, true_sign) : none);
  }
  return {mean(mae), mean(related), mean(f1)};
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
  // Above six modalities not every set is a condition; the one asked for always is.
  if (all.empty() || all.back().mask != mask) all.push_back({mask, mask_name(schema, mask)});
  const std::vector<Answers> answers = collect_answers(predictor, samples, all, progress);
  const bool regression = schema.task == CASD_TASK_REGRESSION;
  Report report;
  ErrorSigns pooled;
  std::vector<double> f1, mae;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const bool incomplete = all[c].mask != mask || all.size() == 1;
    Numbers numbers;
    if (regression) {
      const Regressed r = regress(answers[c], schema);
      numbers = {{"f1", r.f1}, {"mae", r.mae}, {"correlation", r.correlation}};
      if (incomplete) {
        f1.push_back(r.f1);
        mae.push_back(r.mae);
      }
    } else {
      const Classified r = classify(answers[c], schema);
      numbers = {{"f1", r.f1},
                 {"accuracy", r.accuracy},
                 {"ece", 100 * expected_calibration_error(r.signs.confidence, r.signs.right)},
                 {"auroc_uncertainty", auroc(r.signs.uncertainty, r.signs.wrong)},
                 {"auroc_confidence", auroc(r.signs.doubt, r.signs.wrong)}};
      if (incomplete) f1.push_back(r.f1);
      pooled.add(r.signs);
    }
    numbers.emplace_back("uncertainty", mean(answers[c].uncertainty));
    numbers.emplace_back("samples", static_cast<double>(answers[c].uncertainty.size()));
    numbers.emplace_back("failed", static_cast<double>(answers[c].failed));
    report.conditions.emplace_back(all[c].name, std::move(numbers));
  }
  report.overall.emplace_back("mean_incomplete_f1", mean(f1));
  if (regression) report.overall.emplace_back("mean_incomplete_mae", mean(mae));
  report.overall.emplace_back("pooled_auroc_uncertainty", auroc(pooled.uncertainty, pooled.wrong));
  report.overall.emplace_back("pooled_auroc_confidence", auroc(pooled.doubt, pooled.wrong));
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
  for (const Answers& answers : collect_answers(predictor, samples, wanted)) {
    if (answers.labelled.empty()) continue;  // nobody has these modalities
    scores.push_back(schema.task == CASD_TASK_REGRESSION ? -regress(answers, schema).mae
                                                         : classify(answers, schema).f1);
  }
  return mean(scores);
}

}  // namespace casd
