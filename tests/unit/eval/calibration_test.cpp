#include "core/error.h"
#include "core/random.h"
#include "eval/evaluation.h"
#include "model/options.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

Schema schema_of(int modalities) {
  Schema schema;
  for (int m = 0; m < modalities; ++m) schema.add_modality("m" + std::to_string(m), 2);
  schema.add_output("a");
  schema.add_output("b");
  return schema;
}

ModelPtr make_model(const Schema& schema) {
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  return create_model(schema, options);
}

std::vector<Sample> make_samples(const Schema& schema, std::size_t count) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    Sample sample = empty_sample(schema);
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      std::vector<float> frames(6);
      for (std::size_t k = 0; k < 6; ++k)
        frames[k] = static_cast<float>(
            RandomStream(1, i, RandomSite::synthetic, static_cast<std::uint32_t>(m)).normal(k));
      set_frames(sample, schema, m, frames);
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

/// Gives each sample the class that the model says with the probability softmax(logits / tau) of it
/// under the complete condition: tau is then the temperature to be found.
void draw_targets(std::vector<Sample>& samples, const ModelPtr& model, double tau) {
  Batch batch(model->schema());
  for (const Sample& sample : samples) batch.add() = sample;
  Prediction prediction;
  Predictor(model, default_predictor_options()).predict(prediction, batch, CASD_ALL_MODALITIES);
  const Span<const float> logits = prediction.table(CASD_FIELD_LOGITS);
  const RandomStream stream(9, 0, RandomSite::synthetic);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double margin = static_cast<double>(logits[2 * i + 1] - logits[2 * i]);
    const double of_b = 1 / (1 + std::exp(-margin / tau));
    const float target = stream.uniform_double(i) < of_b ? 1.0f : 0.0f;
    set_target(samples[i], model->schema(), {&target, 1});
  }
}

/// A model whose logits are `factor` times as large.
ModelPtr sharper(const ModelPtr& model, float factor) {
  std::vector<float> values(model->values().begin(), model->values().end());
  for (const char* name : {"classifier.weight", "classifier.bias"}) {
    const TensorInfo& tensor = model->network().tensor(name);
    for (std::int64_t i = tensor.offset; i < tensor.offset + tensor.size; ++i)
      values[static_cast<std::size_t>(i)] *= factor;
  }
  return std::make_shared<const Model>(model->shared_network(), std::move(values));
}

TEST(Calibration, FindsTheTemperatureThatTheLabelsWereDrawnWith) {
  const Schema schema = schema_of(1);
  const ModelPtr model = sharper(make_model(schema), 4);
  for (const double tau : {0.5, 1.0, 3.0}) {
    std::vector<Sample> samples = make_samples(schema, 4000);
    draw_targets(samples, model, tau);
    const Calibration found = fit_calibration(model, sample_pointers(samples), {});
    ASSERT_EQ(found.temperatures.size(), 1u);
    EXPECT_EQ(found.temperatures[0].first, "1");
    EXPECT_NEAR(found.temperatures[0].second / tau, 1, 0.15);
  }
}

TEST(Calibration, HasATemperatureForEveryConditionAndKeepsToItsRange) {
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

TEST(Calibration, AboveSixModalitiesCountsStandForMasks) {
  const Schema schema = schema_of(7);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = make_samples(schema, 20);
  draw_targets(samples, model, 1);
  std::vector<std::string> keys;
  for (const auto& [key, value] : fit_calibration(model, sample_pointers(samples), {}).temperatures)
    keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"count:1", "count:2", "count:3", "count:4", "count:5",
                                            "count:6", "count:7"}));
}

TEST(Calibration, WithoutLabelsThereIsNone) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> samples = make_samples(schema, 5);
  EXPECT_TRUE(fit_calibration(make_model(schema), sample_pointers(samples), {}).empty());
}

TEST(Conditions, AreAllSetsUpToSixModalities) {
  std::vector<std::string> names;
  for (const Condition& condition : conditions(schema_of(3))) names.push_back(condition.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"m0", "m1", "m2", "m0+m1", "m0+m2", "m1+m2", "m0+m1+m2"}));
  EXPECT_EQ(conditions(schema_of(6)).size(), 63u);
  EXPECT_EQ(conditions(schema_of(7)).size(), 7u + 7u + 1u);  // singles, leave-one-outs, all
  EXPECT_EQ(conditions(schema_of(1)).size(), 1u);
}

TEST(Evaluation, CountsOnlyWhoCanBeJudged) {
  const Schema schema = schema_of(2);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = make_samples(schema, 10);
  draw_targets(samples, model, 1);
  samples[0].target.clear();                               // no label: in the uncertainty only
  set_frames(samples[1], schema, 1, Span<const float>());  // m1 is missing
  Predictor predictor(model, default_predictor_options());
  const Report report = evaluate(predictor, sample_pointers(samples), schema.all());
  ASSERT_EQ(report.conditions.size(), 3u);
  const auto number = [&](std::size_t condition, const std::string& name) {
    for (const auto& [key, value] : report.conditions[condition].second)
      if (key == name) return value;
    return -1.0;
  };
  EXPECT_EQ(number(0, "samples"), 10);
  EXPECT_EQ(number(1, "samples"), 9);
  EXPECT_EQ(number(2, "samples"), 10);
  // Nine labelled samples: accuracies are ninths, of m1 alone eighths.
  const double ninths = number(0, "accuracy") * 9 / 100, eighths = number(1, "accuracy") * 8 / 100;
  EXPECT_NEAR(ninths, std::round(ninths), 1e-9);
  EXPECT_NEAR(eighths, std::round(eighths), 1e-9);
}

}  // namespace
}  // namespace casd
