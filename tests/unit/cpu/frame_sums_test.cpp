#include "engine/frame_sums.h"

#include "cpu/inference_kernels.h"
#include "unit/cpu/kernel_support.h"

#include <limits>

namespace casd::cpu {
namespace {

using namespace test;

class FrameSums : public KernelTest {};

TEST_P(FrameSums, MatchThePortableCodeForAnySize) {
  constexpr float missing = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t steps : {1, 2, 9, 50})
    for (const std::int64_t features : {1, 3, 8, 35, 74})
      for (const float clip : {0.0f, 1.5f}) {
        Buffer frames(steps * features), mean(features), deviation(features);
        fill(frames, 1, 3);
        fill(mean, 2);
        for (std::int64_t f = 0; f < features; ++f) deviation[f] = 0.5f + static_cast<float>(f % 3);
        if (steps > 2) {
          // A missing frame between others, one that only begins with NaN, and an infinite value.
          for (std::int64_t f = 0; f < features; ++f) frames[features + f] = missing;
          if (features > 1) frames[2 * features] = missing;
          frames[3 * features - 1] = std::numeric_limits<float>::infinity();
        }
        const auto count = static_cast<std::size_t>(frame_sum_count(features));
        std::vector<double> sums(count, -1), expected(count, -1);
        FrameSumItem item{frames.data(),    steps, features,       mean.data(),
                          deviation.data(), clip,  expected.data()};
        sum_frames(item);
        item.sums = sums.data();
        Buffer standardised(steps * features), alone(steps * features);
        const InferenceKernels& kernels = inference_kernels(GetParam());
        kernels.standardise_and_sum(item, standardised.data());
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_NEAR(sums[i], expected[i], 1e-6 * (1 + std::abs(expected[i])))
              << steps << " " << features << " " << clip << " " << i;
        kernels.standardise_frames(frames.data(), mean.data(), deviation.data(), features, steps,
                                   clip, alone.data());
        for (std::int64_t i = 0; i < steps * features; ++i)
          ASSERT_EQ(standardised[i], alone[i]) << steps << " " << features << " " << i;
      }
}

CASD_TEST_ALL_TARGETS(FrameSums);

}  // namespace
}  // namespace casd::cpu
