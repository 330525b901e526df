#include "eval/guarantee_fit.h"

#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

using namespace test;

std::vector<const Sample*> pointers(const std::vector<Sample>& samples) {
  std::vector<const Sample*> out;
  for (const Sample& sample : samples) out.push_back(&sample);
  return out;
}

std::vector<Sample> labelled_samples(const ModelPtr& model, std::size_t count) {
  std::vector<Sample> samples = make_samples(model->schema(), count);
  draw_targets(samples, model, 1);
  return samples;
}

TEST(GuaranteeFit, TablesCountTheSamplesWithAllModalitiesOfASet) {
  const ModelPtr model = make_model(schema_of(3));
  std::vector<Sample> samples = labelled_samples(model, 50);
  for (std::size_t i = 0; i < 10; ++i)
    set_frames(samples[i], model->schema(), 1, Span<const float>());
  samples[49].target.clear();
  const ModelPtr fitted = with_guarantees(model, pointers(samples), 1);
  const Guarantees& tables = fitted->calibration().guarantees;
  ASSERT_EQ(tables.keys.size(), 7u);
  for (const KeyGuarantees& entry : tables.keys) {
    const std::int64_t with_label = (entry.key & 2u) ? 39 : 49;
    EXPECT_EQ(entry.uncertainty.count, with_label + 1);
    ASSERT_EQ(entry.scores.size(), 1u);
    EXPECT_EQ(entry.scores[0].count, with_label);
    EXPECT_EQ(entry.errors[0].accepted.back(), with_label);
  }
  EXPECT_EQ(tables.modality_variance[0].count, 50);
  EXPECT_EQ(tables.modality_variance[1].count, 40);
  EXPECT_EQ(tables.patterns, (PatternCounts{{5, 10}, {7, 40}}));
  EXPECT_EQ(fitted->values().data(), model->values().data());
}

TEST(GuaranteeFit, WithoutLabelsThereAreNoTables) {
  const ModelPtr model = make_model(schema_of(2));
  const std::vector<Sample> few = labelled_samples(model, 7);
  const ModelPtr fitted = with_guarantees(model, pointers(few), 1);
  EXPECT_EQ(fitted->calibration().guarantees.find(3)->scores[0].count, 7);
  const std::vector<Sample> unlabelled = make_samples(model->schema(), 9);
  EXPECT_TRUE(with_guarantees(fitted, pointers(unlabelled), 1)->calibration().guarantees.empty());
}

// Of 24,576 samples, the first third of which lacks a modality, 16,384 are an even selection.
TEST(GuaranteeFit, ManySamplesAreSelectedEvenly) {
  Schema schema;
  for (const char* name : {"a", "b"}) schema.add_modality(name, 1);
  for (const char* name : {"no", "yes"}) schema.add_output(name);
  const ModelPtr model = make_model(schema);
  const std::vector<float> frame = {1}, target = {1};
  Sample one = empty_sample(schema);
  set_frames(one, schema, 0, frame);
  Sample both = one;
  set_frames(both, schema, 1, frame);
  Sample labelled = both;
  set_target(labelled, schema, target);
  std::vector<const Sample*> samples(24576, &both);
  std::fill_n(samples.begin(), 8192, &one);
  samples.back() = &labelled;
  const Guarantees tables = with_guarantees(model, samples, 1)->calibration().guarantees;
  EXPECT_EQ(tables.patterns, (PatternCounts{{1, 5462}, {3, 10922}}));
}

TEST(GuaranteeFit, ManyModalitiesCountEachSampleOnceForEachNumber) {
  const ModelPtr model = make_model(schema_of(8));
  const std::vector<Sample> samples = labelled_samples(model, 30);
  const Guarantees tables = with_guarantees(model, pointers(samples), 1)->calibration().guarantees;
  ASSERT_EQ(tables.keys.size(), 8u);
  for (const KeyGuarantees& entry : tables.keys) {
    EXPECT_EQ(entry.uncertainty.count, 30);
    EXPECT_EQ(entry.scores[0].count, 30);
  }
  EXPECT_EQ(tables.patterns, (PatternCounts{{8, 30}}));
  std::int64_t variances = 0;
  for (const QuantileTable& table : tables.modality_variance) variances += table.count;
  EXPECT_EQ(variances, 30);
}

// Targets with a normal error of known deviation: the law finds it and the intervals cover.
TEST(GuaranteeFit, RegressionFindsTheDeviationOfItsErrors) {
  const ModelPtr model = make_model(schema_of(2, CASD_TASK_REGRESSION, 2));
  std::vector<Sample> samples = make_samples(model->schema(), 400);
  for (const ModalityMask mask : {1u, 2u, 3u}) {
    const Prediction prediction = predict(model, samples, mask);
    const Span<const float> value = prediction.table(CASD_FIELD_VALUE);
    const RandomStream random(3, 0, RandomSite::synthetic);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const float target[2] = {value[2 * i] + 0.5f * static_cast<float>(random.normal(2 * i)),
                               value[2 * i + 1] + 2 * static_cast<float>(random.normal(2 * i + 1))};
      set_target(samples[i], model->schema(), {target, 2});
    }
    const ModelPtr fitted = with_guarantees(model, pointers(samples), 1);
    const Prediction with = predict(fitted, samples, mask);
    const Span<const float> deviation = with.table(CASD_FIELD_STANDARD_DEVIATION);
    const Span<const float> interval = with.table(CASD_FIELD_INTERVAL);
    double covered = 0, mean[2] = {};
    for (std::size_t i = 0; i < samples.size(); ++i)
      for (std::size_t k = 0; k < 2; ++k) {
        const std::size_t at = 2 * i + k;
        mean[k] += static_cast<double>(deviation[at]) / 400;
        covered += interval[2 * at] <= samples[i].target[k] &&
                   samples[i].target[k] <= interval[2 * at + 1];
      }
    EXPECT_NEAR(covered / 800, 0.9, 0.02);
    if (mask == 3) {
      EXPECT_NEAR(mean[0], 0.5, 0.15);
      EXPECT_NEAR(mean[1], 2, 0.4);
    }
  }
}

}  // namespace
}  // namespace casd
