// Metrics of one condition by task. Used by the report and by the selection score.
#pragma once

#include "eval/condition_predictions.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace casd {

/// Value of a metric that cannot be computed.
constexpr double no_metric = std::numeric_limits<double>::quiet_NaN();

/// NaN for an empty list.
double mean(const std::vector<double>& values);

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

/// F1 and accuracy in %; multi-label: means over the outputs, each of which is a decision.
struct Classified {
  double f1 = no_metric, accuracy = no_metric;
  ErrorScores scores;
  double brier = no_metric, negative_log_likelihood = no_metric;
  double coverage = no_metric, set_size = no_metric;         // in %; members per decision
  double accepted = no_metric, accepted_errors = no_metric;  // in % of decisions, of accepted ones
};
Classified classify(const ConditionPredictions& outputs, const Schema& schema);

/// Means over the outputs. F1 in % is that of the sign; NaN where all targets have the same sign.
struct Regressed {
  double mae = no_metric, correlation = no_metric, f1 = no_metric;
  double negative_log_likelihood = no_metric;               // of a normal distribution
  double coverage = no_metric, interval_width = no_metric;  // in %; finite intervals only
};
Regressed regress(const ConditionPredictions& outputs, const Schema& schema);

}  // namespace casd
