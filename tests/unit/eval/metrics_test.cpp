// Reference values from scikit-learn 1.5 (f1_score(average='weighted'), roc_auc_score) and NumPy.
#include "eval/metrics.h"

#include "support/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

using Ints = std::vector<std::int32_t>;
using Reals = std::vector<double>;
using Flags = std::vector<std::uint8_t>;

TEST(Metrics, WeightedF1AndAccuracy) {
  const Ints target = {0, 0, 1, 1, 2, 2, 2, 0}, predicted = {0, 1, 1, 1, 2, 0, 2, 2};
  EXPECT_NEAR(weighted_f1(predicted, target), 0.6, 1e-12);
  EXPECT_NEAR(accuracy(predicted, target), 0.625, 1e-12);
  EXPECT_EQ(weighted_f1(target, target), 1);
  EXPECT_EQ(weighted_f1(Ints{1, 1}, Ints{0, 0}), 0);
  EXPECT_TRUE(std::isnan(weighted_f1(Ints(), Ints())));
  EXPECT_TRUE(std::isnan(accuracy(Ints(), Ints())));
}

TEST(Metrics, AurocCountsTiesHalf) {
  const Reals score = {.1, .4, .35, .8, .4, .9, .2};
  const Flags positive = {0, 0, 1, 1, 1, 1, 0};
  EXPECT_NEAR(auroc(score, positive), 0.875, 1e-12);
  EXPECT_NEAR(auroc(Reals{1, 1, 1, 1}, Flags{0, 1, 0, 1}), 0.5, 1e-12);
  EXPECT_EQ(auroc(Reals{2, 1}, Flags{0, 1}), 0);
  EXPECT_TRUE(std::isnan(auroc(Reals{1, 2}, Flags{1, 1})));
  EXPECT_TRUE(std::isnan(auroc(Reals{1, 2}, Flags{0, 0})));
}

TEST(Metrics, CalibrationErrorHasFifteenBins) {
  const Reals confidence = {.05, .1, .62, .61, .95, .99, 1.0};
  const Flags right = {0, 1, 1, 0, 1, 1, 0};
  EXPECT_NEAR(expected_calibration_error(confidence, right), 0.3028571428571428, 1e-12);
  EXPECT_NEAR(expected_calibration_error(Reals{1, 1}, Flags{1, 1}), 0, 1e-12);
  EXPECT_TRUE(std::isnan(expected_calibration_error(Reals(), Flags())));
}

TEST(Metrics, Regression) {
  const Reals predicted = {1, 2.5, -3, 4, 0.5}, target = {0.5, 2, -1, 5, 3};
  EXPECT_NEAR(correlation(predicted, target), 0.8490232507266469, 1e-12);
  EXPECT_NEAR(mean_absolute_error(predicted, target), 1.3, 1e-12);
  EXPECT_TRUE(std::isnan(correlation(Reals{1, 1}, Reals{1, 2})));  // no spread
  EXPECT_TRUE(std::isnan(mean_absolute_error(Reals(), Reals())));
}

TEST(Metrics, ScoringRulesEqualTheReference) {
  const auto& one = test::guarantee_cases("scoring");
  const auto probability = test::numbers<double>(one["probability"]);
  const auto target = test::numbers<std::int32_t>(one["target"]);
  const auto number = [&](const char* name) { return one[name].get<double>(); };
  EXPECT_NEAR(brier_score(probability, target), number("brier"), 1e-9);
  EXPECT_NEAR(negative_log_likelihood(probability, target), number("negative_log_likelihood"),
              1e-9);
  EXPECT_NEAR(risk_coverage_area(test::numbers<double>(one["confidence"]),
                                 test::numbers<std::uint8_t>(one["wrong"])),
              number("risk_coverage_area"), 1e-9);
  EXPECT_NEAR(negative_log_likelihood(test::numbers<double>(one["value"]),
                                      test::numbers<double>(one["deviation"]),
                                      test::numbers<double>(one["truth"])),
              number("normal_negative_log_likelihood"), 1e-9);
}

TEST(Metrics, ScoringRulesOfFewRows) {
  EXPECT_NEAR(risk_coverage_area(Reals{.9, .8, .8, .1}, Flags{0, 1, 0, 1}),
              (0 + .25 + 1. / 3 + .5) / 4, 1e-12);
  EXPECT_TRUE(std::isnan(risk_coverage_area(Reals(), Flags())));
  EXPECT_TRUE(std::isnan(brier_score(Reals(), Ints())));
  EXPECT_TRUE(std::isnan(negative_log_likelihood(Reals(), Ints())));
  EXPECT_TRUE(std::isnan(negative_log_likelihood(Reals(), Reals(), Reals())));
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

// auroc() must terminate with a NaN among the scores.
TEST(Metrics, RowsThatAreNotFiniteAreLeftOut) {
  const Reals score = {.1, not_a_number, .4, .35, infinite, .8, .4, .9, -infinite, .2};
  const Flags positive = {0, 1, 0, 1, 0, 1, 1, 1, 1, 0};
  EXPECT_NEAR(auroc(score, positive), 0.875, 1e-12);
  const Reals confidence = {.05, not_a_number, .1, .62, .61, infinite, .95, .99, 1.0};
  const Flags right = {0, 0, 1, 1, 0, 0, 1, 1, 0};
  EXPECT_NEAR(expected_calibration_error(confidence, right), 0.3028571428571428, 1e-12);
  const Reals predicted = {1, not_a_number, 2.5, -3, 4, infinite, 0.5, 2};
  const Reals target = {0.5, 1, 2, -1, 5, 1, 3, not_a_number};
  EXPECT_NEAR(correlation(predicted, target), 0.8490232507266469, 1e-12);
  EXPECT_NEAR(mean_absolute_error(predicted, target), 1.3, 1e-12);
  EXPECT_NEAR(risk_coverage_area(Reals{.9, not_a_number, .1}, Flags{0, 1, 1}), .25, 1e-12);
  const Reals probability = {.75, .25, not_a_number, .5};
  EXPECT_NEAR(brier_score(probability, Ints{0, 1}), .125, 1e-12);
  EXPECT_NEAR(negative_log_likelihood(probability, Ints{0, 1}), -std::log(.75), 1e-12);
  EXPECT_NEAR(negative_log_likelihood(Reals{0, 1, 1}, Reals{1, 0, 1}, Reals{0, 1, infinite}),
              .91893853320467274, 1e-12);
}

TEST(Metrics, IsNanWithoutAFiniteRow) {
  const Reals none = {not_a_number, infinite};
  EXPECT_TRUE(std::isnan(risk_coverage_area(none, Flags{0, 1})));
  EXPECT_TRUE(std::isnan(brier_score(none, Ints{0})));
  EXPECT_TRUE(std::isnan(auroc(none, Flags{0, 1})));
  EXPECT_TRUE(std::isnan(expected_calibration_error(none, Flags{0, 1})));
  EXPECT_TRUE(std::isnan(correlation(none, Reals{1, 2})));
  EXPECT_TRUE(std::isnan(mean_absolute_error(none, Reals{1, 2})));
}

TEST(Metrics, CalibrationErrorAcceptsConfidencesOutsideTheirRange) {
  EXPECT_NEAR(expected_calibration_error(Reals{-1e300, 1.5}, Flags{0, 1}), 5e299, 1e290);
}

}  // namespace
}  // namespace casd
