#include "cpu/division.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

namespace casd::cpu {
namespace {

Division divided(const std::vector<double>& costs, std::size_t groups) {
  return divide(costs.size(), groups, [&](std::size_t i) { return costs[i]; });
}

std::vector<std::size_t> group(const Division& division, std::size_t g) {
  return {division.piece.begin() + static_cast<std::ptrdiff_t>(division.begin[g]),
          division.piece.begin() + static_cast<std::ptrdiff_t>(division.begin[g + 1])};
}

TEST(Division, TwoThreadsShareThreeModalities) {
  const Division division = divided({96, 130, 107}, 2);
  ASSERT_EQ(division.groups, 2u);
  // The calling thread begins with the two smaller ones while the other one wakes up.
  EXPECT_EQ(group(division, 0), (std::vector<std::size_t>{2, 0}));
  EXPECT_EQ(group(division, 1), std::vector<std::size_t>{1});
}

TEST(Division, EachThreadHasAPieceWhereThereAreEnough) {
  const Division division = divided({1, 3, 2}, 3);
  ASSERT_EQ(division.groups, 3u);
  EXPECT_EQ(group(division, 0), std::vector<std::size_t>{1});
  EXPECT_EQ(group(division, 1), std::vector<std::size_t>{2});
  EXPECT_EQ(group(division, 2), std::vector<std::size_t>{0});
  EXPECT_EQ(divided({5}, 4).groups, 1u);
  EXPECT_EQ(divided({}, 4).groups, 0u);
}

TEST(Division, EachPieceIsInOneGroupAndNoneIsFarAboveTheOthers) {
  const RandomStream random(1, 0, RandomSite::synthetic);
  std::uint64_t next = 0;
  for (std::size_t count = 1; count <= most_divided; ++count)
    for (std::size_t groups = 1; groups <= 5; ++groups) {
      std::vector<double> costs;
      for (std::size_t i = 0; i < count; ++i) costs.push_back(random.uniform_double(next++));
      const Division division = divided(costs, groups);
      ASSERT_EQ(division.groups, std::min(count, groups));
      std::set<std::size_t> seen;
      double before = 1e9, least = 1e9, largest = 0;
      for (std::size_t g = 0; g < division.groups; ++g) {
        double total = 0;
        for (const std::size_t i : group(division, g)) {
          EXPECT_TRUE(seen.insert(i).second);
          total += costs[i];
        }
        EXPECT_LE(total, before);
        before = total;
        least = std::min(least, total);
        if (g == 0) largest = total;
      }
      EXPECT_EQ(seen.size(), count);
      // The last piece of the largest group was put there when it had least.
      const double smallest_there = costs[group(division, 0).back()];
      EXPECT_LE(largest - smallest_there, least + 1e-12);
    }
}

}  // namespace
}  // namespace casd::cpu
