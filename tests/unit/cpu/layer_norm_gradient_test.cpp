// Layer normalisation of training on every instruction set against plain C++.
#include "cpu/reference/layer_norm_gradient.h"

#include "unit/cpu/training_support.h"

namespace casd::cpu::test {
namespace {

struct Shape {
  std::size_t channels, columns;
};

class NormTraining : public testing::TestWithParam<Shape> {};

TEST_P(NormTraining, ForwardAndGradient) {
  const auto [channels, columns] = GetParam();
  const auto size = static_cast<std::int64_t>(channels), count = static_cast<std::int64_t>(columns);
  const auto x = random_values(channels * columns, 1), weight = random_values(channels, 2),
             bias = random_values(channels, 3), dy = random_values(channels * columns, 4);
  const auto y = reference::layer_norm(x, weight, bias, columns);
  const auto g = reference::layer_norm_gradient(dy, x, weight, columns);
  const auto loss = [&](const auto& in, const auto& w, const auto& b) {
    return weighted_sum(reference::layer_norm(in, w, b, columns), dy);
  };
  if (channels * columns <= 200) {
    EXPECT_LT(relative_distance(
                  finite_differences(x, [&](auto& v) { return loss(v, weight, bias); }), g.x),
              1e-5);
    EXPECT_LT(relative_distance(
                  finite_differences(weight, [&](auto& w) { return loss(x, w, bias); }), g.weight),
              1e-6);
    EXPECT_LT(relative_distance(
                  finite_differences(bias, [&](auto& b) { return loss(x, weight, b); }), g.bias),
              1e-6);
  }
  const std::vector<float> w = floats(weight), b = floats(bias);
  on_every_target([&](const TrainingKernels& k) {
    Rows in(x, columns), out(channels, columns), again(channels, columns), of_output(dy, columns);
    Rows means(1, columns), scales(1, columns), dx(channels, columns), scratch(2, columns);
    k.layer_norm(in.data(), size, w.data(), b.data(), out.data(), means.data(), scales.data(),
                 count, in.stride());
    EXPECT_LT(relative_distance(out.values(), y), 2e-6);
    k.apply_norm(in.data(), size, means.data(), scales.data(), w.data(), b.data(), again.data(),
                 count, in.stride());
    EXPECT_LT(relative_distance(again.values(), y), 2e-6);
    for (double step : {1.0, 2.0}) {  // added to
      std::vector<float> dw(channels, 1.0f), db(channels, 1.0f);
      k.layer_norm_gradient(of_output.data(), in.data(), size, means.data(), scales.data(),
                            w.data(), dx.data(), dw.data(), db.data(), count, in.stride(),
                            scratch.data());
      std::vector<double> expected = g.x;
      for (double& value : expected) value *= step;
      EXPECT_LT(relative_distance(dx.values(), expected), 5e-6);
      EXPECT_TRUE(dx.is_padded_with_zeros());
      for (std::size_t c = 0; c < channels; ++c) {
        EXPECT_NEAR(static_cast<double>(dw[c]), 1 + g.weight[c], 2e-5);
        EXPECT_NEAR(static_cast<double>(db[c]), 1 + g.bias[c], 2e-5);
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, NormTraining,
                         testing::Values(Shape{40, 50}, Shape{3, 1}, Shape{12, 9}, Shape{7, 16}));

}  // namespace
}  // namespace casd::cpu::test
