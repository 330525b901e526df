#include "evaluation.h"

#include "common.h"
#include "output.h"
#include "table.h"

#include <algorithm>
#include <cmath>

namespace program {
namespace {

struct Column {
  const char* title;
  const char* name;
  int digits;
};
/// In the order of their importance (Table).
using Columns = std::vector<Column>;
const Columns class_columns = {{"F1 %", "f1", 1},
                               {"mean uncertainty", "uncertainty", 2},
                               {"accuracy %", "accuracy", 1},
                               {"ECE %", "ece", 1},
                               {"AUROC of uncertainty", "auroc_uncertainty", 3},
                               {"AUROC of confidence", "auroc_confidence", 3}};
const Columns regression_columns = {{"mean absolute error", "mae", 3},
                                    {"mean uncertainty", "uncertainty", 2},
                                    {"correlation", "correlation", 3},
                                    {"F1 % of the sign", "f1", 1}};

double value_of(const casd_report* report, const char* condition, const char* name) {
  double value = 0;
  check(casd_report_value(&value, report, condition, name));
  return value;
}

std::vector<std::string> conditions_of(const casd_report* report) {
  std::vector<std::string> out;
  for (int32_t i = 0; i < casd_report_condition_count(report); ++i)
    out.emplace_back(casd_report_condition(report, i));
  return out;
}

/// What the first column has for the linear maps alone, of all modalities; NaN if there are none.
double linear_value(const casd_report* report) {
  const std::string all = conditions_of(report).back();
  double value = NAN;
  for (const char* name : {"linear_f1", "linear_mae"})
    if (casd_report_value(&value, report, all.c_str(), name) == CASD_OK) return value;
  return NAN;
}

/// A column without a single number is left out. The last row is that of the linear maps.
void print_conditions(const casd_report* report, const Columns& all) {
  const std::vector<std::string> conditions = conditions_of(report);
  Columns columns;
  std::copy_if(all.begin(), all.end(), std::back_inserter(columns), [&](const Column& column) {
    return std::any_of(conditions.begin(), conditions.end(), [&](const std::string& condition) {
      return std::isfinite(value_of(report, condition.c_str(), column.name));
    });
  });
  std::vector<std::string> headings = {"condition"};
  for (const Column& column : columns) headings.emplace_back(column.title);
  Table table(headings);
  for (const std::string& condition : conditions) {
    std::vector<std::string> row = {condition};
    for (const Column& column : columns)
      row.push_back(number(value_of(report, condition.c_str(), column.name), column.digits));
    table.add(row);
  }
  const double linear = linear_value(report);
  if (std::isfinite(linear)) {
    std::vector<std::string> row = {"linear maps alone", number(linear, all[0].digits)};
    row.resize(headings.size(), "-");
    table.add(row);
  }
  table.print();
}

void remark_on_auroc(const casd_report* report, const char* name, const char* word,
                     const char* meaning) {
  std::vector<std::string> below;
  for (const std::string& condition : conditions_of(report))
    if (value_of(report, condition.c_str(), name) < 0.5) below.push_back(condition);
  if (below.empty()) return;
  print_wrapped(std::string("Remark: the AUROC of the ") + word +
                " is below 0.5 (worse than chance) for " + joined(below) + ": there, " + meaning +
                " does not indicate errors.");
}

/// The range of a number over the conditions, "88.0 to 91.5"; "" if no condition has it.
std::string range_of(const casd_report* report, const char* name, int digits) {
  double least = HUGE_VAL, most = -HUGE_VAL;
  for (const std::string& condition : conditions_of(report)) {
    const double value = value_of(report, condition.c_str(), name);
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  return least > most ? "" : number(least, digits) + " to " + number(most, digits);
}

void print_coverage(const casd_report* report, const char* what, const char* size_name,
                    const char* size) {
  const std::string coverage = range_of(report, "coverage", 1);
  if (coverage.empty()) return;
  print_wrapped(std::string(what) + " contain the truth for " + coverage + " % of the samples, " +
                size + " " + range_of(report, size_name, 2) + ".");
}

void print_class_summary(const casd_report* report) {
  const double uncertainty = value_of(report, nullptr, "pooled_auroc_uncertainty");
  const double confidence = value_of(report, nullptr, "pooled_auroc_confidence");
  print_wrapped("mean F1 of the incomplete conditions: " +
                number(value_of(report, nullptr, "mean_incomplete_f1"), 1) + " %");
  print_wrapped("AUROC over all conditions: uncertainty " + number(uncertainty, 3) +
                ", confidence " + number(confidence, 3));
  print_coverage(report, "Prediction sets", "set_size", "mean size");
  if (uncertainty < 0.5)
    print_wrapped(
        "Remark: the AUROC of the uncertainty is below 0.5 over all conditions: worse than chance. "
        "With this model and this data a large uncertainty does not indicate errors.");
  remark_on_auroc(report, "auroc_uncertainty", "uncertainty", "a large uncertainty");
  remark_on_auroc(report, "auroc_confidence", "confidence", "a low confidence");
  print_text("\n");
  print_wrapped(
      "AUROC: how well a large uncertainty, or a low confidence, separates wrong predictions from "
      "right "
      "ones (1: always, 0.5: by chance).");
  print_wrapped("ECE: expected calibration error, 15 bins.");
}

void print_regression_summary(const casd_report* report) {
  print_wrapped("mean absolute error of the incomplete conditions: " +
                number(value_of(report, nullptr, "mean_incomplete_mae"), 3));
  print_coverage(report, "Intervals", "interval_width", "mean width");
  std::vector<std::string> order = conditions_of(report);
  const auto uncertainty = [&](const std::string& condition) {
    const double value = value_of(report, condition.c_str(), "uncertainty");
    return std::isfinite(value) ? value : HUGE_VAL;
  };
  std::stable_sort(order.begin(), order.end(), [&](const std::string& a, const std::string& b) {
    return uncertainty(a) < uncertainty(b);
  });
  if (order.size() > 1)
    print_wrapped("conditions from the most to the least certain: " + joined(order));
}

/// The condition of one modality with the best value; "" if there is only one condition.
std::string best_single(const casd_report* report, const char* name, bool low_is_good) {
  std::string best;
  double best_value = 0;
  for (const std::string& condition : conditions_of(report)) {
    const double value = value_of(report, condition.c_str(), name);
    if (condition.find('+') != std::string::npos || !std::isfinite(value)) continue;
    if (!best.empty() && (low_is_good ? value >= best_value : value <= best_value)) continue;
    best = condition;
    best_value = value;
  }
  return best;
}

/// Two standard errors of a share of `samples`, in %, or of a mean absolute error, whose errors are
/// taken to spread as much as their mean.
double noise_of(double value, double samples, bool regression) {
  if (regression) return 2 * value / std::sqrt(samples);
  return 2 * std::sqrt(std::max(value * (100 - value), 0.0) / samples);
}

}  // namespace

void print_fusion_remark(const casd_report* report, casd_task task) {
  const bool regression = task == CASD_TASK_REGRESSION;
  const std::vector<std::string> conditions = conditions_of(report);
  const std::string single = best_single(report, regression ? "mae" : "f1", regression);
  if (conditions.size() < 2 || single.empty()) return;
  const char* const all = conditions.back().c_str();
  const double fused = value_of(report, all, regression ? "mae" : "f1");
  const double noise = noise_of(fused, value_of(report, all, "samples"), regression);
  const auto ahead = [&](double other) {
    return (regression ? fused - other : other - fused) > noise;
  };
  bool remarked = false;
  const auto remark = [&](double other, const std::string& what) {
    if (!ahead(other)) return;
    remarked = true;
    print_wrapped("Remark: " + what +
                  " alone is ahead of all modalities together by more than the noise "
                  "of this many samples (two standard errors): " +
                  number(other, regression ? 3 : 1) + " against " +
                  number(fused, regression ? 3 : 1) + ".");
  };
  remark(value_of(report, single.c_str(), regression ? "mae" : "f1"), single);
  remark(linear_value(report), "the linear model");
  if (!remarked)
    print_wrapped(
        "No single modality" +
        std::string(std::isfinite(linear_value(report)) ? " and not the linear model alone" : "") +
        " is ahead of all modalities together by more than the noise of this many samples.");
}

void print_evaluation(const casd_report* report, casd_task task) {
  const bool regression = task == CASD_TASK_REGRESSION;
  print_conditions(report, regression ? regression_columns : class_columns);
  print_text("\n");
  if (regression)
    print_regression_summary(report);
  else
    print_class_summary(report);
  print_wrapped(uncertainty_legend);
}

std::vector<std::string> training_remarks(const casd_trainer* trainer) {
  std::vector<std::string> out;
  for (int32_t i = 0; const char* remark = casd_trainer_remark(trainer, i); ++i)
    out.push_back(std::string("Remark: ") + remark + ".");
  return out;
}

void print_training_monitor(const casd_trainer* trainer, const casd_schema* schema) {
  const auto value = [&](casd_train_quantity quantity, casd_modality_mask mask, int digits) {
    double out = NAN;
    check(casd_trainer_monitor_value(&out, trainer, quantity, mask));
    return number(out, digits);
  };
  Table table({"modality", "evidence nu", "weight C", "variance V", "sigma_F"});
  const int32_t modalities = casd_schema_modality_count(schema);
  for (int32_t m = 0; m < modalities; ++m) {
    const casd_modality_mask mask = casd_modality_mask{1} << m;
    table.add({casd_schema_modality_name(schema, m), value(CASD_TRAIN_DEGREES_OF_FREEDOM, mask, 1),
               value(CASD_TRAIN_WEIGHT, mask, 2), value(CASD_TRAIN_VARIANCE, mask, 2),
               value(CASD_TRAIN_SCALE, mask, 2)});
  }
  if (modalities > 1)
    table.add({"all", "-", "-", "-", value(CASD_TRAIN_SCALE, CASD_ALL_MODALITIES, 2)});
  print_text("\n");
  table.print();
  for (const std::string& remark : training_remarks(trainer)) print_wrapped(remark);
}

}  // namespace program
