// The optimiser of every instruction set against plain C++ in double.
#include "cpu/reference/adam.h"

#include "unit/cpu/training_support.h"

namespace casd::cpu::test {
namespace {

TEST(CpuAdam, FollowsTheReferenceOverSteps) {
  constexpr std::size_t size = 37;
  constexpr double rate = 0.01, decay = 0.1, scale = 0.5;
  const std::vector<double> begin = random_values(size, 1);
  on_every_target([&](const TrainingKernels& k) {
    std::vector<float> p = floats(begin), m(size + 1, 0.0f), v(size + 1, 0.0f);
    p.push_back(4.0f);
    std::vector<reference::AdamState<double>> expected;
    for (const double value : begin) expected.push_back({value, 0, 0});
    for (std::uint32_t count = 1; count <= 20; ++count) {
      const std::vector<double> g = random_values(size, 1 + count);
      k.adam(AdamConstants(rate, decay, scale, count), size, floats(g).data(), p.data(), m.data(),
             v.data());
      for (std::size_t i = 0; i < size; ++i) {
        expected[i] =
            reference::adam(expected[i], scale * g[i], rate, decay, static_cast<double>(count));
        ASSERT_NEAR(static_cast<double>(p[i]), expected[i].parameter, 3e-6) << count;
        ASSERT_NEAR(static_cast<double>(m[i]), expected[i].first, 1e-6);
        ASSERT_NEAR(static_cast<double>(v[i]), expected[i].second, 1e-6);
      }
    }
    EXPECT_EQ(p[size], 4.0f) << "wrote beyond the end";
  });
}

TEST(CpuAdam, NormAndSums) {
  for (const std::size_t size : {std::size_t{3}, std::size_t{9001}}) {
    const std::vector<double> x = random_values(size, 1), y = random_values(size, 2);
    double square = 0;
    for (const double value : x) square += value * value;
    on_every_target([&](const TrainingKernels& k) {
      const auto count = static_cast<std::int64_t>(size);
      EXPECT_NEAR(k.squared_norm(floats(x).data(), count), square, 1e-6 * square);
      std::vector<float> moved = floats(x), sum = floats(y), average = floats(y);
      k.move_sum(moved.data(), count, sum.data());
      k.moving_average(0.9f, floats(x).data(), count, average.data());
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_NEAR(static_cast<double>(sum[i]), y[i] + x[i], 1e-6);
        ASSERT_EQ(moved[i], 0.0f);
        ASSERT_NEAR(static_cast<double>(average[i]), 0.9 * y[i] + 0.1 * x[i], 1e-6);
      }
    });
  }
}

}  // namespace
}  // namespace casd::cpu::test
