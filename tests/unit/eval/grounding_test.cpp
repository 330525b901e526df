// What is fitted after the training, on models: linear maps, guard, trust, contributions, temperatures.
#include "eval/grounding.h"

#include "eval/fusion_fit.h"
#include "eval/linear_expert.h"
#include "predict/frame_pooling.h"
#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace casd {
namespace {

using namespace test;

ModelPtr grounded_model(const Schema& schema, casd_absent_policy absent = CASD_ABSENT_EXCLUDED) {
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.absent = absent;
  return create_model(schema, options);
}

/// Two classes: the first modality's mean tells the class, the others are noise.
std::vector<Sample> informative_samples(const Schema& schema, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<Sample> out;
  for (std::size_t i = 0; i < count; ++i) {
    Sample sample = empty_sample(schema);
    sample.target = {static_cast<float>(i % 2)};
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      const auto features =
          static_cast<std::size_t>(schema.modalities[static_cast<std::size_t>(m)].features);
      std::vector<float> frames(features * (2 + i % 5));
      for (float& value : frames)
        value = normal(random) + (m == 0 ? 0.8f * (2 * sample.target[0] - 1) : 0);
      set_frames(sample, schema, m, frames);
    }
    out.push_back(std::move(sample));
  }
  return out;
}

double accuracy_under(const ModelPtr& model, const std::vector<Sample>& samples,
                      ModalityMask mask) {
  const Prediction prediction = predict(model, samples, mask);
  double hits = 0;
  for (std::size_t i = 0; i < samples.size(); ++i)
    hits += (prediction.table(CASD_FIELD_PROBABILITIES)[2 * i + 1] > 0.5f) ==
            (samples[i].target[0] > 0.5f);
  return hits / static_cast<double>(samples.size());
}

TEST(Grounding, AnUntrainedNetworkLearnsFromItsLinearPath) {
  const Schema schema = schema_of(3);
  const ModelPtr model = grounded_model(schema);
  const std::vector<Sample> train = informative_samples(schema, 200, 1),
                            valid = informative_samples(schema, 120, 2),
                            test = informative_samples(schema, 400, 3);
  ASSERT_LT(accuracy_under(model, test, schema.all()), 0.7);
  const FittedModel fitted =
      fit_after_training(model, sample_pointers(train), sample_pointers(valid), {});
  EXPECT_EQ(fitted.samples, 120u);
  EXPECT_GT(accuracy_under(fitted.model, test, schema.all()), 0.9);
  EXPECT_GT(accuracy_under(fitted.model, test, 1), 0.9);
  const Calibration& calibration = fitted.model->calibration();
  EXPECT_EQ(calibration.temperatures.size(), 7u);
  EXPECT_GT(calibration.linear[0], calibration.linear[1]);
}

/// Class b lies between a and c in the first modality.
TEST(Grounding, TheLinearPathSeesAClassBetweenTwoOthers) {
  const Schema schema = schema_of(2, CASD_TASK_CLASSES, 3);
  const auto samples = [&](unsigned seed) {
    std::vector<Sample> out = informative_samples(schema, 90, seed);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto steps = static_cast<std::size_t>(out[i].steps(schema, 0));
      out[i].target = {static_cast<float>(i % 3)};
      std::vector<float> frames(2 * steps);
      for (std::size_t f = 0; f < frames.size(); ++f)
        frames[f] = 4 * out[i].target[0] + 0.5f * std::sin(static_cast<float>(7 * f + 3 * i));
      set_frames(out[i], schema, 0, frames);
    }
    return out;
  };
  const std::vector<Sample> train = samples(1), valid = samples(2), test = samples(3);
  const FittedModel fitted = fit_after_training(grounded_model(schema), sample_pointers(train),
                                                sample_pointers(valid), {});
  const Prediction prediction = predict(fitted.model, test, 1);
  const auto probabilities = prediction.table(CASD_FIELD_PROBABILITIES);
  for (std::size_t i = 1; i < test.size(); i += 3) {
    EXPECT_GT(probabilities[3 * i + 1], probabilities[3 * i]) << i;
    EXPECT_GT(probabilities[3 * i + 1], probabilities[3 * i + 2]) << i;
  }
}

TEST(Grounding, WithoutHeldOutSamplesEverythingKeepsItsStart) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> train = informative_samples(schema, 60, 1);
  const FittedModel fitted =
      fit_after_training(grounded_model(schema), sample_pointers(train), {}, {});
  EXPECT_EQ(fitted.samples, 0u);
  const Calibration& calibration = fitted.model->calibration();
  EXPECT_EQ(calibration.trust, (std::vector<double>{1, 1}));
  EXPECT_EQ(calibration.linear, (std::vector<double>{1, 1}));
  for (const auto& [key, value] : calibration.temperatures) EXPECT_DOUBLE_EQ(value, 2) << key;
}

TEST(Grounding, WithoutTrainingSamplesTheLinearMapsAreKept) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> train = informative_samples(schema, 60, 1),
                            valid = informative_samples(schema, 60, 2);
  const auto both = sample_pointers(train), held_out = sample_pointers(valid);
  const ModelPtr first = fit_after_training(grounded_model(schema), both, held_out, {}).model;
  const ModelPtr again = fit_after_training(first, {}, held_out, {}).model;
  const auto map = [&](const ModelPtr& model) {
    const Span<const float> values = model->tensor(model->layout().modalities[0].linear->weight);
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_EQ(map(first), map(again));
  EXPECT_EQ(first->calibration().trust, again->calibration().trust);
}

// The fit predicts the logits that the predictor computes, also where absent modalities participate.
TEST(Grounding, TrustChangesPredictionsAsTheFitAssumes) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> train = informative_samples(schema, 60, 1),
                            valid = informative_samples(schema, 60, 2);
  for (const casd_absent_policy absent : {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS}) {
    const FittedModel fitted = fit_after_training(
        grounded_model(schema, absent), sample_pointers(train), sample_pointers(valid), {});
    const auto loss_of = [&](const ModelPtr& model) {
      double loss = 0;
      for (ModalityMask mask = 1; mask <= schema.all(); ++mask) {
        const Prediction prediction = predict(model, valid, mask);
        for (std::size_t i = 0; i < valid.size(); ++i)
          loss -= std::log(static_cast<double>(prediction.table(
                      CASD_FIELD_PROBABILITIES)[2 * i +
                                                static_cast<std::size_t>(valid[i].target[0])])) /
                  schema.all();
      }
      const Calibration& c = model->calibration();
      for (std::size_t m = 0; m < 2; ++m)
        loss += std::pow(c.trust[m] - 1, 2) / (2 * 0.49) + std::pow(c.linear[m] - 1, 2) / 2;
      for (const auto& [key, value] : c.temperatures)
        loss += std::pow(std::log(value / 2), 2) / (2 * 0.25 * 3);
      return loss;
    };
    const double least = loss_of(fitted.model);
    for (const double factor : {0.8, 1.25}) {
      for (std::size_t m = 0; m < 2; ++m) {
        Calibration other = fitted.model->calibration();
        other.trust[m] = std::min(1.0, factor * other.trust[m]);
        other.linear[m] *= factor;
        EXPECT_GE(loss_of(std::make_shared<const Model>(fitted.model->with_calibration(other))),
                  least - 1e-4);
      }
      Calibration other = fitted.model->calibration();
      for (auto& [key, value] : other.temperatures) value *= factor;
      EXPECT_GT(loss_of(std::make_shared<const Model>(fitted.model->with_calibration(other))),
                least);
    }
  }
}

TEST(Grounding, TheGuardRaisesTheVarianceOfUnusualInput) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> train = informative_samples(schema, 200, 1),
                            valid = informative_samples(schema, 60, 2);
  const ModelPtr model =
      fit_after_training(grounded_model(schema), sample_pointers(train), sample_pointers(valid), {})
          .model;
  std::vector<Sample> samples = informative_samples(schema, 40, 3), loud = samples, still = samples;
  for (Sample& sample : loud)
    for (std::size_t i = 0; i < sample.frames[1].size(); ++i)
      sample.frames[1][i] += i % 2 == 0 ? 4.0f : -4.0f;
  for (Sample& sample : still) std::fill(sample.frames[1].begin(), sample.frames[1].end(), 0.5f);
  const auto guards = [&](const std::vector<Sample>& input) {
    const Prediction prediction = predict(model, input, schema.all());
    double sums[2] = {0, 0};
    for (std::size_t i = 0; i < input.size(); ++i)
      for (std::size_t m = 0; m < 2; ++m)
        sums[m] += static_cast<double>(prediction.table(CASD_FIELD_MODALITY_GUARD)[2 * i + m]);
    return std::make_pair(sums[0] / 40, sums[1] / 40);
  };
  EXPECT_LT(guards(samples).second, 1.5);
  EXPECT_LT(guards(loud).first, 1.5);
  EXPECT_GT(guards(loud).second, 5);
  EXPECT_GT(guards(still).second, 20);
}

// hi: the larger of the 95 % quantiles of the energy; lo: half the smaller 1 % quantile of the change.
TEST(Grounding, TheGuardHasTheQuantilesOfBothSets) {
  const Schema schema = schema_of(1);
  const std::vector<Sample> train = informative_samples(schema, 201, 1),
                            valid = informative_samples(schema, 101, 2);
  const ModelPtr model =
      fit_after_training(grounded_model(schema), sample_pointers(train), sample_pointers(valid), {})
          .model;
  double hi = 0, lo = 1e9;
  for (const std::vector<Sample>& samples : {train, valid}) {
    std::vector<double> energy, change;
    for (const Sample& sample : samples) {
      FramePooling pooling;
      const auto s = pooling.pool(*model, 0, {sample.frames[0].data(), sample.steps(schema, 0)});
      energy.push_back(s.energy);
      change.push_back(s.change);
    }
    std::sort(energy.begin(), energy.end());
    std::sort(change.begin(), change.end());
    hi = std::max(hi, energy[(samples.size() - 1) * 95 / 100]);
    lo = std::min(lo, change[(samples.size() - 1) / 100] / 2);
  }
  const Span<const float> guard = model->tensor(*model->layout().modalities[0].guard);
  EXPECT_NEAR(static_cast<double>(guard[0]), hi, 1e-6 * hi);
  EXPECT_NEAR(static_cast<double>(guard[1]), lo, 1e-6 * lo);
  EXPECT_EQ(guard[2], 1);
}

double change_of(const Model& model, const Sample& sample) {
  FramePooling pooling;
  return pooling.pool(model, 0, {sample.frames[0].data(), sample.steps(model.schema(), 0)}).change;
}

TEST(Grounding, TheTypicalChangeIsTheMedianOfTheTrainingSamples) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> train = informative_samples(schema, 201, 1),
                            valid = informative_samples(schema, 61, 2);
  const ModelPtr start = grounded_model(schema);
  const auto median = [&](const std::vector<Sample>& samples) {
    std::vector<double> change;
    for (const Sample& sample : samples) change.push_back(change_of(*start, sample));
    std::sort(change.begin(), change.end());
    return change[change.size() / 2];
  };
  const ModelPtr model =
      fit_after_training(start, sample_pointers(train), sample_pointers(valid), {}).model;
  ASSERT_EQ(model->calibration().change.size(), 2u);
  EXPECT_DOUBLE_EQ(model->typical_change(0), median(train));
  // Kept without training samples; fitted on the held-out ones where there was none.
  EXPECT_EQ(fit_after_training(model, {}, sample_pointers(train), {}).model->calibration().change,
            model->calibration().change);
  EXPECT_DOUBLE_EQ(
      fit_after_training(start, {}, sample_pointers(valid), {}).model->typical_change(0),
      median(valid));
}

TEST(Grounding, NoisyFramesRaiseTheVariance) {
  const Schema schema = schema_of(1);
  const std::vector<Sample> train = informative_samples(schema, 200, 1),
                            valid = informative_samples(schema, 60, 2),
                            test = informative_samples(schema, 30, 3);
  const ModelPtr model =
      fit_after_training(grounded_model(schema), sample_pointers(train), sample_pointers(valid), {})
          .model;
  Calibration other = model->calibration();
  other.change.clear();
  const ModelPtr without = std::make_shared<const Model>(model->with_calibration(std::move(other)));
  const Prediction a = predict(model, test, 1), b = predict(without, test, 1);
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double factor = std::sqrt(change_of(*model, test[i]) / model->typical_change(0));
    ASSERT_GT(std::fabs(factor - 1), 1e-4);
    for (const casd_field field : {CASD_FIELD_MODALITY_VARIANCE, CASD_FIELD_UNCERTAINTY}) {
      const auto with = static_cast<double>(a.table(field)[i]);
      EXPECT_NEAR(with, factor * static_cast<double>(b.table(field)[i]), 1e-4 * with);
    }
    for (const casd_field field :
         {CASD_FIELD_PROBABILITIES, CASD_FIELD_MODALITY_WEIGHT, CASD_FIELD_MODALITY_GUARD})
      EXPECT_EQ(a.table(field)[i], b.table(field)[i]);
  }
}

TEST(Grounding, TheGuardDampsTheLinearMap) {
  const Schema schema = schema_of(2);
  const std::vector<Sample> train = informative_samples(schema, 100, 1),
                            valid = informative_samples(schema, 60, 2);
  const ModelPtr model =
      fit_after_training(grounded_model(schema), sample_pointers(train), sample_pointers(valid), {})
          .model;
  std::vector<Sample> loud = informative_samples(schema, 5, 3);
  for (Sample& sample : loud)
    for (std::size_t i = 0; i < sample.frames[0].size(); ++i)
      sample.frames[0][i] += i % 2 == 0 ? 6.0f : -6.0f;
  const Predictor predictor(model, default_predictor_options());
  const auto linear = predictor.linear_part();
  EvidenceTable evidence;
  const auto pointers = sample_pointers(loud);
  predictor.encode(evidence, pointers, schema.all(), true);
  Prediction prediction;
  linear->predict_from_evidence(prediction, evidence, 1);
  for (std::size_t i = 0; i < loud.size(); ++i) {
    const GuardFactors<float> guard = evidence.guard[2 * i];
    EXPECT_GT(guard.variance, 2);
    for (std::size_t k = 0; k < 2; ++k)
      EXPECT_NEAR(
          prediction.table(CASD_FIELD_LOGITS)[2 * i + k],
          static_cast<float>(model->contribution(0)) * guard.linear * evidence.linear[4 * i + k],
          1e-6);
  }
}

// The samples are read in parts; their number must not matter.
TEST(LinearExpert, MoreSamplesThanAPartGiveTheDirectSolution) {
  constexpr std::size_t width = 3, count = 1300;
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> pooled(count * width);
  ExpertRows rows;
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0.5 * normal(random);
    for (std::size_t f = 0; f < width; ++f)
      sum += static_cast<double>(f + 1) * (pooled[i * width + f] = normal(random));
    rows.target.push_back(sum);
  }
  rows.count = count;
  rows.width = width;
  rows.read = [&](std::size_t first, std::size_t n, double* out) {
    std::copy_n(pooled.data() + first * width, n * width, out);
  };
  const ExpertTask task{CASD_TASK_REGRESSION, 1, {}, false};
  const LinearExperts experts = fit_experts(rows, task);
  const LinearMap map = fold(experts, strength_shares(experts, rows, task));
  for (std::size_t f = 0; f < width; ++f)
    EXPECT_NEAR(map.weight[f], static_cast<double>(f + 1), 0.15);
}

}  // namespace
}  // namespace casd
