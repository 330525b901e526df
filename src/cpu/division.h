// Divides a few pieces of work of known cost between threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace casd::cpu {

/// The largest number of pieces that is divided in advance; more are taken one by one.
constexpr std::size_t most_divided = 32;

/// Consecutive stages of a piece.
struct Part {
  std::size_t piece = 0, begin = 0, end = 0;  // stages [begin, end)
};

/// Parts in groups of about equal cost, by the wrap-around rule of McNaughton (Scheduling with deadlines
/// and loss functions, 1959): the pieces are laid end to end, the most expensive one first, and cut where a
/// group is full. The piece at a cut is shared: its first stages are the first part of the later group, its
/// last stages are the last part of the group before. No group takes longer than the mean or the most
/// expensive piece, so the first stages end before the last ones begin if the threads begin together.
struct Division {
  std::array<Part, 2 * most_divided> part{};          // those of group 0, of group 1, ...
  std::array<std::size_t, most_divided + 1> begin{};  // of each group in `part`, and the end
  std::size_t groups = 0;
};

/// `cost(i, s)`: of stage s of piece i, at least 0. count and groups are in [1, most_divided].
template <class Cost>
Division divide(std::size_t count, std::size_t stages, std::size_t groups, const Cost& cost) {
  std::array<double, most_divided> costs{};
  std::array<std::size_t, most_divided> order{};
  double total = 0, largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t s = 0; s < stages; ++s) costs[i] += cost(i, s);
    total += costs[i];
    largest = std::max(largest, costs[i]);
    // An insertion sort: it allocates nothing, and equal costs keep their order.
    std::size_t at = i;
    for (; at > 0 && costs[order[at - 1]] < costs[i]; --at) order[at] = order[at - 1];
    order[at] = i;
  }
  Division out;
  const double full = std::max(total / static_cast<double>(groups), largest) * (1 + 1e-9);
  std::size_t parts = 0;
  double used = 0;
  const auto add = [&](const Part& part) { out.part[parts++] = part; };
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t piece = order[n];
    if (out.groups + 1 == groups || used + costs[piece] <= full) {
      add({piece, 0, stages});
      used += costs[piece];
      continue;
    }
    // The last stages, each of which at least half fits.
    std::size_t cut = stages;
    double last = 0;
    while (cut > 0 && used + last + cost(piece, cut - 1) / 2 <= full) last += cost(piece, --cut);
    if (cut < stages) add({piece, cut, stages});
    out.begin[++out.groups] = parts;
    used = costs[piece] - last;
    if (cut > 0) add({piece, 0, cut});
  }
  out.begin[++out.groups] = parts;
  return out;
}

}  // namespace casd::cpu
