// Pooled frames and the statistics of the input guard, against numbers computed by hand.
#include "predict/frame_pooling.h"

#include "model/options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

ModelPtr small_model(double clip) {
  Schema schema;
  schema.add_modality("voice", 2);
  schema.add_output("a");
  schema.add_output("b");
  casd_model_options options = default_model_options();
  options.hidden = options.heads = options.layers = 1;
  options.input_clip = clip;
  const ModelPtr initial = create_model(schema, options);
  std::vector<float> values(initial->values().begin(), initial->values().end());
  const ModalityPlaces& places = initial->layout().modalities[0];
  values[static_cast<std::size_t>(places.mean.offset)] = 1;
  values[static_cast<std::size_t>(places.deviation.offset)] = 2;
  return std::make_shared<const Model>(initial->shared_layout(), std::move(values));
}

TEST(FramePooling, FollowsTheDefinitionWithoutMissingFrames) {
  // Standardised: (1, 2), missing, (-1, 0 for NaN), (3, 4).
  const std::vector<float> frames = {3, 2, nan, nan, -1, nan, 7, 4};
  FramePooling pooling;
  const InputStatistics<double> s = pooling.pool(*small_model(0), 0, {frames.data(), 4});
  const double deviations[] = {std::sqrt(8.0 / 3), std::sqrt(8.0 / 3)};
  const double expected[] = {1, 2, deviations[0], deviations[1], 3, 4};
  ASSERT_EQ(pooling.values().size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(pooling.values()[i], expected[i], 1e-12) << i;
  // Mean squares of the frames: 2.5, 0.5, 12.5.
  EXPECT_NEAR(s.energy, (15.5 / 3 + 12.5) / 2, 1e-12);
  EXPECT_TRUE(s.has_change);
  EXPECT_NEAR(s.change, ((4 + 4) / 2.0 + (16 + 16) / 2.0) / 2, 1e-12);
}

TEST(FramePooling, ClipsAndForgetsTheSequenceBefore) {
  const ModelPtr model = small_model(1.5);
  const std::vector<float> first = {9, 9, 9, 9}, second = {1, -8};
  FramePooling pooling;
  pooling.pool(*model, 0, {first.data(), 2});
  const InputStatistics<double> s = pooling.pool(*model, 0, {second.data(), 1});
  EXPECT_FALSE(s.has_change);
  EXPECT_DOUBLE_EQ(pooling.values()[0], 0);
  EXPECT_DOUBLE_EQ(pooling.values()[1], -1.5);
  EXPECT_DOUBLE_EQ(pooling.values()[3], 0);
  EXPECT_DOUBLE_EQ(s.energy, 1.125);
}

}  // namespace
}  // namespace casd
