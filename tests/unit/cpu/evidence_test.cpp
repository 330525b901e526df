#include "cpu/inference_kernels.h"
#include "unit/cpu/kernel_support.h"

#include <cmath>

namespace casd::cpu {
namespace {

using namespace test;

class Evidence : public KernelTest {};

/// What the kernel gives for one number as delta', alpha' and beta'.
NormalInverseGamma<float> of(float x, Target target, const EvidenceLimits<float>& limits) {
  const float raw[] = {x, x, x, x};
  float nig[4];
  inference_kernels(target).evidence(raw, 1, limits, nig);
  return {nig[0], nig[1], nig[2], nig[3]};
}

constexpr EvidenceLimits<float> unlimited = {0, 1e30f, 0, 1e30f, 0};

TEST_P(Evidence, MatchesTheFormula) {
  for (const std::int64_t channels : {1, 3, 8, 21, 40}) {
    Buffer raw(4 * channels), nig(4 * channels + 8, 42);
    fill(raw, 1, 4);
    const EvidenceLimits<double> limits = {0.01, 3, 1.5, 4, 0.02};
    inference_kernels(GetParam())
        .evidence(raw.data(), channels, {0.01f, 3, 1.5f, 4, 0.02f}, nig.data());
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto at = [&](std::int64_t row) {
        return static_cast<double>(raw[row * channels + c]);
      };
      const NormalInverseGamma<double> law = evidence<double>({at(0), at(1), at(2), at(3)}, limits);
      ASSERT_EQ(nig[c], raw[c]);
      ASSERT_NEAR(nig[channels + c], law.delta, 3e-7 * law.delta);
      ASSERT_NEAR(nig[2 * channels + c], law.alpha, 3e-7 * law.alpha);
      ASSERT_NEAR(nig[3 * channels + c], law.beta, 3e-7 * law.beta);
    }
    for (std::int64_t i = 4 * channels; i < nig.size(); ++i) ASSERT_EQ(nig[i], 42);
  }
}

// Also where softplus is tiny or equal to its argument.
TEST_P(Evidence, SoftplusIsAccurateInTheWholeRange) {
  for (float x = -80; x < 80; x += 0.37f) {
    const double expected = std::log1p(std::exp(static_cast<double>(x)));
    const double tolerance = (3e-7 + 1e-7 * std::abs(static_cast<double>(x))) * expected;
    ASSERT_NEAR(of(x, GetParam(), unlimited).beta, expected, tolerance) << x;
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(of(infinity, GetParam(), unlimited).beta, infinity);
  EXPECT_NEAR(of(-infinity, GetParam(), unlimited).beta, 0, 1e-30);
}

TEST_P(Evidence, NanStaysNan) {
  const NormalInverseGamma<float> law =
      of(std::numeric_limits<float>::quiet_NaN(), GetParam(), {0.1f, 3, 1.1f, 3, 0.1f});
  EXPECT_TRUE(std::isnan(law.gamma) && std::isnan(law.delta) && std::isnan(law.alpha) &&
              std::isnan(law.beta));
}

CASD_TEST_ALL_TARGETS(Evidence);

}  // namespace
}  // namespace casd::cpu
