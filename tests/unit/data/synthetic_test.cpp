// Checks that casd_dataset_noise() returns the noise of the frames.
#include "data/synthetic.h"
#include "data/dataset.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

/// Standard deviation of the differences between the features of a frame and of the frame `period`
/// later, where the generator's periodic factor is nearly the same.
double jitter(const Floats& frames, std::size_t features) {
  constexpr std::size_t period = 9;  // 0.7 * 9 = 2 pi, nearly
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t at = 0; at + period * features < frames.size(); ++at, ++count) {
    const double difference =
        static_cast<double>(frames[at + period * features]) - static_cast<double>(frames[at]);
    sum += difference * difference / 2;
  }
  return std::sqrt(sum / static_cast<double>(count));
}

TEST(Synthetic, FrameNoiseIsThreeTenthsOfTheNoise) {
  casd_synthetic_options options = default_synthetic_options();
  options.train_samples = 60;
  options.max_steps = 400;
  const Dataset data = make_synthetic(options);
  const Split& train = *data.find("train");
  int seen = 0;
  for (std::size_t i = 0; i < train.samples.size(); ++i)
    for (std::size_t m = 0; m < 3; ++m) {
      const auto features = static_cast<std::size_t>(data.schema.modalities[m].features);
      const Floats& frames = train.samples[i].frames[m];
      if (frames.size() < 100 * features) continue;
      const double noise = train.noise[3 * i + m];
      EXPECT_NEAR(jitter(frames, features) / (0.3 * noise), 1, 0.2) << i << ' ' << m;
      EXPECT_GE(noise, 0.3);
      EXPECT_LE(noise, 4);
      ++seen;
    }
  EXPECT_GT(seen, 50);
}

TEST(Synthetic, SeedsAndTasksDiffer) {
  casd_synthetic_options options = default_synthetic_options();
  options.train_samples = 20;
  const Dataset a = make_synthetic(options), b = make_synthetic(options);
  const auto print = [](const Dataset& data) { return fingerprint(data.schema, data.splits[0]); };
  EXPECT_EQ(print(a), print(b));
  options.seed = 1;
  EXPECT_NE(print(a), print(make_synthetic(options)));
  options.task = CASD_TASK_REGRESSION;
  const Dataset regression = make_synthetic(options);
  EXPECT_EQ(regression.schema.outputs.size(), 1u);
  options.task = CASD_TASK_MULTILABEL;
  EXPECT_EQ(make_synthetic(options).splits[0].samples[0].target.size(), 2u);
}

TEST(Dataset, FingerprintDependsOnEveryValue) {
  casd_synthetic_options options = default_synthetic_options();
  options.train_samples = 5;
  const Dataset data = make_synthetic(options);
  const Split& split = data.splits[0];
  const std::uint32_t before = fingerprint(data.schema, split);
  Split changed = split;
  changed.samples[3].frames[1][0] += 1;
  EXPECT_NE(fingerprint(data.schema, changed), before);
  changed = split;
  changed.samples[2].target[0] = 1 - changed.samples[2].target[0];
  EXPECT_NE(fingerprint(data.schema, changed), before);
  changed = split;
  std::swap(changed.samples[0], changed.samples[1]);
  EXPECT_NE(fingerprint(data.schema, changed), before);
  Schema other = data.schema;
  other.outputs[0] = "bad";
  EXPECT_NE(fingerprint(other, split), before);
}

}  // namespace
}  // namespace casd
