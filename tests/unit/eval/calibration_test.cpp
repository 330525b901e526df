// Temperatures and trust against the distributions that the labels were drawn from.
#include "eval/calibration.h"
#include "eval/report.h"
#include "eval/selection_score.h"
#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace casd {
namespace {

using namespace test;

TEST(Calibration, RecoversTheTrueTemperature) {
  const Schema schema = schema_of(1);
  const ModelPtr model = sharper(make_model(schema), 4);
  for (const double tau : {0.5, 1.0, 3.0}) {
    std::vector<Sample> samples = make_samples(schema, 4000);
    draw_targets(samples, model, tau);
    const Calibration found = fit_calibration(model, sample_pointers(samples), {});
    ASSERT_EQ(found.temperatures.size(), 1u);
    EXPECT_EQ(found.temperatures[0].first, 1u);
    EXPECT_NEAR(found.temperatures[0].second / tau, 1, 0.15);
  }
}

TEST(Calibration, HasATemperaturePerConditionWithinTheRange) {
  const Schema schema = schema_of(3);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = make_samples(schema, 60);
  draw_targets(samples, model, 1);
  CalibrationRequest request;
  request.trust = true;
  const Calibration found = fit_calibration(model, sample_pointers(samples), request);
  EXPECT_EQ(found.temperatures.size(), 7u);
  for (const auto& [key, value] : found.temperatures) {
    EXPECT_GE(value, 0.2) << key;
    EXPECT_LE(value, 20) << key;
  }
  ASSERT_EQ(found.trust.size(), 3u);
  for (const double trust : found.trust) EXPECT_GT(trust, 0);
}

TEST(Calibration, UsesCountsAboveSixModalities) {
  const Schema schema = schema_of(7);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = make_samples(schema, 20);
  draw_targets(samples, model, 1);
  std::vector<TemperatureKey> keys;
  for (const auto& [key, value] : fit_calibration(model, sample_pointers(samples), {}).temperatures)
    keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<TemperatureKey>{1, 2, 3, 4, 5, 6, 7}));
}

TEST(Calibration, IsEmptyWithoutLabels) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> samples = make_samples(schema, 5);
  EXPECT_TRUE(fit_calibration(make_model(schema), sample_pointers(samples), {}).empty());
}

double temperature_of(const Calibration& calibration, TemperatureKey key) {
  for (const auto& [name, value] : calibration.temperatures)
    if (name == key) return value;
  return -1;
}

// A sample that lacks a modality counts for the set of modalities that it has, not for the condition.
TEST(Calibration, ATemperatureIsFittedOnSamplesWithExactlyItsModalities) {
  const Schema schema = schema_of(2);
  const ModelPtr model = sharper(make_model(schema), 4);
  std::vector<Sample> both = make_samples(schema, 400);
  draw_targets(both, model, 1);
  const Calibration expected = fit_calibration(model, sample_pointers(both), {});

  std::vector<Sample> mixed = both;
  std::vector<Sample> first_only = make_samples(schema, 300);
  for (Sample& sample : first_only) set_frames(sample, schema, 1, Span<const float>());
  draw_targets(first_only, model, 0.1);  // these labels lower the temperature
  mixed.insert(mixed.end(), first_only.begin(), first_only.end());
  const Calibration found = fit_calibration(model, sample_pointers(mixed), {});
  EXPECT_EQ(temperature_of(found, 3), temperature_of(expected, 3));
  EXPECT_LT(temperature_of(found, 1), 0.8 * temperature_of(expected, 1));
}

/// Sum over all sets of modalities of the mean cross-entropy of the target classes.
double cross_entropy(const ModelPtr& model, const std::vector<Sample>& samples) {
  double sum = 0;
  for (ModalityMask mask = 1; mask <= model->schema().all(); ++mask) {
    const Prediction prediction = predict(model, samples, mask);
    const Span<const float> probabilities = prediction.table(CASD_FIELD_PROBABILITIES);
    for (std::size_t i = 0; i < samples.size(); ++i)
      sum -= std::log(static_cast<double>(
                 probabilities[2 * i + static_cast<std::size_t>(samples[i].target[0])])) /
             static_cast<double>(samples.size());
  }
  return sum;
}

// The labels depend on the first modality only. The second is noise but has the same weight.
TEST(Calibration, TrustDecreasesForAMisleadingModality) {
  const Schema schema = schema_of(2);
  const ModelPtr model = sharper(make_model(schema), 20);
  std::vector<Sample> samples = make_samples(schema, 300);
  draw_targets(samples, model, 1, 1);
  CalibrationRequest request;
  request.temperatures = false;
  request.trust = true;
  const Calibration found = fit_calibration(model, sample_pointers(samples), request);
  ASSERT_EQ(found.trust.size(), 2u);
  EXPECT_EQ(found.trust[0], 1);
  EXPECT_LT(found.trust[1], 0.5);
  const auto with_trust = std::make_shared<const Model>(model->with_calibration(found));
  EXPECT_LT(cross_entropy(with_trust, samples), 0.95 * cross_entropy(model, samples));

  // It increases if the labels depend on the second modality.
  draw_targets(samples, model, 1, 2);
  EXPECT_GT(fit_calibration(model, sample_pointers(samples), request).trust[1], 2);
}

// With one dimension the mean weight is the weight: C_m = t_m w_m / sum of t_k w_k.
TEST(Calibration, TrustMultipliesTheWeightsOfThePrediction) {
  const Schema schema = schema_of(2);
  casd_model_options options = small_sizes();
  options.hidden = options.heads = 1;
  const ModelPtr model = create_model(schema, options);
  const std::vector<Sample> samples = make_samples(schema, 5);
  const auto trusted = std::make_shared<const Model>(model->with_calibration({{}, {2, 0.5}}));
  const Prediction before = predict(model, samples, 3), after = predict(trusted, samples, 3);
  const Span<const float> old_weight = before.table(CASD_FIELD_MODALITY_WEIGHT);
  const Span<const float> new_weight = after.table(CASD_FIELD_MODALITY_WEIGHT);
  for (std::size_t i = 0; i < samples.size(); ++i)
    EXPECT_NEAR(new_weight[2 * i + 1] / new_weight[2 * i],
                0.25f * old_weight[2 * i + 1] / old_weight[2 * i], 1e-5);
}

// All candidates of the trust factors are computed from the evidence. The frames are overwritten as
// soon as all samples are encoded, so that reading them again would change the result.
TEST(Calibration, EncodesTheSamplesOnce) {
  const Schema schema = schema_of(2);
  casd_model_options options = small_sizes();
  options.hidden = options.heads = 2;
  const ModelPtr model = sharper(create_model(schema, options), 10);
  std::vector<Sample> samples = make_samples(schema, 520);
  draw_targets(samples, model, 1, 3);
  CalibrationRequest request;
  request.trust = true;
  const Calibration expected = fit_calibration(model, sample_pointers(samples), request);
  ASSERT_GT(expected.trust[1], 0.2);  // not at a limit of the range, which other samples reach too
  ASSERT_LT(expected.trust[1], 9);
  std::vector<double> calls;
  const auto overwrite = [&](double share) {
    calls.push_back(share);
    if (calls.size() != 2) return;  // after each of two chunks
    for (Sample& sample : samples)
      for (auto& frames : sample.frames) frames.assign(6, 0.25f);
  };
  const Calibration found = fit_calibration(model, sample_pointers(samples), request, overwrite);
  EXPECT_TRUE(std::is_sorted(calls.begin(), calls.end()));
  EXPECT_EQ(calls.back(), 1);
  EXPECT_EQ(found.trust, expected.trust);
  EXPECT_EQ(found.temperatures, expected.temperatures);
}

TEST(Calibration, LeavesOutSamplesWhosePredictionIsNotFinite) {
  const Schema schema = schema_of(2);
  casd_model_options options = small_sizes();
  options.input_clip = 0;
  const ModelPtr model = create_model(schema, options);
  std::vector<Sample> samples = make_samples(schema, 50);
  draw_targets(samples, model, 1);
  CalibrationRequest request;
  request.trust = true;
  const Calibration expected = fit_calibration(model, sample_pointers(samples), request);
  Sample broken = samples[0];
  const std::vector<float> huge(6, 3e38f);
  for (std::int32_t m = 0; m < 2; ++m) set_frames(broken, schema, m, huge);
  samples.push_back(broken);
  const Calibration found = fit_calibration(model, sample_pointers(samples), request);
  EXPECT_EQ(found.trust, expected.trust);
  EXPECT_EQ(found.temperatures, expected.temperatures);
}

}  // namespace
}  // namespace casd
