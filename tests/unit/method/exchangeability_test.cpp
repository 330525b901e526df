// Reference values: tests/reference/guarantees.py.
#include "method/exchangeability.h"

#include "eval/conformal.h"
#include "method/betting.h"
#include "support/reference.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

TEST(StreamRanks, PValuesAndCapitalEqualTheReference) {
  for (const auto& one : test::guarantee_cases("martingale")) {
    StreamRanks ranks(quantile_table(test::numbers<float>(one["held_out"]), most_per_table));
    Betting betting;
    for (std::size_t t = 0; t < one["stream"].size(); ++t) {
      const double p = ranks.add(one["stream"][t], one["random"][t]);
      EXPECT_NEAR(p, one["p"][t].get<double>(), 1e-12);
      betting.bet(p);
      const double capital = one["capital"][t];
      EXPECT_NEAR(betting.capital() / capital, 1, 1e-9);
    }
  }
}

TEST(StreamRanks, RestartForgetsTheStreamAndKeepMakesItPartOfTheReference) {
  StreamRanks ranks(quantile_table({1, 2, 3}, 8));
  const double fresh = ranks.add(2.5f, 0.5);
  EXPECT_EQ(fresh, (1 + 0.5) / 4);
  EXPECT_EQ(ranks.add(2.5f, 0.5), (1 + 0.5 * 2) / 5);
  ranks.restart();
  EXPECT_EQ(ranks.add(2.5f, 0.5), fresh);
  ranks.keep();
  ranks.add(9, 0.5);
  ranks.restart();
  EXPECT_EQ(ranks.add(2.5f, 0.5), (1 + 0.5 * 2) / 5);
}

TEST(StreamRanks, EqualNumbersShareTheirRanks) {
  StreamRanks constant(quantile_table({5, 5, 5}, 8));
  EXPECT_EQ(constant.add(5, 0.5), (1 + 0.5 * 3) / 4);
  EXPECT_EQ(constant.add(4, 0.5), (1 + 0.5 * 4) / 5);
  EXPECT_EQ(constant.add(6, 0.5), 0.5 * 1 / 6);
  // A table of decisions has the same ranks.
  StreamRanks decisions(error_table({{5.0f, false}, {5.0f, true}, {5.0f, false}}, 8));
  EXPECT_EQ(decisions.add(5, 0.5), (1 + 0.5 * 3) / 4);
  EXPECT_TRUE(StreamRanks(QuantileTable{}).empty());
}

TEST(StreamKinds, PValuesEqualTheReference) {
  const auto& one = test::guarantee_cases("kinds");
  StreamKinds kinds(test::numbers<double>(one["counts"]));
  for (std::size_t t = 0; t < one["stream"].size(); ++t)
    EXPECT_NEAR(kinds.add(one["stream"][t], one["random"][t]), one["p"][t].get<double>(), 1e-12);
}

// Each bet is a density: it has mean 1 under uniform p-values.
TEST(Betting, BetsAreFair) {
  constexpr int points = 2000000;
  std::array<double, bet_count> sum{};
  for (int i = 0; i < points; ++i) {
    const std::array<double, bet_count> gain = bets((i + 0.5) / points);
    for (std::size_t k = 0; k < bet_count; ++k) {
      EXPECT_GE(gain[k], 0);
      sum[k] += gain[k] / points;
    }
  }
  for (const double mean : sum) EXPECT_NEAR(mean, 1, 0.01);
}

TEST(Betting, RestartTakesTheCapital) {
  Betting betting;
  for (int i = 0; i < 30; ++i) betting.bet(0.01);
  EXPECT_GT(betting.capital(), 1e10);
  betting.restart();
  EXPECT_EQ(betting.capital(), 0);
}

}  // namespace
}  // namespace casd
