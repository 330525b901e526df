// The sampled representation (docs/method.md 5).
#include "method/sampling.h"

#include "support/slope.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

FusedLaw<double> law_of(double location, double freedom, double variance) {
  return {location, freedom, fused_squared_scale(variance, freedom), variance, 0};
}

TEST(Sampling, StudentTHasTheScaleOfTheFusedLaw) {
  const FusedLaw<double> law = law_of(0.5, 6, 3);
  EXPECT_NEAR(sample_student_t(law, 1.0, {2, 0}), 0.5 + 2 * std::sqrt(3 * 4.0 / 6), 1e-15);
  EXPECT_NEAR(sample_gaussian(law, 0.5, 2.0), 0.5 + std::sqrt(3.0), 1e-15);
  EXPECT_DOUBLE_EQ(student_t_noise(1.5, 2.0, 8.0), 3);
}

TEST(Sampling, GradientOfStudentTMatchesFiniteDifferences) {
  const double kappa = 0.8, gradient = 1.7, location = 0.3, freedom = 4.6, variance = 2.1;
  // Noise that depends linearly on nu_F has a slope.
  const double t = -1.3, t_slope = 0.25;
  const auto loss = [&](double at_location, double at_freedom, double at_variance) {
    return gradient * sample_student_t(law_of(at_location, at_freedom, at_variance), kappa,
                                       {t + t_slope * (at_freedom - freedom), 0});
  };
  const FusedGradient<double> found = sample_student_t_backward(
      law_of(location, freedom, variance), kappa, UnitNoise<double>{t, t_slope}, gradient);
  EXPECT_NEAR(found.location,
              test::slope([&](double x) { return loss(x, freedom, variance); }, location), 1e-8);
  EXPECT_NEAR(found.degrees_of_freedom,
              test::slope([&](double x) { return loss(location, x, variance); }, freedom), 1e-8);
  EXPECT_NEAR(found.variance,
              test::slope([&](double x) { return loss(location, freedom, x); }, variance), 1e-8);
}

TEST(Sampling, GradientOfGaussianMatchesFiniteDifferences) {
  const auto loss = [](double variance) {
    return 1.7 * sample_gaussian(law_of(0.3, 5, variance), 0.8, -1.3);
  };
  const FusedGradient<double> found = sample_gaussian_backward(law_of(0.3, 5, 2.1), 0.8, -1.3, 1.7);
  EXPECT_EQ(found.location, 1.7);
  EXPECT_EQ(found.degrees_of_freedom, 0);
  EXPECT_NEAR(found.variance, test::slope(loss, 2.1), 1e-8);
}

/// The regularised lower incomplete gamma function, by its series.
double lower_gamma(double a, double x) {
  double term = std::exp(a * std::log(x) - x - std::lgamma(a + 1)), sum = 0;
  for (int n = 1; n < 2000; ++n) {
    sum += term;
    term *= x / (a + n);
  }
  return sum;
}

/// The g with lower_gamma(a, g) = probability.
double gamma_quantile(double a, double probability) {
  double low = 0, high = 200;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (lower_gamma(a, middle) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

TEST(Sampling, DerivativeOfAGammaSampleFollowsItsQuantile) {
  for (const double a : {1.3, 2.0, 5.5, 19.0})
    for (const double probability : {0.001, 0.1, 0.5, 0.9, 0.999}) {
      const double g = gamma_quantile(a, probability);
      const auto quantile = [&](double at) { return gamma_quantile(at, probability); };
      EXPECT_NEAR(gamma_sample_derivative(a, g), test::slope(quantile, a), 1e-5)
          << a << " " << probability;
      const double z = 0.7, t = student_t_noise(z, g, a);
      const auto noise = [&](double nu) {
        return student_t_noise(z, gamma_quantile(nu / 2, probability), nu / 2);
      };
      EXPECT_NEAR(student_t_slope(t, g, a), test::slope(noise, 2 * a), 1e-5);
    }
}

}  // namespace
}  // namespace casd
