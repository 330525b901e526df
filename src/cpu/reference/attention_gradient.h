// One head of an attention and its gradient in plain C++. Queries are [channels, queries], keys and
// values [channels, steps].
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace casd::cpu::reference {

/// Probabilities [queries, steps].
template <class T>
std::vector<T> attention_probabilities(const std::vector<T>& query, const std::vector<T>& key,
                                       std::size_t channels, std::size_t queries,
                                       std::size_t steps) {
  std::vector<T> p(queries * steps);
  for (std::size_t i = 0; i < queries; ++i) {
    T* row = p.data() + i * steps;
    for (std::size_t j = 0; j < steps; ++j) {
      T score = 0;
      for (std::size_t c = 0; c < channels; ++c)
        score += query[c * queries + i] * key[c * steps + j];
      row[j] = score / std::sqrt(static_cast<T>(channels));
    }
    const T largest = *std::max_element(row, row + steps);
    T total = 0;
    for (std::size_t j = 0; j < steps; ++j) total += row[j] = std::exp(row[j] - largest);
    for (std::size_t j = 0; j < steps; ++j) row[j] /= total;
  }
  return p;
}

template <class T>
std::vector<T> attention(const std::vector<T>& query, const std::vector<T>& key,
                         const std::vector<T>& value, std::size_t channels, std::size_t queries,
                         std::size_t steps) {
  const std::vector<T> p = attention_probabilities(query, key, channels, queries, steps);
  std::vector<T> out(channels * queries);
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < queries; ++i)
      for (std::size_t j = 0; j < steps; ++j)
        out[c * queries + i] += p[i * steps + j] * value[c * steps + j];
  return out;
}

template <class T>
struct AttentionGradients {
  std::vector<T> query, key, value;
};

template <class T>
AttentionGradients<T> attention_gradient(const std::vector<T>& query, const std::vector<T>& key,
                                         const std::vector<T>& value, const std::vector<T>& d_out,
                                         std::size_t channels, std::size_t queries,
                                         std::size_t steps) {
  const std::vector<T> p = attention_probabilities(query, key, channels, queries, steps);
  AttentionGradients<T> g{std::vector<T>(query.size()), std::vector<T>(key.size()),
                          std::vector<T>(value.size())};
  const T root = 1 / std::sqrt(static_cast<T>(channels));
  for (std::size_t i = 0; i < queries; ++i) {
    std::vector<T> dp(steps);
    T mean = 0;
    for (std::size_t j = 0; j < steps; ++j) {
      for (std::size_t c = 0; c < channels; ++c) {
        dp[j] += d_out[c * queries + i] * value[c * steps + j];
        g.value[c * steps + j] += p[i * steps + j] * d_out[c * queries + i];
      }
      mean += p[i * steps + j] * dp[j];
    }
    for (std::size_t j = 0; j < steps; ++j) {
      const T ds = p[i * steps + j] * (dp[j] - mean) * root;
      for (std::size_t c = 0; c < channels; ++c) {
        g.query[c * queries + i] += ds * key[c * steps + j];
        g.key[c * steps + j] += ds * query[c * queries + i];
      }
    }
  }
  return g;
}

}  // namespace casd::cpu::reference
