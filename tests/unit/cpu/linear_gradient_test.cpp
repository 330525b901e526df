// Matrix products and weight gradients of every instruction set against plain C++, for sizes that are
// and are not multiples of vectors and blocks.
#include "cpu/reference/linear_gradient.h"

#include "unit/cpu/training_support.h"

namespace casd::cpu::test {
namespace {

struct Shape {
  std::size_t outputs, inputs, columns;
};
const Shape shapes[] = {{40, 40, 50}, {160, 40, 50}, {40, 160, 7}, {13, 5, 1},
                        {3, 12, 8},   {7, 9, 33},    {1, 1, 17},   {8, 31, 16}};

class LinearTraining : public testing::TestWithParam<Shape> {
 protected:
  Shape s = GetParam();
  std::vector<double> weight = random_values(s.outputs * s.inputs, 1);
  std::vector<double> bias = random_values(s.outputs, 2);
  std::vector<double> x = random_values(s.inputs * s.columns, 3);
  std::vector<double> dy = random_values(s.outputs * s.columns, 4);
  std::int64_t outputs = static_cast<std::int64_t>(s.outputs);
  std::int64_t inputs = static_cast<std::int64_t>(s.inputs);
  std::int64_t columns = static_cast<std::int64_t>(s.columns);
};

TEST_P(LinearTraining, ReferenceGradientIsTheSlope) {
  if (s.outputs * s.inputs > 300) return;
  const auto g = reference::linear_gradient(weight, x, dy, s.outputs, s.inputs, s.columns);
  const auto loss = [&](const auto& w, const auto& b, const auto& v) {
    return weighted_sum(reference::linear(w, b, v, s.outputs, s.inputs, s.columns), dy);
  };
  EXPECT_LT(relative_distance(finite_differences(weight, [&](auto& w) { return loss(w, bias, x); }),
                              g.weight),
            1e-7);
  EXPECT_LT(relative_distance(finite_differences(bias, [&](auto& b) { return loss(weight, b, x); }),
                              g.bias),
            1e-7);
  EXPECT_LT(
      relative_distance(finite_differences(x, [&](auto& v) { return loss(weight, bias, v); }), g.x),
      1e-7);
}

TEST_P(LinearTraining, ProductInBothOrientations) {
  const auto expected = reference::linear(weight, bias, x, s.outputs, s.inputs, s.columns);
  const auto g = reference::linear_gradient(weight, x, dy, s.outputs, s.inputs, s.columns);
  const std::vector<float> w = floats(weight), b = floats(bias);
  on_every_target([&](const TrainingKernels& k) {
    Rows in(x, s.columns, 3.0f), out(s.outputs, s.columns);
    const MatrixView straight{w.data(), outputs, inputs, inputs, 1};
    const auto product = [&](Epilogue epilogue) {
      k.product(straight, b.data(), epilogue, in.data(), in.stride(), out.data(), out.stride(),
                columns);
      return out.values();
    };
    EXPECT_LT(relative_distance(product(Epilogue::none), expected), 1e-6);
    std::vector<double> changed = expected;
    for (double& value : changed) value *= 2;
    EXPECT_LT(relative_distance(product(Epilogue::add), changed), 1e-6);
    for (double& value : changed) value = std::max(value / 2, 0.0);
    EXPECT_LT(relative_distance(product(Epilogue::relu), changed), 1e-6);

    Rows of_output(dy, s.columns), of_input(s.inputs, s.columns);
    k.product({w.data(), inputs, outputs, 1, inputs}, nullptr, Epilogue::none, of_output.data(),
              of_output.stride(), of_input.data(), of_input.stride(), columns);
    EXPECT_LT(relative_distance(of_input.values(), g.x), 1e-6);
    EXPECT_TRUE(of_input.is_padded_with_zeros());
  });
}

TEST_P(LinearTraining, ReluKeepsNaN) {
  const std::vector<float> w = floats(weight);
  on_every_target([&](const TrainingKernels& k) {
    Rows in(x, s.columns), out(s.outputs, s.columns);
    in.data()[0] = NAN;
    k.product({w.data(), outputs, inputs, inputs, 1}, nullptr, Epilogue::relu, in.data(),
              in.stride(), out.data(), out.stride(), columns);
    EXPECT_TRUE(std::isnan(out.data()[0]));
  });
}

TEST_P(LinearTraining, GradientsOfWeightAndBiasAreAdded) {
  const auto g = reference::linear_gradient(weight, x, dy, s.outputs, s.inputs, s.columns);
  on_every_target([&](const TrainingKernels& k) {
    Rows in(x, s.columns, 1e30f), of_output(dy, s.columns);
    Rows turned(s.columns, s.inputs, 5.0f);
    k.transpose(in.data(), inputs, in.stride(), columns, turned.data());
    std::vector<float> got(weight.size() + 1, 1.0f), got_bias(bias.size() + 1, 2.0f);
    k.add_weight_gradient(of_output.data(), of_output.stride(), outputs, turned.data(),
                          turned.stride(), inputs, columns, got.data());
    k.add_bias_gradient(of_output.data(), of_output.stride(), outputs, columns, got_bias.data());
    EXPECT_EQ(got.back(), 1.0f) << "wrote beyond the end";
    EXPECT_EQ(got_bias.back(), 2.0f) << "wrote beyond the end";
    got.pop_back();
    got_bias.pop_back();
    std::vector<double> expected = g.weight, expected_bias = g.bias;
    for (double& value : expected) value += 1;
    for (double& value : expected_bias) value += 2;
    EXPECT_LT(relative_distance(doubles(got), expected), 2e-6);
    EXPECT_LT(relative_distance(doubles(got_bias), expected_bias), 2e-6);
  });
}

TEST_P(LinearTraining, RowProductsAreAdded) {
  // Of all pairs of rows of x and dy.
  const std::vector<double> expected =
      reference::linear_gradient(weight, x, dy, s.outputs, s.inputs, s.columns).weight;
  on_every_target([&](const TrainingKernels& k) {
    Rows of_output(dy, s.columns), in(x, s.columns, 3.0f);
    std::vector<float> got(expected.size(), 0.5f);
    k.add_row_products(of_output.data(), of_output.stride(), outputs, in.data(), in.stride(),
                       inputs, columns, got.data(), inputs);
    std::vector<double> sums = doubles(got);
    for (double& value : sums) value -= 0.5;
    EXPECT_LT(relative_distance(sums, expected), 2e-6);
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearTraining, testing::ValuesIn(shapes));

}  // namespace
}  // namespace casd::cpu::test
