// The random numbers of a step: their distributions, and their keys: row of the whole batch, time
// step, position in the network and pass.
#include "torch/noise.h"
#include "parity/support.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/lgamma.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/special_gammainc.h>

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

using test::doubles;
using torch_engine::FrameRange;
using torch_engine::Law;
using torch_engine::RandomContext;

RandomContext context() {
  RandomContext random;
  random.dropout = 0.3;
  random.seed = 11;
  random.step = 12;
  return random;
}

/// The mask itself: [rows * frames, width].
std::vector<double> mask(const FrameRange& range, std::int64_t width, const RandomContext& random,
                         std::int32_t modality = 0, std::uint32_t place = 0) {
  const auto rows = static_cast<std::int64_t>(range.sample.size()) * range.frames;
  return doubles(
      torch_engine::drop(at::ones({rows, width}, at::kDouble), range, random, modality, place));
}

TEST(Dropout, KeepsTheExpectedFractionAndTheMean) {
  const std::vector<std::int32_t> rows = {0, 1, 2, 3};
  const std::vector<double> got =
      mask({rows, 100, {0, 0, 0, 0}, {100, 100, 100, 100}}, 50, context());
  double kept = 0;
  for (const double value : got) {
    if (value == 0) continue;
    EXPECT_NEAR(value, 1 / 0.7, 1e-6);
    ++kept;
  }
  const double n = static_cast<double>(got.size());
  EXPECT_NEAR(kept / n, 0.7, 5 * std::sqrt(0.21 / n));
}

TEST(Dropout, IsKeyedByRowAndTimeStep) {
  // Widths that are and are not multiples of the four numbers of a block.
  for (const std::int64_t width : {12, 7}) {
    const std::vector<std::int32_t> rows = {0, 1, 2};
    const std::vector<double> all = mask({rows, 9, {0, 0, 0}, {9, 5, 9}}, width, context());
    const auto frame = [&](std::int64_t row, std::int64_t step) {
      const auto from = all.begin() + (row * 9 + step) * width;
      return std::vector<double>(from, from + width);
    };
    // Frames beyond the end are padding.
    for (std::int64_t step = 5; step < 9; ++step)
      EXPECT_EQ(frame(1, step), std::vector<double>(static_cast<std::size_t>(width), 0));
    // The same rows in a later part of the batch, with other padding.
    RandomContext part = context();
    part.first_row = 1;
    const std::vector<std::int32_t> later = {0, 1};
    const std::vector<double> padded = mask({later, 20, {0, 0}, {5, 9}}, width, part);
    for (std::int64_t k = 0; k < 5 * width; ++k)
      ASSERT_EQ(padded[static_cast<std::size_t>(k)], all[static_cast<std::size_t>(9 * width + k)]);
    // Single frames of each row.
    const std::vector<double> single = mask({rows, 1, {3, 4, 8}, {9, 5, 9}}, width, context());
    const std::int32_t steps[] = {3, 4, 8};
    for (std::int64_t row = 0; row < 3; ++row)
      EXPECT_EQ(
          std::vector<double>(single.begin() + row * width, single.begin() + (row + 1) * width),
          frame(row, steps[row]));
    EXPECT_NE(frame(0, 0), frame(0, 1));
    EXPECT_NE(frame(0, 0), frame(2, 0));
  }
}

TEST(Dropout, DiffersBetweenModalitiesSitesPassesAndSteps) {
  const std::vector<std::int32_t> rows = {0};
  const FrameRange range{rows, 10, {0}, {10}};
  std::vector<std::vector<double>> masks;
  for (const std::int32_t modality : {0, 1})
    for (const std::uint32_t place :
         {dropout_embedding, dropout_pooled, dropout_attention(0), dropout_feed_forward(0),
          dropout_attention(63), dropout_feed_forward(63)})
      masks.push_back(mask(range, 16, context(), modality, place));
  RandomContext other = context();
  other.pass = 1;
  masks.push_back(mask(range, 16, other));
  other = context();
  other.step = 13;
  masks.push_back(mask(range, 16, other));
  for (std::size_t a = 0; a < masks.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) EXPECT_NE(masks[a], masks[b]) << a << " " << b;
}

/// Mean and variance within five standard errors.
void check_moments(const std::vector<double>& values, double mean, double variance,
                   double fourth_central) {
  const double n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) {
    sum += value;
    squares += (value - mean) * (value - mean);
  }
  EXPECT_NEAR(sum / n, mean, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * std::sqrt((fourth_central - variance * variance) / n));
}

TEST(SamplingNoise, FollowsItsDistributions) {
  check_moments(doubles(torch_engine::normal_noise(200, 100, context())), 0, 1, 3);
  for (const double a : {1.25, 4.0}) {
    const at::Tensor shape = at::full({200, 100}, a, at::kDouble);
    check_moments(doubles(torch_engine::gamma_noise(shape, context())), a, a, 3 * a * a + 6 * a);
  }
}

// Moments hardly depend on which values are rejected, the distribution function does.
TEST(SamplingNoise, FollowsTheGammaDistributionFunction) {
  for (const double a : {1.25, 4.0}) {
    const at::Tensor shape = at::full({400, 500}, a, at::kDouble);
    std::vector<double> values = doubles(torch_engine::gamma_noise(shape, context()));
    std::sort(values.begin(), values.end());
    const auto n = static_cast<std::int64_t>(values.size());
    const std::vector<double> distribution = doubles(at::special_gammainc(
        at::full({n}, a, at::kDouble), test::tensor_of(values, {n}, shape.options())));
    double largest = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      largest = std::max(largest, std::fabs(distribution[i] - (static_cast<double>(i) + 0.5) /
                                                                  static_cast<double>(n)));
    // Kolmogorov and Smirnov: exceeded with a probability of 1e-5.
    EXPECT_LT(largest, 2.47 / std::sqrt(static_cast<double>(n))) << a;
  }
}

TEST(SamplingNoise, IsKeyedByRow) {
  RandomContext part = context();
  part.first_row = 3;
  const at::Tensor shape = at::full({5, 7}, 2.0, at::kDouble);
  EXPECT_TRUE(torch_engine::normal_noise(5, 7, context())
                  .narrow(0, 3, 2)
                  .equal(torch_engine::normal_noise(2, 7, part)));
  EXPECT_TRUE(torch_engine::gamma_noise(shape, context())
                  .narrow(0, 3, 2)
                  .equal(torch_engine::gamma_noise(shape.narrow(0, 0, 2), part)));
}

Law simple_law(const at::Tensor& degrees_of_freedom) {
  Law law;
  law.degrees_of_freedom = degrees_of_freedom;
  law.location = at::full(degrees_of_freedom.sizes(), 0.5, at::kDouble);
  law.uncertainty = at::full(degrees_of_freedom.sizes(), 9.0, at::kDouble);
  law.scale = at::full(degrees_of_freedom.sizes(), 2.0, at::kDouble);
  return law;
}

TEST(Sampling, UsesLocationScaleAndFactor) {
  const Law law = simple_law(at::full({2, 3}, 5.0, at::kDouble));
  const at::Tensor t = at::full({2, 3}, -1.5, at::kDouble);
  TrainingOptions options = training_options(default_trainer_options());
  options.sigma_scale = 0.5;
  const auto one = [&](SamplingMode mode) {
    options.sampling = mode;
    return doubles(torch_engine::sample(law, options, context(), t))[0];
  };
  EXPECT_DOUBLE_EQ(one(SamplingMode::student_t), 0.5 + 0.5 * 2 * -1.5);
  EXPECT_DOUBLE_EQ(one(SamplingMode::gaussian), 0.5 + 0.5 * 3 * -1.5);
  EXPECT_DOUBLE_EQ(one(SamplingMode::none), 0.5);
  options.sigma_scale = 0;
  EXPECT_DOUBLE_EQ(one(SamplingMode::student_t), 0.5);
}

TEST(Sampling, FollowsTheStudentTDistribution) {
  TrainingOptions options = training_options(default_trainer_options());
  for (const double nu : {5.0, 9.0}) {
    const Law law = simple_law(at::full({200, 100}, nu, at::kDouble));
    const std::vector<double> s = doubles(torch_engine::sample(law, options, context()));
    // Central moments of t times 2: variance 4 nu/(nu-2); the fourth exists above 4.
    const double variance = 4 * nu / (nu - 2);
    check_moments(s, 0.5, variance, variance * variance * (3 + 6 / (nu - 4)));
  }
}

/// dt/da = t/2 (1/a - (dg/da)/g) with dg/da = -(dF/da)/f, F and f the Gamma's distribution and
/// density: the derivative at a fixed quantile.
TEST(Sampling, ImplicitGradientFollowsTheQuantile) {
  TrainingOptions options = training_options(default_trainer_options());
  options.sampling = SamplingMode::implicit;
  at::Tensor nu = at::full({4, 5}, 6.0, at::kDouble);
  nu.requires_grad_(true);
  torch_engine::sample(simple_law(nu), options, context()).sum().backward();
  const std::vector<double> got = doubles(nu.grad());

  const at::NoGradGuard no_grad;
  const at::Tensor a = nu / 2;
  const at::Tensor g = torch_engine::gamma_noise(a, context());
  const at::Tensor t = torch_engine::normal_noise(4, 5, context()) * (a / g).sqrt();
  const double h = 1e-5;
  const at::Tensor slope_of_distribution =
      (at::special_gammainc(a + h, g) - at::special_gammainc(a - h, g)) / (2 * h);
  const at::Tensor density = ((a - 1) * g.log() - g - at::lgamma(a)).exp();
  const at::Tensor slope = t * 0.5 * (a.reciprocal() + slope_of_distribution / density / g);
  const std::vector<double> expected = doubles(slope * 2 * 0.5);  // scale 2, da/dnu 1/2
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], 1e-5 * std::max(1.0, std::fabs(expected[i]))) << i;

  options.sampling = SamplingMode::student_t;
  const at::AutoGradMode with_gradient(true);
  Law law = simple_law(at::full({4, 5}, 6.0, at::kDouble).requires_grad_(true));
  EXPECT_FALSE(torch_engine::sample(law, options, context()).requires_grad());
}

}  // namespace
}  // namespace casd
