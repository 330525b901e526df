#include "eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace casd {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double weighted_f1(Span<const std::int32_t> answer, Span<const std::int32_t> truth) {
  if (truth.empty()) return none;
  const std::int32_t classes = 1 + std::max(*std::max_element(truth.begin(), truth.end()),
                                            *std::max_element(answer.begin(), answer.end()));
  std::vector<double> hit(static_cast<std::size_t>(classes)), said(hit), there(hit);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++there[static_cast<std::size_t>(truth[i])];
    ++said[static_cast<std::size_t>(answer[i])];
    if (truth[i] == answer[i]) ++hit[static_cast<std::size_t>(truth[i])];
  }
  double sum = 0;
  for (std::size_t k = 0; k < hit.size(); ++k)
    if (there[k] > 0) sum += there[k] * 2 * hit[k] / (said[k] + there[k]);
  return sum / static_cast<double>(truth.size());
}

double accuracy(Span<const std::int32_t> answer, Span<const std::int32_t> truth) {
  if (truth.empty()) return none;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) hits += answer[i] == truth[i];
  return static_cast<double>(hits) / static_cast<double>(truth.size());
}

double expected_calibration_error(Span<const double> confidence, Span<const std::uint8_t> correct,
                                  int bins) {
  if (confidence.empty()) return none;
  std::vector<double> gap(static_cast<std::size_t>(bins));
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const int bin = std::clamp(static_cast<int>(confidence[i] * bins), 0, bins - 1);
    gap[static_cast<std::size_t>(bin)] += confidence[i] - (correct[i] ? 1 : 0);
  }
  double sum = 0;
  for (const double g : gap) sum += std::fabs(g);
  return sum / static_cast<double>(confidence.size());
}

double auroc(Span<const double> score, Span<const std::uint8_t> positive) {
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return score[a] < score[b]; });
  // Mann and Whitney's statistic: the positives' ranks, those of equal scores shared.
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
  const double negatives = static_cast<double>(score.size()) - positives;
  if (positives == 0 || negatives == 0) return none;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

double mean_absolute_error(Span<const double> answer, Span<const double> truth) {
  if (truth.empty()) return none;
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += std::fabs(answer[i] - truth[i]);
  return sum / static_cast<double>(truth.size());
}

double correlation(Span<const double> answer, Span<const double> truth) {
  const auto count = static_cast<double>(truth.size());
  if (truth.size() < 2) return none;
  const double mean_a = std::accumulate(answer.begin(), answer.end(), 0.0) / count;
  const double mean_t = std::accumulate(truth.begin(), truth.end(), 0.0) / count;
  double cross = 0, square_a = 0, square_t = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double a = answer[i] - mean_a, t = truth[i] - mean_t;
    cross += a * t;
    square_a += a * a;
    square_t += t * t;
  }
  if (square_a == 0 || square_t == 0) return none;
  return cross / std::sqrt(square_a * square_t);
}

}  // namespace casd
