#include "eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace casd {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Pairs of finite numbers.
struct Pairs {
  Pairs(Span<const double> a, Span<const double> b) {
    for (std::size_t i = 0; i < a.size(); ++i)
      if (std::isfinite(a[i]) && std::isfinite(b[i])) {
        first.push_back(a[i]);
        second.push_back(b[i]);
      }
  }
  std::size_t size() const { return first.size(); }

  std::vector<double> first, second;
};

/// The mean of score(row, columns, target) over the rows of finite probabilities.
template <class Score>
double mean_row_score(Span<const double> probability, Span<const std::int32_t> target,
                      Score score) {
  if (target.empty()) return none;
  const std::size_t columns = probability.size() / target.size();
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const double* row = probability.data() + i * columns;
    if (!std::all_of(row, row + columns, [](double p) { return std::isfinite(p); })) continue;
    sum += score(row, columns, static_cast<std::size_t>(target[i]));
    ++count;
  }
  return count > 0 ? sum / count : none;
}

}  // namespace

double weighted_f1(Span<const std::int32_t> predicted, Span<const std::int32_t> target) {
  if (target.empty()) return none;
  const std::int32_t classes = 1 + std::max(*std::max_element(target.begin(), target.end()),
                                            *std::max_element(predicted.begin(), predicted.end()));
  std::vector<double> hits(static_cast<std::size_t>(classes)), predicted_count(hits),
      target_count(hits);
  for (std::size_t i = 0; i < target.size(); ++i) {
    ++target_count[static_cast<std::size_t>(target[i])];
    ++predicted_count[static_cast<std::size_t>(predicted[i])];
    if (target[i] == predicted[i]) ++hits[static_cast<std::size_t>(target[i])];
  }
  double sum = 0;
  for (std::size_t k = 0; k < hits.size(); ++k)
    if (target_count[k] > 0)
      sum += target_count[k] * 2 * hits[k] / (predicted_count[k] + target_count[k]);
  return sum / static_cast<double>(target.size());
}

double accuracy(Span<const std::int32_t> predicted, Span<const std::int32_t> target) {
  if (target.empty()) return none;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < target.size(); ++i) hits += predicted[i] == target[i];
  return static_cast<double>(hits) / static_cast<double>(target.size());
}

double expected_calibration_error(Span<const double> confidence, Span<const std::uint8_t> correct,
                                  int bins) {
  std::vector<double> gap(static_cast<std::size_t>(bins));
  std::size_t count = 0;
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    if (!std::isfinite(confidence[i])) continue;
    const double bin = std::clamp(confidence[i] * bins, 0.0, static_cast<double>(bins - 1));
    gap[static_cast<std::size_t>(bin)] += confidence[i] - (correct[i] ? 1 : 0);
    ++count;
  }
  if (count == 0) return none;
  double sum = 0;
  for (const double g : gap) sum += std::fabs(g);
  return sum / static_cast<double>(count);
}

double auroc(Span<const double> score, Span<const std::uint8_t> positive) {
  std::vector<std::size_t> order;
  order.reserve(score.size());
  for (std::size_t i = 0; i < score.size(); ++i)
    if (std::isfinite(score[i])) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return score[a] < score[b]; });
  // Mann-Whitney U statistic: sum of the positives' ranks; equal scores share their mean rank.
  double rank_sum = 0, positives = 0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    double here = 0;
    for (; end < order.size() && score[order[end]] == score[order[first]]; ++end)
      here += positive[order[end]] ? 1 : 0;
    rank_sum += here * (static_cast<double>(first + end - 1) / 2 + 1);
    positives += here;
    first = end;
  }
  const double negatives = static_cast<double>(order.size()) - positives;
  if (positives == 0 || negatives == 0) return none;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

double mean_absolute_error(Span<const double> predicted, Span<const double> target) {
  const Pairs pairs(predicted, target);
  if (pairs.size() == 0) return none;
  double sum = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) sum += std::fabs(pairs.first[i] - pairs.second[i]);
  return sum / static_cast<double>(pairs.size());
}

double correlation(Span<const double> predicted, Span<const double> target) {
  const Pairs pairs(predicted, target);
  if (pairs.size() < 2) return none;
  const auto count = static_cast<double>(pairs.size());
  const double mean_a = std::accumulate(pairs.first.begin(), pairs.first.end(), 0.0) / count;
  const double mean_t = std::accumulate(pairs.second.begin(), pairs.second.end(), 0.0) / count;
  double cross = 0, square_a = 0, square_t = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double a = pairs.first[i] - mean_a, t = pairs.second[i] - mean_t;
    cross += a * t;
    square_a += a * a;
    square_t += t * t;
  }
  if (square_a == 0 || square_t == 0) return none;
  return cross / std::sqrt(square_a * square_t);
}

double risk_coverage_area(Span<const double> confidence, Span<const std::uint8_t> wrong) {
  std::vector<std::size_t> order;
  order.reserve(confidence.size());
  for (std::size_t i = 0; i < confidence.size(); ++i)
    if (std::isfinite(confidence[i])) order.push_back(i);
  if (order.empty()) return none;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return confidence[a] > confidence[b]; });
  double sum = 0, before = 0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    double here = 0;
    for (; end < order.size() && confidence[order[end]] == confidence[order[first]]; ++end)
      here += wrong[order[end]] ? 1 : 0;
    const double share = here / static_cast<double>(end - first);
    for (std::size_t i = first; i < end; ++i)
      sum += (before + share * static_cast<double>(i + 1 - first)) / static_cast<double>(i + 1);
    before += here;
    first = end;
  }
  return sum / static_cast<double>(order.size());
}

double brier_score(Span<const double> probability, Span<const std::int32_t> target) {
  return mean_row_score(probability, target, [](const double* row, std::size_t columns, auto k) {
    double sum = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const double distance = row[c] - (c == k ? 1 : 0);
      sum += distance * distance;
    }
    return sum;
  });
}

double negative_log_likelihood(Span<const double> probability, Span<const std::int32_t> target) {
  return mean_row_score(probability, target, [](const double* row, std::size_t, auto k) {
    return -std::log(std::max(row[k], double{std::numeric_limits<float>::min()}));
  });
}

double negative_log_likelihood(Span<const double> value, Span<const double> deviation,
                               Span<const double> target) {
  constexpr double log_two_pi = 1.83787706640934548356;
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const double z = (value[i] - target[i]) / deviation[i];
    const double score = 0.5 * (log_two_pi + z * z) + std::log(deviation[i]);
    if (!std::isfinite(score)) continue;
    sum += score;
    ++count;
  }
  return count > 0 ? sum / count : none;
}

}  // namespace casd
