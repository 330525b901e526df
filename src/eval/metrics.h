// Metrics of predictions against targets. Rows with a number that is not finite are left out. The
// result is NaN if too few rows are left.
#pragma once

#include "core/span.h"

#include <cstdint>
#include <vector>

namespace casd {

/// F1 of each class, averaged with the shares of the classes in the targets as weights, in 0..1.
double weighted_f1(Span<const std::int32_t> predicted, Span<const std::int32_t> target);
double accuracy(Span<const std::int32_t> predicted, Span<const std::int32_t> target);
/// Expected calibration error, `bins` of equal width: sum of |mean confidence - accuracy| * share.
double expected_calibration_error(Span<const double> confidence, Span<const std::uint8_t> correct,
                                  int bins = 15);
/// Area under the ROC curve of `score` as a classifier of positives (1); ties count half.
double auroc(Span<const double> score, Span<const std::uint8_t> positive);
double mean_absolute_error(Span<const double> predicted, Span<const double> target);
double correlation(Span<const double> predicted, Span<const double> target);
/// Area under the risk-coverage curve: the mean over i of the error rate of the i most confident rows
/// (Geifman, Uziel and El-Yaniv, arXiv 1805.08206). Equal confidences share their errors.
double risk_coverage_area(Span<const double> confidence, Span<const std::uint8_t> wrong);
/// Mean over the rows of the sum of (probability - [class is the target])^2, from 0 to 2.
/// `probability` [rows, classes].
double brier_score(Span<const double> probability, Span<const std::int32_t> target);
/// Mean of -log of the target's probability, natural logarithm.
double negative_log_likelihood(Span<const double> probability, Span<const std::int32_t> target);
/// The same for normal distributions of these means and standard deviations.
double negative_log_likelihood(Span<const double> value, Span<const double> deviation,
                               Span<const double> target);

}  // namespace casd
