// Metrics of predictions against the truth. Rows with a number that is not finite are left out; the
// result is NaN where too few rows are left.
#pragma once

#include "core/span.h"

#include <cstdint>
#include <vector>

namespace casd {

/// F1 of each class, averaged with the classes' share of the truth as weights, in 0..1.
double weighted_f1(Span<const std::int32_t> answer, Span<const std::int32_t> truth);
double accuracy(Span<const std::int32_t> answer, Span<const std::int32_t> truth);
/// Expected calibration error, `bins` of equal width: sum of |mean confidence - accuracy| * share.
double expected_calibration_error(Span<const double> confidence, Span<const std::uint8_t> correct,
                                  int bins = 15);
/// Area under the ROC curve of `score` for telling positives (1) from negatives; ties count half.
double auroc(Span<const double> score, Span<const std::uint8_t> positive);
double mean_absolute_error(Span<const double> answer, Span<const double> truth);
double correlation(Span<const double> answer, Span<const double> truth);

}  // namespace casd
