#include "eval/conformal.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

void resize(HeldOutResults& results, std::size_t scores, std::size_t decisions) {
  results.scores.resize(scores);
  results.decisions.resize(decisions);
}

/// The rank of entry j of `size` entries for `count` numbers; QuantileTable::rank().
std::size_t rank_of(std::size_t j, std::size_t size, std::size_t count) {
  return ((j + 1) * count + size - 1) / size;
}

}  // namespace

void add_result(HeldOutResults& to, casd_task task, Span<const float> probability,
                Span<const float> target) {
  if (task == CASD_TASK_CLASSES) {
    resize(to, 1, 1);
    const auto right = static_cast<std::size_t>(target[0]);
    const float* best = std::max_element(probability.begin(), probability.end());
    to.scores[0].push_back(nonconformity(probability[right]));
    to.decisions[0].emplace_back(1 - *best, best != probability.begin() + right);
    return;
  }
  resize(to, probability.size(), probability.size());
  for (std::size_t k = 0; k < probability.size(); ++k) {
    const float p = probability[k];
    const bool label = target[k] > 0.5f;
    to.scores[k].push_back(nonconformity(label ? p : 1 - p));
    to.decisions[k].emplace_back(std::min(p, 1 - p), (p > 0.5f) != label);
  }
}

void add_result(HeldOutResults& to, Span<const float> value, Span<const float> deviation,
                Span<const float> target) {
  resize(to, value.size(), 0);
  for (std::size_t k = 0; k < value.size(); ++k)
    to.scores[k].push_back(nonconformity(value[k], deviation[k], target[k]));
}

QuantileTable quantile_table(std::vector<float> numbers, std::size_t most) {
  numbers.erase(std::remove_if(numbers.begin(), numbers.end(),
                               [](float number) { return !std::isfinite(number); }),
                numbers.end());
  std::sort(numbers.begin(), numbers.end());
  QuantileTable out;
  out.count = static_cast<std::int64_t>(numbers.size());
  const std::size_t size = std::min(most, numbers.size());
  for (std::size_t j = 0; j < size; ++j)
    out.values.push_back(numbers[rank_of(j, size, numbers.size()) - 1]);
  return out;
}

ErrorTable error_table(std::vector<Decision> decisions, std::size_t most) {
  decisions.erase(std::remove_if(decisions.begin(), decisions.end(),
                                 [](const Decision& d) { return !std::isfinite(d.first); }),
                  decisions.end());
  std::sort(decisions.begin(), decisions.end());
  const std::size_t size = std::min(most, decisions.size());
  ErrorTable out;
  std::int64_t wrong = 0;
  std::size_t entry = 0;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    wrong += decisions[i].second;
    // Equal error probabilities cannot be told apart: the entry includes all of them.
    if (i + 1 < decisions.size() && decisions[i + 1].first == decisions[i].first) continue;
    if (i + 1 < rank_of(entry, size, decisions.size())) continue;
    while (entry < size && rank_of(entry, size, decisions.size()) <= i + 1) ++entry;
    out.level.push_back(decisions[i].first);
    out.accepted.push_back(static_cast<std::int64_t>(i + 1));
    out.wrong.push_back(wrong);
  }
  return out;
}

std::size_t numbers_per_table(std::size_t tables) {
  return std::clamp(most_stored / std::max<std::size_t>(tables, 1), least_per_table,
                    most_per_table);
}

Guarantees guarantees(const std::map<std::uint32_t, HeldOutResults>& results,
                      const std::vector<std::vector<float>>& modality_variance,
                      const WorkProgress& progress) {
  std::size_t tables = modality_variance.size();
  for (const auto& [key, of_key] : results)
    tables += 1 + of_key.scores.size() + of_key.decisions.size();
  const std::size_t most = numbers_per_table(tables);
  Guarantees out;
  for (const std::vector<float>& variances : modality_variance)
    out.modality_variance.push_back(quantile_table(variances, most));
  for (const auto& [key, of_key] : results) {
    KeyGuarantees entry;
    entry.key = key;
    entry.uncertainty = quantile_table(of_key.uncertainty, most);
    for (const std::vector<float>& scores : of_key.scores)
      entry.scores.push_back(quantile_table(scores, most));
    for (const std::vector<Decision>& decisions : of_key.decisions)
      entry.errors.push_back(error_table(decisions, most));
    out.keys.push_back(std::move(entry));
    report(progress, out.keys.size(), results.size());
  }
  return out;
}

}  // namespace casd
