#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

namespace casd {
namespace {

// Known-answer vectors of Random123 (kat_vectors, philox4x32, 10 rounds).
TEST(Random, PhiloxMatchesKnownVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, ANumberDependsOnItsIndexOnly) {
  const RandomStream stream(7, 3, RandomSite::corruption, 2);
  const RandomStream same(7, 3, RandomSite::corruption, 2);
  std::vector<float> block(64);
  stream.fill_uniform(block);
  for (std::uint64_t i = 64; i-- > 0;) EXPECT_EQ(block[i], same.uniform(i)) << i;
  std::vector<float> later(8);
  stream.fill_uniform(later, 24);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(later[i], block[24 + i]);
}

TEST(Random, SeedStepSiteAndPartSelectTheStream) {
  const RandomStream stream(7, 3, RandomSite::corruption, 2);
  for (const RandomStream& other : {RandomStream(8, 3, RandomSite::corruption, 2),
                                    RandomStream(7, 4, RandomSite::corruption, 2),
                                    RandomStream(7, 3, RandomSite::permutation, 2),
                                    RandomStream(7, 3, RandomSite::corruption, 3),
                                    RandomStream(7 + (1ull << 32), 3, RandomSite::corruption, 2),
                                    RandomStream(7, 3 + (1ull << 32), RandomSite::corruption, 2)}) {
    int equal = 0;
    for (std::uint64_t i = 0; i < 100; ++i) equal += stream.bits(i) == other.bits(i);
    EXPECT_LT(equal, 3);
  }
}

TEST(Random, DistributionsHaveTheirMoments) {
  const RandomStream stream(1, 0, RandomSite::synthetic);
  constexpr int count = 20000;
  double sum = 0, normal_sum = 0, normal_square = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const float u = stream.uniform(i);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    const double d = stream.uniform_double(i);
    ASSERT_GT(d, 0);
    ASSERT_LT(d, 1);
    sum += u;
    const double z = stream.normal(i);
    normal_sum += z;
    normal_square += z * z;
  }
  EXPECT_NEAR(sum / count, 0.5, 0.01);           // five standard errors
  EXPECT_NEAR(normal_sum / count, 0, 0.036);     // five
  EXPECT_NEAR(normal_square / count, 1, 0.051);  // five
}

TEST(Random, PermutationsContainEveryIndexOnce) {
  const RandomStream stream(5, 1, RandomSite::permutation);
  std::vector<std::int64_t> order = random_permutation(100, stream);
  EXPECT_EQ(order, random_permutation(100, stream));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(order, all);
  EXPECT_TRUE(random_permutation(0, stream).empty());
}

TEST(Random, BelowReturnsEveryValueBelowTheLimit) {
  const RandomStream stream(5, 1, RandomSite::corruption);
  std::vector<int> seen(7);
  for (std::uint64_t i = 0; i < 700; ++i) ++seen.at(stream.below(7, i));
  for (const int times : seen) EXPECT_GT(times, 50);
}

TEST(RandomStream, RowsHaveIndependentStreams) {
  const RandomStream stream(7, 3, RandomSite::dropout, 2);
  EXPECT_EQ(stream.at_row(0).block(5), stream.block(5));
  std::set<PhiloxBlock> seen;
  const std::vector<std::uint64_t> rows = {0, 1, 2, 0xFFFF, 0x10000, 0x10001, 0xFFFFFFFF};
  for (const std::uint64_t row : rows) seen.insert(stream.at_row(row).block(5));
  EXPECT_EQ(seen.size(), rows.size());
  // Other sites and steps give other numbers.
  for (const RandomStream& other :
       {RandomStream(7, 3, RandomSite::dropout, 3), RandomStream(7, 4, RandomSite::dropout, 2)})
    for (const std::uint64_t row : rows) EXPECT_EQ(seen.count(other.at_row(row).block(5)), 0u);
}

}  // namespace
}  // namespace casd
