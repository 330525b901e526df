// The attention of training on every instruction set against plain C++.
#include "cpu/reference/attention_gradient.h"

#include "unit/cpu/training_support.h"

namespace casd::cpu::test {
namespace {

struct Shape {
  std::size_t channels, queries, steps;
  double scale;  // of queries and keys: large ones make the softmax steep
};

class AttentionTraining : public testing::TestWithParam<Shape> {};

TEST_P(AttentionTraining, ForwardAndGradient) {
  const auto [channels, queries, steps, scale] = GetParam();
  const auto query = random_values(channels * queries, 1, scale),
             key = random_values(channels * steps, 2, scale),
             value = random_values(channels * steps, 3),
             d_out = random_values(channels * queries, 4);
  const auto run = [&, c = channels, n = queries, t = steps](const auto& q, const auto& k,
                                                             const auto& v) {
    return reference::attention(q, k, v, c, n, t);
  };
  const auto y = run(query, key, value);
  const auto g = reference::attention_gradient(query, key, value, d_out, channels, queries, steps);
  if (channels * steps <= 60) {
    const auto check = [&](const auto& at, const auto& expected, auto loss) {
      EXPECT_LT(relative_distance(finite_differences(at, loss), expected), 1e-6);
    };
    check(query, g.query, [&](auto& q) { return weighted_sum(run(q, key, value), d_out); });
    check(key, g.key, [&](auto& k) { return weighted_sum(run(query, k, value), d_out); });
    check(value, g.value, [&](auto& v) { return weighted_sum(run(query, key, v), d_out); });
  }
  // Scores of a large magnitude have a large absolute rounding error.
  const double tolerance = scale > 1 ? 2e-4 : 3e-6;
  on_every_target([&, c = channels, n = queries, t = steps](const TrainingKernels& k) {
    // Padding of queries, keys and values has no influence.
    std::vector<double> scaled = query;
    for (double& number : scaled)
      number *= std::log2(std::exp(1.0)) / std::sqrt(static_cast<double>(c));
    Rows q(scaled, n, 3.0f), keys(key, t, 50.0f), values(value, t, 1e6f), of_output(d_out, n);
    Rows out(c, n), shift(1, n), factor(1, n), dq(c, n), dk(c, t, 9.0f), dv(c, t, 9.0f);
    const AttentionSizes sizes{static_cast<std::int64_t>(t), static_cast<std::int64_t>(n),
                               static_cast<std::int64_t>(c), q.stride(), keys.stride()};
    Aligned scratch(static_cast<std::size_t>(attention_gradient_scratch(sizes.steps)), 7.0f);
    k.attention(sizes, q.data(), keys.data(), values.data(), out.data(), shift.data(),
                factor.data(), scratch.data());
    EXPECT_LT(relative_distance(out.values(), y), tolerance);
    k.attention_gradient(sizes, q.data(), keys.data(), values.data(), out.data(), shift.data(),
                         factor.data(), of_output.data(), dq.data(), dk.data(), dv.data(),
                         scratch.data());
    EXPECT_LT(relative_distance(dq.values(), g.query), tolerance);
    EXPECT_LT(relative_distance(dk.values(), g.key), tolerance);
    EXPECT_LT(relative_distance(dv.values(), g.value), tolerance);
    EXPECT_TRUE(dq.is_padded_with_zeros());
    EXPECT_TRUE(dk.is_padded_with_zeros());
    EXPECT_TRUE(dv.is_padded_with_zeros());
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTraining,
                         testing::Values(Shape{4, 50, 50, 1}, Shape{10, 9, 9, 1},
                                         Shape{8, 70, 70, 1}, Shape{5, 17, 17, 1},
                                         Shape{10, 12, 12, 8}, Shape{3, 20, 20, 12},
                                         Shape{3, 5, 5, 1}, Shape{1, 1, 1, 1}, Shape{4, 1, 13, 1},
                                         Shape{13, 150, 150, 1}, Shape{4, 10, 10, 12}));

}  // namespace
}  // namespace casd::cpu::test
