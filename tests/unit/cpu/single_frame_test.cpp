#include "cpu/inference_kernels.h"
#include "cpu/reference/attention.h"
#include "cpu/reference/layer_norm.h"
#include "cpu/reference/linear.h"
#include "unit/cpu/kernel_support.h"

#include <cmath>

namespace casd::cpu {
namespace {

using namespace test;

constexpr double ln2 = 0.69314718055994531;  // the kernels' queries contain log2(e)

class SingleFrame : public KernelTest {};

TEST_P(SingleFrame, LinearMatchesTheReferenceForAnySize) {
  for (const std::int64_t inputs : {1, 7, 40})
    for (const std::int64_t outputs : {1, 8, 15, 40, 160, 163}) {
      constexpr std::int64_t rows = 7;
      Buffer weight(outputs * inputs), bias(outputs), x(rows * padded(inputs)),
          old(rows * padded(outputs));
      fill(weight, 1);
      fill(bias, 2);
      fill(x, 3);
      fill(old, 4);
      Buffer packed(inputs * padded(outputs)), packed_bias(padded(outputs));
      pack_rows(weight.data(), bias.data(), outputs, inputs, 0.5f, packed.data(),
                packed_bias.data());
      const RowWeights map{inputs, outputs, padded(outputs), packed.data(), packed_bias.data()};
      std::vector<double> expected(static_cast<std::size_t>(outputs * rows));
      for (std::int64_t r = 0; r < rows; ++r)
        reference::linear(weight.data(), bias.data(), outputs, inputs,
                          x.data() + r * padded(inputs), expected.data() + r * outputs, 1, 1);
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::relu, Epilogue::add})
        for (std::int64_t count = 1; count <= rows; ++count) {
          Buffer y(rows * padded(outputs));
          for (std::int64_t i = 0; i < y.size(); ++i) y[i] = old[i];
          inference_kernels(GetParam()).row_linear(map, epilogue, x.data(), y.data(), count);
          for (std::int64_t r = 0; r < count; ++r)
            for (std::int64_t o = 0; o < outputs; ++o) {
              const std::int64_t at = r * padded(outputs) + o;
              double value = 0.5 * expected[static_cast<std::size_t>(r * outputs + o)];
              if (epilogue == Epilogue::relu) value = value < 0 ? 0 : value;
              if (epilogue == Epilogue::add) value += static_cast<double>(old[at]);
              ASSERT_NEAR(y[at], value, 2e-5) << inputs << " " << outputs << " " << r;
            }
          for (std::int64_t i = count * padded(outputs); i < y.size(); ++i) ASSERT_EQ(y[i], old[i]);
        }
    }
}

TEST_P(SingleFrame, NormMatchesTheReference) {
  for (const std::int64_t channels : {1, 3, 8, 37, 40}) {
    // Numbers beyond the last channel have no influence.
    Buffer x(padded(channels), 1e30f), weight(channels), bias(channels), y(padded(channels));
    Buffer values(channels);
    fill(values, 1, 3);
    fill(weight, 2);
    fill(bias, 3);
    for (std::int64_t c = 0; c < channels; ++c) x[c] = values[c];
    inference_kernels(GetParam())
        .row_norm(x.data(), channels, weight.data(), bias.data(), y.data());
    std::vector<double> expected(static_cast<std::size_t>(channels));
    reference::layer_norm(x.data(), channels, weight.data(), bias.data(), expected.data(), 1, 1);
    for (std::int64_t c = 0; c < channels; ++c)
      ASSERT_NEAR(y[c], expected[static_cast<std::size_t>(c)], 1e-5) << channels;
  }
}

TEST_P(SingleFrame, NormOverflowIsNan) {
  Buffer x(8), weight(2, 1), bias(2, 5), y(8);
  x[0] = 1e38f, x[1] = -1e38f;
  inference_kernels(GetParam()).row_norm(x.data(), 2, weight.data(), bias.data(), y.data());
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
}

TEST_P(SingleFrame, AttentionMatchesTheReference) {
  constexpr std::int64_t heads = 3, size = 5, channels = heads * size;
  for (const std::int64_t steps : {1, 2, 7, 8, 9, 50})
    for (const double scale : {0.7, 8.0}) {
      const std::int64_t stride = padded(steps), last = steps - 1;
      Buffer query(channels * stride), key(channels * stride), value(channels * stride);
      fill_activations(query, steps, stride, 1, scale);
      fill_activations(key, steps, stride, 2, scale);
      fill_activations(value, steps, stride, 3);
      std::vector<double> expected(static_cast<std::size_t>(channels * stride));
      reference::attention(query.data(), key.data(), value.data(), heads, size, steps, stride, ln2,
                           expected.data());
      Buffer row(channels), scratch(stride), out(channels);
      for (std::int64_t c = 0; c < channels; ++c) row[c] = query[c * stride + last];
      inference_kernels(GetParam())
          .single_query_attention(row.data(), key.data(), value.data(), heads, size, steps, stride,
                                  scratch.data(), out.data());
      for (std::int64_t c = 0; c < channels; ++c)
        ASSERT_NEAR(out[c], expected[static_cast<std::size_t>(c * stride + last)],
                    scale < 1 ? 3e-6 : 2e-4)
            << steps << " " << scale;
    }
}

TEST_P(SingleFrame, AttentionPropagatesNan) {
  for (const int which : {0, 1, 2}) {
    Buffer query(4, 1), key(4 * 24, 1), value(4 * 24, 1), scratch(24), out(4);
    (which == 0 ? query : which == 1 ? key : value)[2] = std::numeric_limits<float>::quiet_NaN();
    inference_kernels(GetParam())
        .single_query_attention(query.data(), key.data(), value.data(), 1, 4, 20, 24,
                                scratch.data(), out.data());
    EXPECT_TRUE(std::isnan(which == 0 ? out[0] : which == 1 ? out[1] : out[0])) << which;
  }
}

CASD_TEST_ALL_TARGETS(SingleFrame);

}  // namespace
}  // namespace casd::cpu
