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

}  // namespace casd
