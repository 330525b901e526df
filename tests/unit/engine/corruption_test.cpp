#include "engine/corruption.h"

#include "eval/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace casd {
namespace {

Schema three_modalities() {
  Schema schema;
  for (const char* name : {"language", "audio", "visual"}) schema.add_modality(name, 2);
  schema.add_output("negative");
  schema.add_output("positive");
  return schema;
}

Sample sample_of(const Schema& schema, ModalityMask given, std::size_t steps) {
  Sample sample = empty_sample(schema);
  const std::vector<float> values(2 * steps, 1.0f);
  for (std::int32_t m = 0; m < 3; ++m)
    if (given >> m & 1u) set_frames(sample, schema, m, values);
  return sample;
}

class DrawCorruption : public testing::Test {
 protected:
  const Schema schema_ = three_modalities();

  Corruption draw(const Sample& sample, std::size_t count, double frame_drop, std::uint64_t seed,
                  std::uint64_t step) const {
    const std::vector<const Sample*> samples(count, &sample);
    InputTable input;
    input.assign(schema_, samples);
    std::vector<std::int64_t> rows(count);
    std::iota(rows.begin(), rows.end(), 0);
    Corruption out;
    draw_corruption(input, rows, frame_drop, {seed, step}, 0, out);
    return out;
  }
};

TEST_F(DrawCorruption, SubsetsAreUniformOverTheNonEmptyOnes) {
  const Sample all = sample_of(schema_, 7, 1);
  std::map<ModalityMask, int> count;
  constexpr int draws = 70000;
  for (const ModalityMask kept : draw(all, draws, 0, 1, 0).kept) ++count[kept];
  ASSERT_EQ(count.size(), 7u);
  // Standard deviation of each count: 93.
  for (const auto& [mask, times] : count) EXPECT_NEAR(times, draws / 7, 450) << mask;
}

TEST_F(DrawCorruption, OnlyGivenModalitiesAreKept) {
  const Sample two = sample_of(schema_, 5, 1);
  std::map<ModalityMask, int> count;
  for (const ModalityMask kept : draw(two, 30000, 0, 1, 0).kept) ++count[kept];
  ASSERT_EQ(count.size(), 3u);
  for (const auto& [mask, times] : count) {
    EXPECT_EQ(mask & ~5u, 0u);
    EXPECT_NEAR(times, 10000, 400);
  }
}

TEST_F(DrawCorruption, FramesAreDroppedAtARatePerSampleAndModality) {
  constexpr std::size_t steps = 200, samples = 2000;
  const Sample sample = sample_of(schema_, 1, steps);
  const Corruption c = draw(sample, samples, 0.5, 3, 11);
  double mean = 0, square = 0, last = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    const Span<const std::uint8_t> dropped = c.dropped(i, 0, 3);
    ASSERT_EQ(dropped.size(), steps);
    double share = 0;
    for (const std::uint8_t d : dropped) share += d;
    share /= steps;
    mean += share / samples;
    square += share * share / samples;
    last += static_cast<double>(dropped[steps - 1]) / samples;
  }
  // r ~ U(0, 0.5): mean 1/4, variance 1/48, plus a small variance of the frames.
  EXPECT_NEAR(mean, 0.25, 0.015);
  EXPECT_NEAR(square - mean * mean, 1.0 / 48, 0.003);
  EXPECT_NEAR(last, 0.25, 0.05);
}

// With one rate per sample, all its modalities would lose about the same fraction of frames.
TEST_F(DrawCorruption, TheRatesOfASamplesModalitiesAreIndependent) {
  constexpr std::size_t steps = 100, samples = 4000;
  const Sample sample = sample_of(schema_, 7, steps);
  const Corruption c = draw(sample, samples, 1, 3, 11);
  std::vector<double> first, second;
  for (std::size_t i = 0; i < samples; ++i) {
    if ((c.kept[i] & 3) != 3) continue;
    const auto share = [&](std::size_t m) {
      const Span<const std::uint8_t> dropped = c.dropped(i, m, 3);
      return std::accumulate(dropped.begin(), dropped.end(), 0.0) / steps;
    };
    first.push_back(share(0));
    second.push_back(share(1));
  }
  ASSERT_GT(first.size(), 1000u);
  // Standard deviation of the correlation: 0.03.
  EXPECT_NEAR(correlation(first, second), 0, 0.12);
}

TEST_F(DrawCorruption, RateZeroDropsNothing) {
  const Sample sample = sample_of(schema_, 7, 9);
  const Corruption none = draw(sample, 50, 0, 3, 4);
  EXPECT_EQ(none.frames, std::vector<std::uint8_t>(none.frames.size(), 0));
}

TEST_F(DrawCorruption, IsAPureFunctionOfSeedStepAndRow) {
  const Sample sample = sample_of(schema_, 7, 20);
  const Corruption a = draw(sample, 40, 0.5, 9, 100);
  const Corruption b = draw(sample, 40, 0.5, 9, 100);
  EXPECT_EQ(a.kept, b.kept);
  EXPECT_EQ(a.frames, b.frames);
  EXPECT_EQ(a.ends, b.ends);
  // A smaller batch gets the same result in the same rows.
  const Corruption half = draw(sample, 20, 0.5, 9, 100);
  EXPECT_TRUE(std::equal(half.kept.begin(), half.kept.end(), a.kept.begin()));
  EXPECT_TRUE(std::equal(half.frames.begin(), half.frames.end(), a.frames.begin()));
  // Rows of a batch that are drawn separately, in another table.
  const Sample* const one = &sample;
  InputTable table;
  table.assign(schema_, {&one, 1});
  const std::vector<std::int64_t> rows(15, 0);
  Corruption tail = b;  // its memory is used again
  draw_corruption(table, rows, 0.5, {9, 100}, 25, tail);
  EXPECT_TRUE(std::equal(tail.kept.begin(), tail.kept.end(), a.kept.begin() + 25));
  for (std::size_t i = 0; i < 15; ++i)
    for (std::size_t m = 0; m < 3; ++m) {
      const Span<const std::uint8_t> got = tail.dropped(i, m, 3), want = a.dropped(25 + i, m, 3);
      EXPECT_TRUE(std::equal(got.begin(), got.end(), want.begin(), want.end()));
    }
  EXPECT_NE(draw(sample, 40, 0.5, 9, 101).kept, a.kept);
  EXPECT_NE(draw(sample, 40, 0.5, 10, 100).kept, a.kept);
}

}  // namespace
}  // namespace casd
