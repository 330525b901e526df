// The convolution of training on every instruction set against plain C++.
#include "cpu/reference/convolution_gradient.h"

#include "unit/cpu/training_support.h"

namespace casd::cpu::test {
namespace {

struct Shape {
  std::size_t outputs, features, steps;
};

class ConvolutionTraining : public testing::TestWithParam<Shape> {
 protected:
  Shape s = GetParam();
  std::vector<double> weight = random_values(s.outputs * s.features * 3, 1);
  std::vector<double> bias = random_values(s.outputs, 2);
  std::vector<double> frames = random_values(s.steps * s.features, 3);
  std::vector<double> dy = random_values(s.outputs * s.steps, 4);
  std::int64_t outputs = static_cast<std::int64_t>(s.outputs);
  std::int64_t features = static_cast<std::int64_t>(s.features);
  std::int64_t steps = static_cast<std::int64_t>(s.steps);
};

TEST_P(ConvolutionTraining, Forward) {
  const auto expected =
      reference::convolution(weight, bias, frames, s.outputs, s.features, s.steps);
  const std::vector<float> w = floats(weight), b = floats(bias), x = floats(frames);
  on_every_target([&](const TrainingKernels& k) {
    Aligned turned(s.features * static_cast<std::size_t>(convolution_stride(steps)), 9.0f);
    Rows y(s.outputs, s.steps);
    k.turn_frames(x.data(), steps, features, turned.data());
    k.convolution(w.data(), b.data(), outputs, features, turned.data(), steps, y.data(),
                  y.stride());
    EXPECT_LT(relative_distance(y.values(), expected), 2e-6);
  });
}

TEST_P(ConvolutionTraining, GradientIsAdded) {
  const auto g = reference::convolution_gradient(dy, frames, s.outputs, s.features, s.steps);
  const auto slope = finite_differences(weight, [&](const std::vector<double>& w) {
    return weighted_sum(reference::convolution(w, bias, frames, s.outputs, s.features, s.steps),
                        dy);
  });
  EXPECT_LT(relative_distance(slope, g), 1e-6);
  const std::vector<float> x = floats(frames);
  on_every_target([&](const TrainingKernels& k) {
    Rows of_output(dy, s.steps);
    std::vector<float> got(g.size() + 1, 1.0f);
    k.add_convolution_gradient(of_output.data(), of_output.stride(), outputs, x.data(), steps,
                               features, got.data());
    EXPECT_EQ(got.back(), 1.0f) << "wrote beyond the end";
    got.pop_back();
    std::vector<double> sums(got.size());  // in the order of the model file
    for (std::size_t o = 0; o < s.outputs; ++o)
      for (std::size_t f = 0; f < s.features; ++f)
        for (std::size_t j = 0; j < 3; ++j)
          sums[(o * s.features + f) * 3 + j] =
              static_cast<double>(got[(o * 3 + j) * s.features + f]) - 1;
    EXPECT_LT(relative_distance(sums, g), 2e-6);
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConvolutionTraining,
                         testing::Values(Shape{8, 20, 10}, Shape{5, 3, 1}, Shape{3, 8, 2},
                                         Shape{9, 35, 17}, Shape{4, 1, 33}, Shape{1, 70, 3}));

}  // namespace
}  // namespace casd::cpu::test
