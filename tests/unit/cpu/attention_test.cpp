#include "cpu/reference/attention.h"
#include "cpu/inference_kernels.h"
#include "unit/cpu/kernel_support.h"

namespace casd::cpu {
namespace {

using namespace test;

constexpr double ln2 = 0.69314718055994531;  // the kernels' queries contain log2(e)

struct Inputs {
  Inputs(std::int64_t heads, std::int64_t size, std::int64_t step_count, double scale,
         float padding = 1e30f)
      : steps(step_count),
        stride(padded(steps)),
        query(heads * size * stride),
        key(heads * size * stride),
        value(heads * size * stride),
        scratch(steps * attention_columns),
        out(heads * size * stride) {
    fill_activations(query, steps, stride, 1, scale, padding);
    fill_activations(key, steps, stride, 2, scale, padding);
    fill_activations(value, steps, stride, 3, 1, padding);
  }
  std::int64_t steps, stride;
  Buffer query, key, value, scratch, out;
};

class Attention : public KernelTest {
 protected:
  static void run(Inputs& in, std::int64_t heads, std::int64_t size) {
    inference_kernels(GetParam())
        .attention(in.query.data(), in.key.data(), in.value.data(), heads, size, in.steps,
                   in.stride, in.scratch.data(), in.out.data());
  }
};

// Scale 8: products of some queries exceed the bound below which no maximum is subtracted.
TEST_P(Attention, MatchesTheReference) {
  for (const std::int64_t steps : {1, 2, 8, 17, 25, 50})
    for (const auto& [heads, size] :
         {std::pair<std::int64_t, std::int64_t>{10, 4}, {4, 10}, {1, 1}, {2, 3}, {1, 40}})
      for (const double scale : {0.7, 8.0}) {
        Inputs in(heads, size, steps, scale);
        run(in, heads, size);
        std::vector<double> expected(static_cast<std::size_t>(in.out.size()));
        reference::attention(in.query.data(), in.key.data(), in.value.data(), heads, size, steps,
                             in.stride, ln2, expected.data());
        for (std::int64_t i = 0; i < in.out.size(); ++i) {
          if (i % in.stride >= steps) continue;
          ASSERT_NEAR(in.out[i], expected[static_cast<std::size_t>(i)], scale < 1 ? 3e-6 : 2e-4)
              << steps << " " << heads << " " << size << " " << scale;
        }
      }
}

// The bits of a query depend on this query, the keys and the values only.
TEST_P(Attention, AQueryDoesNotDependOnTheOthers) {
  Inputs in(2, 4, 50, 1);
  run(in, 2, 4);
  Inputs other(2, 4, 50, 1);
  for (std::int64_t c = 0; c < 8; ++c)
    for (std::int64_t t = 0; t < 50; t += 2) other.query[c * other.stride + t] *= 100;
  run(other, 2, 4);
  for (std::int64_t c = 0; c < 8; ++c)
    for (std::int64_t t = 1; t < 50; t += 2)
      ASSERT_EQ(in.out[c * in.stride + t], other.out[c * in.stride + t]) << c << " " << t;
}

TEST_P(Attention, PaddingHasNoInfluence) {
  Inputs in(2, 4, 50, 1), other(2, 4, 50, 1, -3);
  run(in, 2, 4);
  run(other, 2, 4);
  for (std::int64_t i = 0; i < in.out.size(); ++i)
    if (i % in.stride < 50) {
      ASSERT_EQ(in.out[i], other.out[i]) << i;
    }
}

TEST_P(Attention, SupportsLargeProducts) {
  Inputs in(1, 2, 2, 1);
  for (std::int64_t c = 0; c < 2; ++c)
    for (std::int64_t t = 0; t < 2; ++t) {
      in.query[c * 8 + t] = 1000;
      in.key[c * 8 + t] = t == 0 ? 1000.0f : -1000.0f;
      in.value[c * 8 + t] = static_cast<float>(10 * c + t);
    }
  run(in, 1, 2);
  EXPECT_NEAR(in.out[0], 0, 1e-30);
  EXPECT_EQ(in.out[8], 10);
}

TEST_P(Attention, PropagatesNan) {
  for (const int which : {0, 1, 2}) {
    Inputs in(1, 4, 20, 1);
    (which == 0   ? in.query
     : which == 1 ? in.key
                  : in.value)[3] = std::numeric_limits<float>::quiet_NaN();
    run(in, 1, 4);
    EXPECT_TRUE(std::isnan(in.out[3])) << which;  // channel 0 of frame 3
  }
}

CASD_TEST_ALL_TARGETS(Attention);

}  // namespace
}  // namespace casd::cpu
