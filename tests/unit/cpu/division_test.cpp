#include "cpu/division.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace casd::cpu {

bool operator==(const Part& a, const Part& b) {
  return a.piece == b.piece && a.begin == b.begin && a.end == b.end;
}

namespace {

using Costs = std::vector<std::vector<double>>;  // of each stage of each piece

Division divided(const Costs& costs, std::size_t groups) {
  return divide(costs.size(), costs[0].size(), groups,
                [&](std::size_t i, std::size_t s) { return costs[i][s]; });
}

std::vector<Part> group(const Division& division, std::size_t g) {
  return {division.part.begin() + static_cast<std::ptrdiff_t>(division.begin[g]),
          division.part.begin() + static_cast<std::ptrdiff_t>(division.begin[g + 1])};
}

double cost(const Costs& costs, const Part& part) {
  double out = 0;
  for (std::size_t s = part.begin; s < part.end; ++s) out += costs[part.piece][s];
  return out;
}

TEST(Division, TwoThreadsShareThreeModalities) {
  const Division division =
      divided({{9, 30, 30, 30, 9}, {38, 30, 30, 30, 9}, {4, 30, 30, 30, 9}}, 2);
  ASSERT_EQ(division.groups, 2u);
  // 137 + 39 and 69 + 103.
  EXPECT_EQ(group(division, 0), (std::vector<Part>{{1, 0, 5}, {0, 3, 5}}));
  EXPECT_EQ(group(division, 1), (std::vector<Part>{{0, 0, 3}, {2, 0, 5}}));
}

TEST(Division, NoPieceIsCutWhereGroupsAreEqualWithoutACut) {
  const std::vector<double> piece{1, 2, 3};
  for (const std::size_t groups : {1, 2, 3, 6}) {
    const Division division = divided(Costs(6, piece), groups);
    ASSERT_EQ(division.groups, groups);
    for (std::size_t g = 0; g < groups; ++g) {
      const std::vector<Part> parts = group(division, g);
      EXPECT_EQ(parts.size(), 6 / groups);
      for (const Part& part : parts) EXPECT_EQ(part, (Part{part.piece, 0, 3}));
    }
  }
}

TEST(Division, ThePieceThatTakesLongestIsAlone) {
  const Division division = divided({{1, 1}, {50, 50}, {10, 10}}, 2);
  ASSERT_EQ(division.groups, 2u);
  EXPECT_EQ(group(division, 0), (std::vector<Part>{{1, 0, 2}}));
  EXPECT_EQ(group(division, 1), (std::vector<Part>{{2, 0, 2}, {0, 0, 2}}));
}

TEST(Division, EachStageIsInOneGroupAndNoGroupIsFarAboveTheOthers) {
  const RandomStream random(1, 0, RandomSite::synthetic);
  std::uint64_t next = 0;
  for (std::size_t count = 1; count <= most_divided; ++count)
    for (std::size_t groups = 1; groups <= std::min<std::size_t>(count, 6); ++groups) {
      Costs costs(count, std::vector<double>(4));
      double total = 0, largest = 0, largest_stage = 0;
      for (std::vector<double>& piece : costs) {
        double sum = 0;
        for (double& stage : piece) {
          stage = random.uniform_double(next++);
          largest_stage = std::max(largest_stage, stage);
          sum += stage;
        }
        total += sum;
        largest = std::max(largest, sum);
      }
      const double full = std::max(total / static_cast<double>(groups), largest);
      const Division division = divided(costs, groups);
      ASSERT_LE(division.groups, groups);
      std::set<std::pair<std::size_t, std::size_t>> seen;
      for (std::size_t g = 0; g < division.groups; ++g) {
        const std::vector<Part> parts = group(division, g);
        double used = 0;
        for (std::size_t k = 0; k < parts.size(); ++k) {
          const Part& part = parts[k];
          for (std::size_t s = part.begin; s < part.end; ++s)
            EXPECT_TRUE(seen.insert({part.piece, s}).second);
          if (part.begin > 0) {
            // The rest of this piece is the first part of the next group, and ends before.
            EXPECT_EQ(k + 1, parts.size());
            ASSERT_LT(g + 1, division.groups);
            const Part first = group(division, g + 1).front();
            EXPECT_EQ(first, (Part{part.piece, 0, part.begin}));
            EXPECT_LE(cost(costs, first), used + largest_stage / 2 + 1e-6);
          } else if (part.end < 4) {
            EXPECT_EQ(k, 0u);
            ASSERT_GT(g, 0u);
            EXPECT_EQ(group(division, g - 1).back().piece, part.piece);
          }
          used += cost(costs, part);
        }
        EXPECT_LE(used, full + largest_stage / 2 * static_cast<double>(groups) + 1e-6);
      }
      EXPECT_EQ(seen.size(), 4 * count);
    }
}

}  // namespace
}  // namespace casd::cpu
