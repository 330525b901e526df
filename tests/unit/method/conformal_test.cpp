// Reference values: tests/reference/guarantees.py.
#include "method/conformal.h"

#include "core/random.h"
#include "eval/conformal.h"
#include "support/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();

TEST(Conformal, RankHasTheFiniteSampleCorrection) {
  EXPECT_EQ(conformal_rank(19, 0.95), 19);
  EXPECT_EQ(conformal_rank(18, 0.95), 19);  // more than there are
  EXPECT_EQ(conformal_rank(9, 0.9), 9);
  EXPECT_EQ(conformal_rank(10, 0.9), 10);
  EXPECT_EQ(conformal_rank(999, 0.7), 700);  // 1000 * 0.7 is slightly above 700
}

TEST(Conformal, ThresholdsEqualTheReference) {
  for (const auto& one : test::guarantee_cases("conformal")) {
    const QuantileTable table = quantile_table(test::numbers<float>(one["scores"]), most_per_table);
    EXPECT_LE(table.values.size(), most_per_table);
    for (const auto& threshold : one["thresholds"]) {
      const double coverage = std::stod(threshold[0].get<std::string>());
      const float found = conformal_threshold(table, coverage);
      EXPECT_EQ(found, threshold[1].is_null() ? infinite : threshold[1].get<float>())
          << table.count << " scores, coverage " << coverage;
    }
  }
}

TEST(Conformal, WithoutScoresEverythingIsCovered) {
  EXPECT_EQ(conformal_threshold({}, 0.1), infinite);
  EXPECT_EQ(conformal_threshold(quantile_table({0.5f}, 4), 0.001), 0.5f);
}

TEST(Conformal, PercentileCountsNumbersUpToTheValue) {
  const QuantileTable table = quantile_table({4, 1, 2, 2}, most_per_table);
  EXPECT_EQ(percentile(table, 0.5f), 0);
  EXPECT_EQ(percentile(table, 1), 0.25f);
  EXPECT_EQ(percentile(table, 2), 0.75f);
  EXPECT_EQ(percentile(table, 3.9f), 0.75f);
  EXPECT_EQ(percentile(table, 9), 1);
  EXPECT_TRUE(std::isnan(percentile({}, 1)));
  std::vector<float> many;
  for (int i = 1; i <= 10000; ++i) many.push_back(static_cast<float>(i));
  EXPECT_NEAR(percentile(quantile_table(many, 500), 7500), 0.75, 1e-6);
}

TEST(Conformal, BinomialProbability) {
  EXPECT_NEAR(binomial_probability_at_most(3, 10, 0.5), 0.171875, 1e-13);
  EXPECT_NEAR(binomial_probability_at_most(0, 59, 0.05), std::pow(0.95, 59), 1e-13);
  EXPECT_NEAR(binomial_probability_at_most(7, 10, 0.2), 1 - 7.79264e-5, 1e-9);
  EXPECT_EQ(binomial_probability_at_most(10, 10, 0.2), 1);
  EXPECT_EQ(binomial_probability_at_most(-1, 10, 0.2), 0);
  // The normal approximation with continuity correction, for a million trials.
  EXPECT_NEAR(binomial_probability_at_most(99700, 1000000, 0.1),
              0.5 * std::erfc(299.5 / 300 / std::sqrt(2.0)), 1e-3);
}

TEST(Selective, LevelsEqualTheReference) {
  for (const auto& one : test::guarantee_cases("selective")) {
    std::vector<Decision> decisions;
    for (const auto& d : one["decisions"]) decisions.emplace_back(d[0].get<float>(), d[1] == 1);
    const ErrorTable table = error_table(decisions, most_per_table);
    for (const auto& level : one["levels"]) {
      const float found = selective_level(table, level[0], level[1]);
      EXPECT_EQ(found, level[2].is_null() ? -1 : level[2].get<float>())
          << decisions.size() << " decisions, rate " << level[0];
    }
  }
}

TEST(Selective, ExtremeRates) {
  const ErrorTable table = error_table({{0.1f, false}, {0.2f, true}}, 8);
  EXPECT_EQ(selective_level(table, 1, 0.05), infinite);
  EXPECT_EQ(selective_level(table, 1e-6, 0.05), -1);
  EXPECT_EQ(selective_level({}, 0.5, 0.05), -1);
}

/// Draws error probabilities whose true values they are; `rate` receives that of the accepted ones.
std::vector<Decision> draw(std::uint64_t seed, std::int64_t count) {
  std::vector<Decision> out;
  const RandomStream random(seed, 0, RandomSite::synthetic);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::uint64_t>(i);
    const float e = random.uniform(2 * at) / 2;
    out.emplace_back(e, random.uniform(2 * at + 1) < e);
  }
  return out;
}

// The error rate of "accept up to level e" is e / 2 here.
TEST(Selective, RateHoldsInNearlyAllResamplings) {
  constexpr int draws = 400;
  constexpr double risk = 0.05;
  for (const double rate : {0.1, 0.15, 0.2}) {
    int broken = 0, useful = 0;
    for (int seed = 0; seed < draws; ++seed) {
      const float level = selective_level(
          error_table(draw(static_cast<std::uint64_t>(seed), 500), most_per_table), rate, risk);
      broken += static_cast<double>(std::min(level, 0.5f)) / 2 > rate;
      useful += level > 0.5 * rate;
    }
    EXPECT_LE(broken, draws * risk * 1.4) << rate;
    EXPECT_GE(useful, draws * 0.4) << rate;
  }
}

}  // namespace
}  // namespace casd
