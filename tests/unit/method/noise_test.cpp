#include "method/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace casd {
namespace {

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

/// Test of Kolmogorov and Smirnov; a correct sample fails it with a probability of 1e-5.
template <class Distribution>
void expect_distribution(const std::vector<double>& values, Distribution&& distribution) {
  const double n = static_cast<double>(values.size());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    largest =
        std::max(largest, std::fabs(distribution(values[i]) - (static_cast<double>(i) + 0.5) / n));
  EXPECT_LT(largest, 2.47 / std::sqrt(n));
}

TEST(Noise, FollowsTheNormalDistribution) {
  const RandomStream stream(11, 12, RandomSite::sampling_normal);
  std::vector<double> values;
  for (std::uint64_t i = 0; i < 100000; ++i) values.push_back(normal_noise(stream, i));
  expect_distribution(sorted(values),
                      [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); });
}

TEST(Noise, FollowsTheGammaDistribution) {
  const RandomStream stream(11, 12, RandomSite::sampling_gamma);
  // Integer shapes have a distribution function in closed form.
  for (const int a : {2, 4}) {
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 100000; ++i) values.push_back(gamma_noise(stream, i, a));
    expect_distribution(sorted(values), [a](double x) {
      double sum = 0, term = 1;
      for (int k = 0; k < a; term *= x / ++k) sum += term;
      return 1 - std::exp(-x) * sum;
    });
  }
}

TEST(Noise, HasAStreamForEachPlaceOfDropout) {
  std::set<PhiloxBlock> blocks;
  for (const std::uint32_t pass : {0u, 1u})
    for (const std::uint32_t modality : {0u, 1u, 31u})
      for (const std::uint32_t place :
           {dropout_embedding, dropout_pooled, dropout_attention(0), dropout_feed_forward(0),
            dropout_attention(63), dropout_feed_forward(63)})
        blocks.insert(dropout_stream(1, 2, pass, modality, place).block(0));
  EXPECT_EQ(blocks.size(), 2u * 3 * 6);
}

}  // namespace
}  // namespace casd
