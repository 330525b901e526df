// Dropout of every instruction set draws the numbers of RandomStream.
#include "unit/cpu/training_support.h"

namespace casd::cpu::test {
namespace {

struct Shape {
  std::size_t channels, columns;
  std::int64_t first_step;
};

class CpuDropout : public testing::TestWithParam<Shape> {};

TEST_P(CpuDropout, UsesTheNumbersOfTheStream) {
  const auto [channels, columns, first_step] = GetParam();
  const auto size = static_cast<std::int64_t>(channels), count = static_cast<std::int64_t>(columns);
  const std::vector<double> x = random_values(channels * columns, 1),
                            old = random_values(channels * columns, 2);
  // A rate that is a number of 24 bits is compared exactly.
  for (const double rate : {0.4, 0.25, 0.9}) {
    const RandomStream stream =
        RandomStream(5, (std::uint64_t{3} << 40) + 9, RandomSite::dropout, 170).at_row(70000);
    std::vector<double> expected(x.size());
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t t = 0; t < columns; ++t) {
        const std::uint64_t index = channels * (static_cast<std::size_t>(first_step) + t) + c;
        const bool kept = stream.uniform(index) >= static_cast<float>(rate);
        expected[c * columns + t] =
            kept ? x[c * columns + t] * static_cast<double>(static_cast<float>(1 / (1 - rate))) : 0;
      }
    on_every_target(
        [&, s = first_step, n = columns, channels = channels](const TrainingKernels& k) {
          Rows in(x, n), out(old, n), again(old, n);
          std::vector<std::uint8_t> mask(channels * static_cast<std::size_t>(in.stride()) + 8);
          k.dropout(stream, rate, s, in.data(), true, out.data(), size, count, in.stride(),
                    mask.data());
          std::vector<double> sum = expected;
          for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += old[i];
          EXPECT_LT(relative_distance(out.values(), sum), 1e-6);
          k.dropout(stream, rate, s, in.data(), false, out.data(), size, count, in.stride(),
                    mask.data());
          EXPECT_LT(relative_distance(out.values(), expected), 1e-7);
          k.dropout_again(mask.data(), rate, in.data(), again.data(), size, count, in.stride());
          EXPECT_EQ(again.values(), out.values());
          k.dropout(stream, rate, s, in.data(), false, in.data(), size, count, in.stride(),
                    mask.data());
          EXPECT_EQ(in.values(), out.values()) << "in place";
          EXPECT_TRUE(in.is_padded_with_zeros());
        });
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CpuDropout,
                         testing::Values(Shape{40, 50, 0}, Shape{12, 1, 48}, Shape{7, 19, 0},
                                         Shape{9, 1, 5}, Shape{2, 9, 3}));

TEST(CpuDropout, KeepsAnUniformNumberThatEqualsTheRate) {
  // The stream's own number as the rate: it is kept; the next larger rate drops it.
  const RandomStream stream(5, 6, RandomSite::dropout);
  const float number = stream.uniform(0);
  on_every_target([&](const TrainingKernels& k) {
    Rows x(std::vector<double>{1.0}, 1), y(1, 1);
    std::uint8_t mask[16];
    k.dropout(stream, static_cast<double>(number), 0, x.data(), false, y.data(), 1, 1, x.stride(),
              mask);
    EXPECT_GT(y.data()[0], 0.0f);
    k.dropout(stream, static_cast<double>(std::nextafter(number, 1.0f)), 0, x.data(), false,
              y.data(), 1, 1, x.stride(), mask);
    EXPECT_EQ(y.data()[0], 0.0f);
  });
}

// The passes of the teacher `shared` and the modalities of a row draw independent numbers.
TEST(CpuDropout, EachPassModalityAndRowHasItsOwnStream) {
  DropoutKey key, pass, modality, row;
  pass.pass = modality.modality = 1;
  row.row = 1;
  for (const DropoutKey& other : {pass, modality, row})
    EXPECT_NE(other.stream(dropout_pooled).block(0), key.stream(dropout_pooled).block(0));
}

}  // namespace
}  // namespace casd::cpu::test
