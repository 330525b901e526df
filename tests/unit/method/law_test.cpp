// The evidence head and the distribution of one modality (docs/method.md 2, 3).
#include "method/law.h"

#include "support/slope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

using Law = NormalInverseGamma<double>;

double Law::*const parameters[] = {&Law::gamma, &Law::delta, &Law::alpha, &Law::beta};

TEST(Law, VarianceIsThatOfTheStudentT) {
  for (const Law& law : {Law{0.3, 0.5, 1.5, 0.8}, Law{-2, 20, 19.5, 0.2}, Law{1, 0.01, 1.26, 3}}) {
    const double nu = law.degrees_of_freedom();
    EXPECT_NEAR(law.variance(), law.squared_scale() * nu / (nu - 2), 1e-12 * law.variance());
    EXPECT_NEAR(law.variance(), law.aleatoric() + law.epistemic(), 1e-12 * law.variance());
    EXPECT_NEAR(law.epistemic(), law.aleatoric() / law.delta, 1e-12 * law.epistemic());
  }
}

TEST(Law, GradientOfTheVarianceMatchesFiniteDifferences) {
  for (const Law& law : {Law{0.3, 0.5, 1.5, 0.8}, Law{-2, 20, 19.5, 0.2}}) {
    Law gradient{1, 1, 1, 1};  // added to
    variance_backward(law, 3.0, gradient);
    for (double Law::*parameter : parameters) {
      const auto variance = [&](double value) {
        Law moved = law;
        moved.*parameter = value;
        return moved.variance();
      };
      EXPECT_NEAR(gradient.*parameter, 1 + 3 * test::slope(variance, law.*parameter), 1e-7);
    }
  }
}

constexpr EvidenceLimits<double> limits{0.01, 20, 1.25, 19, 0.2};

TEST(Evidence, ParametersStayWithinTheirLimits) {
  const Law smallest = evidence<double>({-3, -100, -100, -100}, limits);
  EXPECT_EQ(smallest.gamma, -3);
  EXPECT_EQ(smallest.delta, 0.01);
  EXPECT_EQ(smallest.alpha, 1.25);
  EXPECT_EQ(smallest.beta, 0.2);
  const Law largest = evidence<double>({1e6, 100, 100, 100}, limits);
  EXPECT_EQ(largest.gamma, 1e6);
  EXPECT_EQ(largest.delta, 20);
  EXPECT_EQ(largest.alpha, 19);
  EXPECT_EQ(largest.beta, 100.2);  // not limited
  EXPECT_NEAR(evidence<double>({0, 0, 0, 0}, limits).delta, std::log(2) + 0.01, 1e-15);
}

TEST(Evidence, NotANumberStaysNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Law law = evidence<double>({nan, nan, nan, nan}, limits);
  for (double Law::*parameter : parameters) EXPECT_TRUE(std::isnan(law.*parameter));
}

TEST(Evidence, GradientMatchesFiniteDifferences) {
  const Law factors{0.7, -1.1, 0.4, 2};
  for (const Law& raw : {Law{0.3, 0.5, -1.5, 0.8}, Law{1, -30, -4, 12}, Law{0, 25, 18.5, -2}}) {
    const Law gradient = evidence_backward(raw, limits, factors);
    for (double Law::*parameter : parameters) {
      const auto loss = [&](double value) {
        Law moved = raw;
        moved.*parameter = value;
        const Law law = evidence(moved, limits);
        return factors.gamma * law.gamma + factors.delta * law.delta + factors.alpha * law.alpha +
               factors.beta * law.beta;
      };
      EXPECT_NEAR(gradient.*parameter, test::slope(loss, raw.*parameter), 1e-8);
    }
  }
}

TEST(Evidence, GradientIsZeroFromTheBoundOn) {
  // A small bound: softplus(x) + 0.1 reaches it at x = log(e^0.5 - 1), below 0.
  constexpr EvidenceLimits<double> small{0.1, 0.6, 1.1, 1.6, 0.2};
  const double bound = std::log(std::expm1(0.5));
  for (const double x : {-2.0, bound - 1e-9, bound + 1e-9, 0.0, 0.3, 0.6, 2.0}) {
    const Law gradient = evidence_backward<double>({0, x, x, x}, small, {1, 1, 1, 1});
    const double expected = x < bound ? logistic(x) : 0;
    EXPECT_EQ(gradient.delta, expected) << x;
    EXPECT_EQ(gradient.alpha, expected) << x;
    EXPECT_EQ(gradient.beta, logistic(x)) << x;
  }
}

TEST(Functions, DigammaMatchesKnownValues) {
  const double euler = 0.57721566490153286061;
  EXPECT_NEAR(digamma(1), -euler, 1e-14);
  EXPECT_NEAR(digamma(0.5), -euler - 2 * std::log(2), 1e-14);
  EXPECT_NEAR(digamma(6), -euler + 1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5, 1e-14);
  EXPECT_NEAR(digamma(20.5) - digamma(19.5), 1 / 19.5, 1e-14);
}

TEST(Functions, LogGammaMatchesKnownValuesAndTheLibrary) {
  EXPECT_NEAR(log_gamma(1), 0, 1e-14);
  EXPECT_NEAR(log_gamma(6), std::log(120.0), 1e-14);
  EXPECT_NEAR(log_gamma(0.5), std::log(std::acos(-1.0)) / 2, 1e-14);
  for (double x = 0.05; x < 100; x *= 1.1) EXPECT_NEAR(log_gamma(x), std::lgamma(x), 1e-13) << x;
}

TEST(Functions, LogisticIsTheSlopeOfSoftplus) {
  for (const double x : {-700.0, -3.0, 0.0, 1.5, 19.0, 25.0, 800.0}) {
    EXPECT_NEAR(logistic(x), test::slope([](double y) { return softplus(y); }, x), 1e-8) << x;
    EXPECT_GE(logistic(x), 0);
    EXPECT_LE(logistic(x), 1);
  }
}

}  // namespace
}  // namespace casd
