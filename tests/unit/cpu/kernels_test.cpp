// Each kernel against a simple loop in double.
#include "cpu/kernels.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

std::vector<float> numbers(std::size_t count, std::uint64_t part) {
  std::vector<float> out(count);
  const RandomStream stream(11, part, RandomSite::synthetic);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(stream.normal(i));
  return out;
}

double at(const std::vector<float>& x, std::int64_t i) {
  return static_cast<double>(x[static_cast<std::size_t>(i)]);
}

TEST(Kernels, LinearSupportsAnySize) {
  for (const std::int64_t inputs : {1, 3, 8, 37})
    for (const std::int64_t outputs : {1, 7, 8, 9, 40})
      for (const std::int64_t rows : {1, 2, 5}) {
        const std::vector<float> weight = numbers(static_cast<std::size_t>(inputs * outputs), 1);
        const std::vector<float> bias = numbers(static_cast<std::size_t>(outputs), 2);
        const std::int64_t x_stride = inputs + 3;
        const std::vector<float> x = numbers(static_cast<std::size_t>(rows * x_stride), 3);
        const LinearMap map(weight.data(), bias.data(), outputs, inputs, 0.5f);
        std::vector<float> y(static_cast<std::size_t>(rows * outputs), 99);
        linear(map, x.data(), x_stride, rows, y.data(), outputs);
        std::vector<float> sum = y;
        linear_add(map, x.data(), x_stride, rows, sum.data(), outputs);
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t o = 0; o < outputs; ++o) {
            double expected = at(bias, o);
            for (std::int64_t i = 0; i < inputs; ++i)
              expected += at(weight, o * inputs + i) * at(x, r * x_stride + i);
            expected *= 0.5;
            EXPECT_NEAR(at(y, r * outputs + o), expected, 1e-5);
            EXPECT_NEAR(at(sum, r * outputs + o), 2 * expected, 2e-5);
          }
      }
}

TEST(Kernels, ARowHasTheSameBitsInAnyBatch) {
  constexpr std::int64_t inputs = 19, outputs = 40, rows = 13;
  const std::vector<float> weight = numbers(inputs * outputs, 1), bias = numbers(outputs, 2);
  const std::vector<float> x = numbers(rows * inputs, 3);
  const LinearMap map(weight.data(), bias.data(), outputs, inputs);
  std::vector<float> all(rows * outputs), one(outputs);
  linear(map, x.data(), inputs, rows, all.data(), outputs);
  for (std::int64_t r = 0; r < rows; ++r) {
    linear(map, x.data() + r * inputs, inputs, 1, one.data(), outputs);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + r * outputs)) << r;
  }
}

TEST(Kernels, LayerNormMatchesTheFormula) {
  constexpr std::int64_t rows = 4, width = 40;
  const std::vector<float> x = numbers(rows * width, 1);
  const std::vector<float> weight = numbers(width, 2), bias = numbers(width, 3);
  std::vector<float> out(rows * width);
  layer_norm(x.data(), rows, width, weight.data(), bias.data(), out.data());
  for (std::int64_t r = 0; r < rows; ++r) {
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < width; ++i) mean += at(x, r * width + i) / width;
    for (std::int64_t i = 0; i < width; ++i)
      variance += std::pow(at(x, r * width + i) - mean, 2) / width;
    for (std::int64_t i = 0; i < width; ++i)
      EXPECT_NEAR(
          at(out, r * width + i),
          (at(x, r * width + i) - mean) / std::sqrt(variance + 1e-5) * at(weight, i) + at(bias, i),
          1e-5);
  }
}

TEST(Kernels, ReluClampsAtZero) {
  std::vector<float> x = {-1, 0, 2, -0.5f};
  relu(x.data(), 4);
  EXPECT_EQ(x, (std::vector<float>{0, 0, 2, 0}));
}

TEST(Kernels, ReluKeepsNan) {
  std::vector<float> x = {std::numeric_limits<float>::quiet_NaN(), 1};
  relu(x.data(), 2);
  EXPECT_TRUE(std::isnan(x[0]));
}

// A variance above the range of float would make all numbers 0, a finite but wrong result.
TEST(Kernels, LayerNormOverflowIsNan) {
  const std::vector<float> x = {1e38f, -1e38f, 3, 4}, weight = {1, 1}, bias = {5, 6};
  std::vector<float> out(4);
  layer_norm(x.data(), 2, 2, weight.data(), bias.data(), out.data());
  EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]));
  EXPECT_TRUE(std::isfinite(out[2]) && std::isfinite(out[3]));
}

TEST(Kernels, AttentionMatchesTheFormula) {
  for (const std::int64_t steps : {1, 2, 17})
    for (const std::int64_t queries : {std::int64_t{1}, steps})
      for (const std::int64_t heads : {1, 4}) {
        constexpr std::int64_t width = 24;
        const std::int64_t size = width / heads;
        const auto count = static_cast<std::size_t>(steps * width);
        const std::vector<float> q = numbers(count, 1), k = numbers(count, 2),
                                 v = numbers(count, 3);
        std::vector<float> scratch(attention_scratch(steps, width));
        std::vector<float> out(static_cast<std::size_t>(queries * width));
        attention(q.data(), queries, k.data(), v.data(), steps, width, heads, scratch.data(),
                  out.data());
        for (std::int64_t t = 0; t < queries; ++t)
          for (std::int64_t h = 0; h < heads; ++h) {
            std::vector<double> share(static_cast<std::size_t>(steps));
            double sum = 0;
            for (std::int64_t s = 0; s < steps; ++s) {
              double product = 0;
              for (std::int64_t i = h * size; i < (h + 1) * size; ++i)
                product += at(q, t * width + i) * at(k, s * width + i);
              sum += share[static_cast<std::size_t>(s)] = std::exp(product);
            }
            for (std::int64_t i = h * size; i < (h + 1) * size; ++i) {
              double expected = 0;
              for (std::int64_t s = 0; s < steps; ++s)
                expected += share[static_cast<std::size_t>(s)] / sum * at(v, s * width + i);
              EXPECT_NEAR(at(out, t * width + i), expected, 1e-5);
            }
          }
      }
}

TEST(Kernels, AttentionSupportsLargeProducts) {
  const std::vector<float> q = {100, 100}, k = {100, 100, -100, -100}, v = {1, 2, 3, 4};
  std::vector<float> scratch(attention_scratch(2, 2)), out(2);
  attention(q.data(), 1, k.data(), v.data(), 2, 2, 1, scratch.data(), out.data());
  EXPECT_EQ(out, (std::vector<float>{1, 2}));
}

TEST(Kernels, AttentionPropagatesNan) {
  const float none = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> q = {none, 1}, k = {1, 1, 2, 2}, v = {1, 2, 3, 4};
  std::vector<float> scratch(attention_scratch(2, 2)), out(2);
  attention(q.data(), 1, k.data(), v.data(), 2, 2, 1, scratch.data(), out.data());
  EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]));
}

}  // namespace
}  // namespace casd
