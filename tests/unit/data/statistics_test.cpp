#include "data/statistics.h"

#include "model/options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float none = std::numeric_limits<float>::quiet_NaN();

Schema schema_of(casd_task task) {
  Schema schema;
  schema.add_modality("voice", 3);
  schema.add_modality("face", 1);
  schema.set_task(task);
  schema.add_output("a");
  schema.add_output("b");
  return schema;
}

Sample sample_of(const Schema& schema, const std::vector<float>& voice,
                 const std::vector<float>& target) {
  Sample sample = empty_sample(schema);
  set_frames(sample, schema, 0, voice);
  set_target(sample, schema, target);
  return sample;
}

TEST(Statistics, UseTheFiniteValuesOfAllFrames) {
  const Schema schema = schema_of(CASD_TASK_REGRESSION);
  const std::vector<Sample> samples = {
      sample_of(schema, {1, 7, none, 3, 7, none}, {1, 10}),
      sample_of(schema, {5, 7, none, none, none, none}, {3, 10}),
      sample_of(schema, {std::numeric_limits<float>::infinity(), 7, none}, {}),
  };
  std::vector<const Sample*> pointers;
  for (const Sample& sample : samples) pointers.push_back(&sample);
  const Statistics found = fit_statistics(schema, pointers);
  EXPECT_FLOAT_EQ(found.mean[0][0], 3);
  EXPECT_FLOAT_EQ(found.std[0][0], std::sqrt(8.0f / 3));  // of the population
  EXPECT_FLOAT_EQ(found.mean[0][1], 7);
  EXPECT_FLOAT_EQ(found.std[0][1], 1);  // a constant
  EXPECT_FLOAT_EQ(found.mean[0][2], 0);
  EXPECT_FLOAT_EQ(found.std[0][2], 1);  // no finite value
  EXPECT_FLOAT_EQ(found.mean[1][0], 0);
  EXPECT_FLOAT_EQ(found.target_mean[0], 2);
  EXPECT_FLOAT_EQ(found.target_std[0], 1);
  EXPECT_FLOAT_EQ(found.target_std[1], 1);

  casd_model_options options = default_model_options();
  options.hidden = 4;
  const ModelPtr fresh = create_model(schema, options);
  const ModelPtr fitted = with_statistics(*fresh, found);
  EXPECT_FALSE(fresh->trained());
  EXPECT_TRUE(fitted->trained());
  EXPECT_EQ(fitted->tensor("voice.normalizer.mean")[0], 3);
  EXPECT_EQ(fitted->tensor("target.mean")[0], 2);
  EXPECT_EQ(fitted->tensor("voice.conv.weight")[0], fresh->tensor("voice.conv.weight")[0]);
}

TEST(Statistics, ClassWeightsBalance) {
  Schema schema = schema_of(CASD_TASK_CLASSES);
  schema.add_output("never");
  const std::vector<Sample> samples = {
      sample_of(schema, {1, 1, 1}, {0}), sample_of(schema, {1, 1, 1}, {0}),
      sample_of(schema, {1, 1, 1}, {0}), sample_of(schema, {1, 1, 1}, {1}),
      sample_of(schema, {1, 1, 1}, {})};
  std::vector<const Sample*> pointers;
  for (const Sample& sample : samples) pointers.push_back(&sample);
  EXPECT_EQ(balanced_class_weights(schema, pointers),
            (std::vector<float>{4.0f / 9, 4.0f / 3, 1}));  // N / (K N_k)
}

}  // namespace
}  // namespace casd
