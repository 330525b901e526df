// The variance of a regression's output from the variances of the modalities.
#pragma once

#include "core/span.h"
#include "eval/work_progress.h"
#include "model/guarantees.h"

namespace casd {

/// Fits f >= 0 and s_m >= 0 of Var = f + sum over m of s_m term_m by the Gaussian likelihood: minimises
/// the mean of log Var + square / Var. `square` [samples]: squared residuals. `term` [samples,
/// modalities], at least 0: sum over i of w_i^2 C_m^2 V_m (docs/method.md), 0 where m takes no part.
/// Without samples: f is 1. f is at least a millionth of the mean square.
/// `progress` is called during the search, with the share of the most steps that are allowed.
OutputVariance fit_output_variance(Span<const double> square, Span<const double> term,
                                   std::size_t modalities, const WorkProgress& progress = {});

}  // namespace casd
