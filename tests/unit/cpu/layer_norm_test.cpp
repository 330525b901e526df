#include "cpu/reference/layer_norm.h"
#include "cpu/inference_kernels.h"
#include "unit/cpu/kernel_support.h"

namespace casd::cpu {
namespace {

using namespace test;

class LayerNorm : public KernelTest {};

TEST_P(LayerNorm, MatchesTheReference) {
  for (const std::int64_t columns : {1, 9, 50})
    for (const std::int64_t channels : {1, 2, 7, 40}) {
      const std::int64_t stride = padded(columns);
      Buffer x(channels * stride), weight(channels), bias(channels), y(channels * stride);
      fill_activations(x, columns, stride, 1, 3);
      fill(weight, 2);
      fill(bias, 3);
      Buffer mean(stride), scale(stride);
      inference_kernels(GetParam())
          .layer_norm(x.data(), channels, weight.data(), bias.data(), y.data(), mean.data(),
                      scale.data(), columns, stride);
      std::vector<double> expected(static_cast<std::size_t>(channels * stride));
      reference::layer_norm(x.data(), channels, weight.data(), bias.data(), expected.data(),
                            columns, stride);
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t t = 0; t < columns; ++t) {
          const std::int64_t at = c * stride + t;
          ASSERT_NEAR(y[at], expected[static_cast<std::size_t>(at)], 1e-5) << columns << channels;
          const float from_statistics = (x[at] - mean[t]) * scale[t] * weight[c] + bias[c];
          ASSERT_NEAR(y[at], from_statistics, 1e-5f);
        }
    }
}

// A variance above the range of float would make all numbers equal the bias, a finite but wrong result.
TEST_P(LayerNorm, OverflowIsNan) {
  Buffer x(2 * 8), weight(2, 1), bias(2, 5), y(2 * 8);
  x[0] = 1e38f, x[8] = -1e38f, x[1] = 3, x[9] = 4;
  inference_kernels(GetParam())
      .layer_norm(x.data(), 2, weight.data(), bias.data(), y.data(), nullptr, nullptr, 2, 8);
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[8]));
  EXPECT_TRUE(std::isfinite(y[1]) && std::isfinite(y[9]));
}

CASD_TEST_ALL_TARGETS(LayerNorm);

}  // namespace
}  // namespace casd::cpu
