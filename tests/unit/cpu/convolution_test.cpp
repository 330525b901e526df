#include "cpu/reference/convolution.h"
#include "cpu/inference_kernels.h"
#include "model/normaliser.h"
#include "unit/cpu/kernel_support.h"

#include <cmath>

namespace casd::cpu {
namespace {

using namespace test;

class Convolution : public KernelTest {};

/// [outputs, features, 3] to [3 * features, padded(outputs)].
void pack(const Buffer& weight, std::int64_t outputs, std::int64_t features, Buffer& packed) {
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t f = 0; f < features; ++f)
      for (std::int64_t k = 0; k < 3; ++k)
        packed[(k * features + f) * padded(outputs) + o] = weight[(o * features + f) * 3 + k];
}

TEST_P(Convolution, MatchesTheReferenceForAnySize) {
  for (const std::int64_t steps : {1, 2, 7, 12, 50})
    for (const std::int64_t features : {1, 5, 74, 300})
      for (const std::int64_t outputs : {1, 8, 20, 40, 100}) {
        Buffer weight(outputs * features * 3), bias(padded(outputs)), x((steps + 2) * features);
        fill(weight, 1, 0.1);
        fill(bias, 2);
        fill(x, 3);
        for (std::int64_t f = 0; f < features; ++f) x[f] = x[(steps + 1) * features + f] = 0;
        Buffer packed(3 * features * padded(outputs)), sums(steps * padded(outputs));
        pack(weight, outputs, features, packed);
        const RowWeights map{3 * features, outputs, padded(outputs), packed.data(), bias.data()};
        inference_kernels(GetParam())
            .convolution(map, x.data(), features, steps, sums.data(), steps % 2 == 0);
        std::vector<double> expected(static_cast<std::size_t>(steps * outputs));
        reference::convolution(weight.data(), bias.data(), outputs, features, x.data() + features,
                               steps, expected.data());
        for (std::int64_t t = 0; t < steps; ++t)
          for (std::int64_t o = 0; o < outputs; ++o)
            ASSERT_NEAR(sums[t * padded(outputs) + o],
                        expected[static_cast<std::size_t>(t * outputs + o)], 2e-5)
                << steps << " " << features << " " << outputs;
      }
}

TEST_P(Convolution, StandardisesWithTheSameBitsAsTheFormula) {
  for (const std::int64_t features : {1, 7, 8, 35})
    for (const float clip : {0.0f, 1.5f}) {
      constexpr std::int64_t steps = 9;
      Buffer frames(steps * features), mean(features), deviation(features);
      fill(frames, 1, 3);
      fill(mean, 2);
      for (std::int64_t f = 0; f < features; ++f) deviation[f] = 0.5f + static_cast<float>(f % 3);
      frames[0] = std::numeric_limits<float>::quiet_NaN();
      frames[features] = std::numeric_limits<float>::infinity();
      frames[steps * features - 1] = -3.4e38f;
      Buffer out(steps * features), expected(features);
      inference_kernels(GetParam())
          .standardise_frames(frames.data(), mean.data(), deviation.data(), features, steps, clip,
                              out.data());
      for (std::int64_t t = 0; t < steps; ++t) {
        standardise(frames.data() + t * features, mean.data(), deviation.data(),
                    static_cast<std::int32_t>(features), clip, expected.data());
        for (std::int64_t f = 0; f < features; ++f)
          ASSERT_EQ(out[t * features + f], expected[f]) << t << " " << f;
      }
    }
}

CASD_TEST_ALL_TARGETS(Convolution);

}  // namespace
}  // namespace casd::cpu
