#include "cpu/reference/linear.h"
#include "cpu/inference_kernels.h"
#include "unit/cpu/kernel_support.h"

namespace casd::cpu {
namespace {

using namespace test;

class Linear : public KernelTest {};

TEST_P(Linear, MatchesTheReferenceForAnySize) {
  for (const std::int64_t columns : {1, 5, 8, 12, 17, 31, 40, 50, 57, 65})
    for (const std::int64_t inputs : {1, 3, 40})
      for (const std::int64_t outputs : {1, 2, 3, 4, 5, 12, 13, 40}) {
        const std::int64_t stride = padded(columns);
        Buffer weight(outputs * inputs), bias(outputs), x(inputs * stride), old(outputs * stride);
        fill(weight, 1);
        fill(bias, 2);
        fill_activations(x, columns, stride, 3);
        fill(old, 4);
        Buffer packed(outputs * inputs), packed_bias(outputs);
        pack_linear(weight.data(), bias.data(), outputs, inputs, 0.5f, packed.data(),
                    packed_bias.data());
        const LinearWeights map{inputs, outputs, packed.data(), packed_bias.data()};
        std::vector<double> expected(static_cast<std::size_t>(outputs * stride));
        reference::linear(weight.data(), bias.data(), outputs, inputs, x.data(), expected.data(),
                          columns, stride);
        for (const Epilogue epilogue : {Epilogue::none, Epilogue::relu, Epilogue::add}) {
          Buffer y(outputs * stride);
          for (std::int64_t i = 0; i < y.size(); ++i) y[i] = old[i];
          inference_kernels(GetParam())
              .linear(map, epilogue, x.data(), y.data(), columns, stride, true);
          for (std::int64_t o = 0; o < outputs; ++o)
            for (std::int64_t t = 0; t < columns; ++t) {
              const std::int64_t at = o * stride + t;
              double value = 0.5 * expected[static_cast<std::size_t>(at)];
              if (epilogue == Epilogue::relu) value = value < 0 ? 0 : value;
              if (epilogue == Epilogue::add) value += static_cast<double>(old[at]);
              ASSERT_NEAR(y[at], value, 2e-5) << columns << " " << inputs << " " << outputs;
            }
        }
      }
}

// A frame's results do not depend on the number of frames beside it.
TEST_P(Linear, AFrameHasTheSameBitsInAnySequence) {
  constexpr std::int64_t inputs = 19, outputs = 41, most = 64;
  Buffer weight(outputs * inputs), bias(outputs), x(inputs * most), y(outputs * most);
  fill(weight, 1);
  fill(bias, 2);
  fill(x, 3);
  const LinearWeights map{inputs, outputs, weight.data(), bias.data()};
  const InferenceKernels& kernels = inference_kernels(GetParam());
  kernels.linear(map, Epilogue::none, x.data(), y.data(), most, most, false);
  for (std::int64_t columns = 1; columns <= most; ++columns) {
    Buffer z(outputs * most);
    kernels.linear(map, Epilogue::none, x.data(), z.data(), columns, most, columns % 2 == 0);
    for (std::int64_t o = 0; o < outputs; ++o)
      for (std::int64_t t = 0; t < columns; ++t) ASSERT_EQ(z[o * most + t], y[o * most + t]);
  }
}

TEST_P(Linear, ReluKeepsNan) {
  Buffer weight(1, 1), bias(1, 0), x(8, std::numeric_limits<float>::quiet_NaN()), y(8);
  inference_kernels(GetParam())
      .linear({1, 1, weight.data(), bias.data()}, Epilogue::relu, x.data(), y.data(), 1, 8, true);
  EXPECT_TRUE(std::isnan(y[0]));
}

CASD_TEST_ALL_TARGETS(Linear);

}  // namespace
}  // namespace casd::cpu
