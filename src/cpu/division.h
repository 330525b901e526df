// Divides a few pieces of work of known cost between threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace casd::cpu {

/// The largest number of pieces that is divided in advance; more are taken one by one.
constexpr std::size_t most_divided = 32;

/// Pieces in groups of about equal cost: the largest piece left goes to the group that has least
/// (Graham, Bounds on multiprocessing timing anomalies, 1969). The calling thread takes the first
/// group, the others while they wake up; so the first one has most.
struct Division {
  std::array<std::size_t, most_divided> piece{};      // those of group 0, of group 1, ...
  std::array<std::size_t, most_divided + 1> begin{};  // of each group in `piece`, and the end
  std::size_t groups = 0;
};

/// `cost(i)`: of piece i, at least 0. count <= most_divided, 1 <= groups.
template <class Cost>
Division divide(std::size_t count, std::size_t groups, const Cost& cost) {
  Division out;
  out.groups = std::min(count, groups);
  std::array<std::size_t, most_divided> order{}, group{}, rank{};
  std::array<double, most_divided> total{};
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  // Insertion sorts: they allocate nothing, and equal costs keep their order.
  const auto sort = [](std::array<std::size_t, most_divided>& indices, std::size_t size,
                       const auto& more) {
    for (std::size_t i = 1; i < size; ++i)
      for (std::size_t j = i; j > 0 && more(indices[j], indices[j - 1]); --j)
        std::swap(indices[j], indices[j - 1]);
  };
  sort(order, count, [&](std::size_t a, std::size_t b) { return cost(a) > cost(b); });
  for (std::size_t i = 0; i < count; ++i) {
    const auto least = static_cast<std::size_t>(
        std::min_element(total.begin(), total.begin() + static_cast<std::ptrdiff_t>(out.groups)) -
        total.begin());
    group[order[i]] = least;
    total[least] += cost(order[i]);
  }
  for (std::size_t g = 0; g < out.groups; ++g) rank[g] = g;
  sort(rank, out.groups, [&](std::size_t a, std::size_t b) { return total[a] > total[b]; });
  std::size_t at = 0;
  for (std::size_t g = 0; g < out.groups; ++g) {
    out.begin[g] = at;
    for (std::size_t i = 0; i < count; ++i)
      if (group[order[i]] == rank[g]) out.piece[at++] = order[i];
  }
  out.begin[out.groups] = at;
  return out;
}

}  // namespace casd::cpu
