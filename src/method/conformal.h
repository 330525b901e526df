// Split conformal prediction and selective prediction from tables of held-out results.
//
// Conformal: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", chapters 2 and 4
// (Mondrian: one table per set of modalities). Selective prediction: Geifman and El-Yaniv, "Selective
// Classification for Deep Neural Networks", with the fixed-sequence test of Angelopoulos et al.,
// "Learn then Test" (arXiv 2110.01052).
#pragma once

#include "method/functions.h"
#include "model/guarantees.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {

/// ceil((count + 1) coverage): the rank of the score that covers one more exchangeable sample with at
/// least this probability. Above `count`, no score does.
inline std::int64_t conformal_rank(std::int64_t count, double coverage) {
  constexpr double rounding = 1e-9;  // 20 * 0.95 must not become 20
  return static_cast<std::int64_t>(
      std::ceil(static_cast<double>(count + 1) * coverage * (1 - rounding)));
}

/// The smallest stored score of at least conformal_rank(); infinite if the table has too few scores.
inline float conformal_threshold(const QuantileTable& scores, double coverage) {
  const std::int64_t rank = std::max<std::int64_t>(conformal_rank(scores.count, coverage), 1);
  if (scores.empty() || rank > scores.count) return std::numeric_limits<float>::infinity();
  const auto size = static_cast<std::int64_t>(scores.values.size());
  return scores.values[static_cast<std::size_t>((rank - 1) * size / scores.count)];
}

/// The share of held-out numbers that are at most `value`, in 0..1; NaN without a table.
inline float percentile(const QuantileTable& table, float value) {
  if (table.empty()) return std::numeric_limits<float>::quiet_NaN();
  const auto& values = table.values;
  const auto above = std::upper_bound(values.begin(), values.end(), value);
  if (above == values.begin()) return 0;
  const auto last = static_cast<std::size_t>(above - values.begin()) - 1;
  return static_cast<float>(table.rank(last)) / static_cast<float>(table.count);
}

/// P(Binomial(trials, rate) <= successes), for 0 < rate < 1.
inline double binomial_probability_at_most(std::int64_t successes, std::int64_t trials,
                                           double rate) {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  const auto n = static_cast<double>(trials), s = static_cast<double>(successes);
  // The sum starts at its largest term and ends where terms no longer change it.
  const double first = std::min(s, std::floor((n + 1) * rate));
  const double largest =
      std::exp(log_gamma(n + 1) - log_gamma(first + 1) - log_gamma(n - first + 1) +
               first * std::log(rate) + (n - first) * std::log1p(-rate));
  constexpr double negligible = 1e-17;
  const double odds = rate / (1 - rate);
  double sum = largest, term = largest;
  for (double k = first; k > 0 && term > sum * negligible; --k)
    sum += term *= k / ((n - k + 1) * odds);
  term = largest;
  for (double k = first; k < s && term > sum * negligible; ++k)
    sum += term *= (n - k) * odds / (k + 1);
  return std::min(sum, 1.0);
}

/// Whether `wrong` errors in `accepted` decisions show at level `risk` that the rate is at most
/// `rate`: the upper limit of Clopper and Pearson.
inline bool error_rate_holds(std::int64_t wrong, std::int64_t accepted, double rate, double risk) {
  // Above the expected number of errors the probability is about one half or more.
  if (static_cast<double>(wrong) > static_cast<double>(accepted) * rate) return false;
  return binomial_probability_at_most(wrong, accepted, rate) <= risk;
}

/// The largest level up to which decisions can be accepted so that, with a probability of at least
/// 1 - risk over the held-out sample, at most the share `rate` of the accepted ones is wrong.
/// Negative: none. Three sequences of tests begin at the lowest level that could pass with one error
/// (with no error if there are too few decisions for that), at a quarter and at half of the decisions.
/// A sequence ends at its first failure, so that its tests together have the level risk / 3.
inline float selective_level(const ErrorTable& table, double rate, double risk) {
  constexpr double starts[] = {0, 0.25, 0.5};
  if (table.empty()) return -1;
  if (rate >= 1) return std::numeric_limits<float>::infinity();
  const auto passes = [&](std::int64_t wrong, std::int64_t accepted) {
    return error_rate_holds(wrong, accepted, rate, risk / 3);
  };
  const std::int64_t count = table.accepted.back();
  const std::int64_t errors = passes(1, count) ? 1 : 0;
  float out = -1;
  for (const double start : starts)
    for (std::size_t j = 0; j < table.level.size(); ++j) {
      const std::int64_t accepted = table.accepted[j];
      if (static_cast<double>(accepted) < start * static_cast<double>(count)) continue;
      if (!passes(errors, accepted)) continue;  // too few to pass: not tested
      if (!passes(table.wrong[j], accepted)) break;
      out = std::max(out, table.level[j]);
    }
  return out;
}

}  // namespace casd
