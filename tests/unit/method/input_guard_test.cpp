// The factors of the input guard.
#include "method/input_guard.h"

#include <gtest/gtest.h>

namespace casd {
namespace {

GuardFactors<double> factors(double energy, double change, const GuardLimits<double>& limits,
                             bool has_change = true) {
  return guard_factors<double>({energy, change, has_change}, limits);
}

TEST(InputGuard, FactorsFollowTheDefinition) {
  const GuardFactors<double> f = factors(4, 0.1, {2, 0.5, 3});  // R = 4, Z = 5
  EXPECT_DOUBLE_EQ(f.variance, 20);
  EXPECT_DOUBLE_EQ(f.weight, 1.0 / (3 * 2));
  EXPECT_DOUBLE_EQ(f.linear, 1.0 / 20);
  const GuardFactors<double> still = factors(1, 0.4, {2, 0.5, 1});  // R = 1, Z = 1.25
  EXPECT_DOUBLE_EQ(still.variance, 1.25);
  EXPECT_DOUBLE_EQ(still.weight, 0.8);
}

TEST(InputGuard, FactorsAreLimited) {
  EXPECT_DOUBLE_EQ(factors(1e9, 1, {2, 0.5, 1}).variance, 100);
  EXPECT_DOUBLE_EQ(factors(1, 0, {2, 0.5, 1}).variance, 100);
  EXPECT_DOUBLE_EQ(factors(1e9, 0, {2, 0.5, 1}).variance, 10000);
}

TEST(InputGuard, InputLikeTheTrainingDataChangesNothing) {
  for (const GuardFactors<double>& f : {factors(2, 0.5, {2, 0.5, 1}), factors(1e9, 0, {0, 0, 0}),
                                        factors(1, 0, {2, 0.5, 1}, false)}) {
    EXPECT_DOUBLE_EQ(f.variance, 1);
    EXPECT_DOUBLE_EQ(f.weight, 1);
    EXPECT_DOUBLE_EQ(f.linear, 1);
  }
}

TEST(InputGuard, TheNoiseFactorIsTheRatioOfTheDeviations) {
  const auto noise = [](double change, double least, double typical, bool has_change = true) {
    return noise_factor<double>({1, change, has_change}, least, typical);
  };
  EXPECT_DOUBLE_EQ(noise(2, 0.1, 0.5), 2);
  EXPECT_DOUBLE_EQ(noise(0.125, 0.1, 0.5), 0.5);
  // Limited, and no less than that of the least change: a frozen sensor is not certain.
  EXPECT_DOUBLE_EQ(noise(1e6, 0.1, 0.5), 10);
  EXPECT_DOUBLE_EQ(noise(1e-6, 0, 0.5), 0.1);
  EXPECT_DOUBLE_EQ(noise(0, 0.125, 0.5), 0.5);
  // One frame, or no typical change.
  EXPECT_DOUBLE_EQ(noise(2, 0.1, 0.5, false), 1);
  EXPECT_DOUBLE_EQ(noise(2, 0.1, 0), 1);
}

}  // namespace
}  // namespace casd
