#include "eval/conformal.h"

#include "core/random.h"
#include "eval/output_variance.h"
#include "method/conformal.h"
#include "support/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

using Floats = std::vector<float>;

TEST(ConformalTables, KeepAllNumbersOrTheirQuantiles) {
  const float none = std::numeric_limits<float>::quiet_NaN();
  const QuantileTable small = quantile_table({3, none, 1, 2}, 5);
  EXPECT_EQ(small.count, 3);
  EXPECT_EQ(small.values, (Floats{1, 2, 3}));
  Floats numbers;
  for (int i = 10; i > 0; --i) numbers.push_back(static_cast<float>(i));
  const QuantileTable large = quantile_table(numbers, 4);
  EXPECT_EQ(large.count, 10);
  EXPECT_EQ(large.values, (Floats{3, 5, 8, 10}));
  for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(static_cast<float>(large.rank(j)), large.values[j]);
  EXPECT_TRUE(quantile_table({}, 4).empty());
}

TEST(ConformalTables, ErrorsOfEqualProbabilitiesAreOneEntry) {
  const ErrorTable table =
      error_table({{.2f, true}, {.1f, false}, {.2f, false}, {.3f, true}, {.2f, false}}, 8);
  EXPECT_EQ(table.level, (Floats{.1f, .2f, .3f}));
  EXPECT_EQ(table.accepted, (std::vector<std::int64_t>{1, 4, 5}));
  EXPECT_EQ(table.wrong, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(ConformalTables, ErrorsOfManyDecisionsAreSummed) {
  std::vector<Decision> decisions;
  for (int i = 0; i < 1000; ++i) decisions.emplace_back(static_cast<float>(i), i % 10 == 0);
  const ErrorTable table = error_table(decisions, 7);
  ASSERT_EQ(table.level.size(), 7u);
  EXPECT_EQ(table.accepted.back(), 1000);
  EXPECT_EQ(table.wrong.back(), 100);
  for (std::size_t j = 0; j < 7; ++j) {
    EXPECT_EQ(static_cast<float>(table.accepted[j]), table.level[j] + 1);
    EXPECT_EQ(table.wrong[j], (table.accepted[j] + 9) / 10);
  }
}

TEST(ConformalTables, NumbersPerTableAreBounded) {
  EXPECT_EQ(numbers_per_table(0), most_per_table);
  EXPECT_EQ(numbers_per_table(21), most_per_table);
  EXPECT_EQ(numbers_per_table(256), 256u);
  EXPECT_EQ(numbers_per_table(1000000), least_per_table);
}

TEST(ConformalTables, ResultsByTask) {
  HeldOutResults classes;
  add_result(classes, CASD_TASK_CLASSES, Floats{.25f, .5f, .25f}, Floats{2});
  add_result(classes, CASD_TASK_CLASSES, Floats{.25f, .5f, .25f}, Floats{1});
  EXPECT_EQ(classes.scores, (std::vector<Floats>{{.75f, .5f}}));
  EXPECT_EQ(classes.decisions, (std::vector<std::vector<Decision>>{{{.5f, true}, {.5f, false}}}));

  HeldOutResults labels;
  add_result(labels, CASD_TASK_MULTILABEL, Floats{.25f, .75f}, Floats{1, 1});
  add_result(labels, CASD_TASK_MULTILABEL, Floats{.25f, .75f}, Floats{0, 0});
  EXPECT_EQ(labels.scores, (std::vector<Floats>{{.75f, .25f}, {.25f, .75f}}));
  EXPECT_EQ(labels.decisions, (std::vector<std::vector<Decision>>{{{.25f, true}, {.25f, false}},
                                                                  {{.25f, false}, {.25f, true}}}));

  HeldOutResults values;
  add_result(values, Floats{1, 4}, Floats{2, .5f}, Floats{2, 3});
  EXPECT_EQ(values.scores, (std::vector<Floats>{{.5f}, {2}}));
  EXPECT_TRUE(values.decisions.empty());
}

TEST(ConformalTables, EachSetOfModalitiesHasItsOwn) {
  std::map<std::uint32_t, HeldOutResults> results;
  for (const std::uint32_t key : {3u, 1u}) {
    results[key].uncertainty = {static_cast<float>(key), 7};
    add_result(results[key], CASD_TASK_CLASSES, Floats{.25f, .75f}, Floats{key == 1 ? 0.f : 1.f});
  }
  const Guarantees out = guarantees(results, {{1, 2, 3}, {}});
  ASSERT_EQ(out.keys.size(), 2u);
  EXPECT_EQ(out.find(2), nullptr);
  EXPECT_EQ(out.find(4), nullptr);
  EXPECT_EQ(out.find(1)->scores[0].values, Floats{.75f});
  EXPECT_EQ(out.find(3)->scores[0].values, Floats{.25f});
  EXPECT_EQ(out.find(3)->uncertainty.values, (Floats{3, 7}));
  EXPECT_EQ(out.find(1)->errors[0].wrong, std::vector<std::int64_t>{1});
  EXPECT_EQ(out.modality_variance[0].count, 3);
  EXPECT_TRUE(out.modality_variance[1].empty());
}

// Two sets of modalities whose probabilities have different quality: each keeps its coverage, which one
// table for both would not.
TEST(ConformalTables, CoverageHoldsInEachSetOfModalities) {
  constexpr int held_out = 1000, tested = 20000;
  for (const double coverage : {0.8, 0.9, 0.95})
    for (const float quality : {0.5f, 3.0f}) {
      HeldOutResults results;
      std::vector<float> scores;
      const RandomStream random(7, 0, RandomSite::synthetic);
      for (int i = 0; i < held_out + tested; ++i) {
        const auto at = static_cast<std::uint64_t>(4 * i);
        // Overconfident: the class is drawn with half of the logit.
        const double logit = static_cast<double>(quality) * random.normal(at);
        const auto p = static_cast<float>(1 / (1 + std::exp(-logit)));
        const bool second = random.uniform(4 * at + 7) < 1 / (1 + std::exp(-logit / 2));
        if (i < held_out)
          add_result(results, CASD_TASK_CLASSES, Floats{1 - p, p}, Floats{second ? 1.f : 0.f});
        else
          scores.push_back(nonconformity(second ? p : 1 - p));
      }
      const float threshold =
          conformal_threshold(quantile_table(results.scores[0], most_per_table), coverage);
      const auto covered = std::count_if(scores.begin(), scores.end(),
                                         [&](float score) { return score <= threshold; });
      EXPECT_NEAR(static_cast<double>(covered) / tested, coverage, 0.02) << quality;
    }
}

double objective(const OutputVariance& law, const std::vector<double>& square,
                 const std::vector<double>& term) {
  double sum = 0;
  const std::size_t modalities = law.factor.size();
  for (std::size_t i = 0; i < square.size(); ++i) {
    double v = law.floor;
    for (std::size_t m = 0; m < modalities; ++m) v += law.factor[m] * term[i * modalities + m];
    sum += std::log(v) + square[i] / v;
  }
  return sum / static_cast<double>(square.size());
}

TEST(OutputVariance, ReachesTheMinimumOfTheReference) {
  for (const auto& one : test::guarantee_cases("variance")) {
    const auto square = test::numbers<double>(one["square"]);
    const auto term = test::numbers<double>(one["term"]);
    const OutputVariance law = fit_output_variance(square, term, 2);
    const double least = one["objective"];
    EXPECT_NEAR(objective(law, square, term), least, 1e-6 * std::fabs(least));
    const auto parameter = test::numbers<double>(one["parameter"]);
    EXPECT_NEAR(law.floor, parameter[0], 0.01);
    EXPECT_NEAR(law.factor[0], parameter[1], 0.01);
    EXPECT_NEAR(law.factor[1], parameter[2], 0.01);
  }
}

TEST(OutputVariance, ModalityThatNeverTakesPartHasNoFactor) {
  const std::vector<double> square = {1, 4, 9, 16}, term = {1, 0, 4, 0, 9, 0, 16, 0};
  const OutputVariance law = fit_output_variance(square, term, 2);
  EXPECT_EQ(law.factor[1], 0);
  EXPECT_NEAR(law.factor[0], 1, 1e-3);
}

TEST(OutputVariance, ExtremeSamples) {
  const OutputVariance none = fit_output_variance({}, {}, 3);
  EXPECT_EQ(none.floor, 1);
  EXPECT_EQ(none.factor, std::vector<double>(3));
  const std::vector<double> zero = {0, 0}, one = {1, 1};
  const OutputVariance exact = fit_output_variance(zero, one, 1);
  EXPECT_GT(exact.floor, 0);
  EXPECT_TRUE(std::isfinite(exact.factor[0]));
}

}  // namespace
}  // namespace casd
