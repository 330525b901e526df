// The report and the selection score against numbers computed here from single predictions.
#include "eval/report.h"
#include "eval/calibration.h"
#include "eval/guarantee_fit.h"
#include "eval/selection_score.h"

#include "eval/metrics.h"
#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace casd {
namespace {

using namespace test;

double number(const Numbers& numbers, const std::string& name) {
  for (const auto& [key, value] : numbers)
    if (key == name) return value;
  ADD_FAILURE() << "there is no " << name;
  return 0;
}

/// Expected errors and scores of the labelled predictions.
struct Expected {
  std::vector<std::uint8_t> wrong, right;
  std::vector<double> uncertainty, confidence, negated_confidence;

  void add(bool correct, double u, double c) {
    wrong.push_back(correct ? 0 : 1);
    right.push_back(correct ? 1 : 0);
    uncertainty.push_back(u);
    confidence.push_back(c);
    negated_confidence.push_back(-c);
  }
};

/// Samples, some of which lack a label, a modality, or all modalities.
std::vector<Sample> mixed_samples(const ModelPtr& model, std::size_t count) {
  const Schema& schema = model->schema();
  std::vector<Sample> samples = make_samples(schema, count);
  const RandomStream stream(4, 0, RandomSite::synthetic);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<float> target;
    const auto columns = static_cast<std::size_t>(schema.target_columns());
    for (std::size_t k = 0; k < columns; ++k)
      target.push_back(schema.task == CASD_TASK_REGRESSION
                           ? static_cast<float>(stream.normal(i * columns + k))
                           : static_cast<float>(stream.below(2, i * columns + k)));
    if (i % 7 != 3) set_target(samples[i], schema, target);
    if (i % 5 == 1) set_frames(samples[i], schema, 1, Span<const float>());
  }
  samples[2].given = 0;
  for (auto& frames : samples[2].frames) frames.clear();
  return samples;
}

/// Adds the predictions under `mask`.
void expect_under(Expected& out, const ModelPtr& model, const std::vector<Sample>& samples,
                  ModalityMask mask) {
  const Prediction prediction = predict(model, samples, mask);
  const Span<const float> probabilities = prediction.table(CASD_FIELD_PROBABILITIES);
  const std::size_t outputs = model->schema().outputs.size();
  const bool classes = model->schema().task == CASD_TASK_CLASSES;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].target.empty() || !(samples[i].given & mask)) continue;
    const auto u = static_cast<double>(prediction.table(CASD_FIELD_UNCERTAINTY)[i]);
    const float* p = probabilities.data() + i * outputs;
    if (classes) {
      const auto predicted = std::max_element(p, p + outputs) - p;
      out.add(static_cast<float>(predicted) == samples[i].target[0], u,
              static_cast<double>(*std::max_element(p, p + outputs)));
    } else {
      for (std::size_t k = 0; k < outputs; ++k) {
        const auto positive = static_cast<double>(p[k]);
        out.add((positive > 0.5) == (samples[i].target[k] > 0.5f), u,
                std::max(positive, 1 - positive));
      }
    }
  }
}

class ReportedNumbers : public testing::TestWithParam<casd_task> {};

TEST_P(ReportedNumbers, MatchPredictionsOneByOne) {
  const Schema schema = schema_of(2, GetParam(), 3);
  const ModelPtr model = sharper(make_model(schema), 8);
  const std::vector<Sample> samples = mixed_samples(model, 90);
  Predictor predictor(model, default_predictor_options());
  const Report report = evaluate(predictor, sample_pointers(samples), schema.all());
  ASSERT_EQ(report.conditions.size(), 3u);
  Expected pooled;
  for (ModalityMask mask = 1; mask <= 3; ++mask) {
    Expected here;
    expect_under(here, model, samples, mask);
    expect_under(pooled, model, samples, mask);
    const Numbers& found = report.conditions[mask - 1].second;
    const double auroc_u = auroc(here.uncertainty, here.wrong);
    const double auroc_c = auroc(here.negated_confidence, here.wrong);
    // Otherwise swapped numbers or a flipped sign would not be detected.
    ASSERT_GT(std::fabs(auroc_u - 0.5), 0.01);
    ASSERT_GT(std::fabs(auroc_c - 0.5), 0.01);
    ASSERT_NE(auroc_u, auroc_c);
    EXPECT_NEAR(number(found, "auroc_uncertainty"), auroc_u, 1e-12);
    EXPECT_NEAR(number(found, "auroc_confidence"), auroc_c, 1e-12);
    EXPECT_NEAR(number(found, "ece"), 100 * expected_calibration_error(here.confidence, here.right),
                1e-9);
    double hits = 0;
    for (const std::uint8_t hit : here.right) hits += hit;
    EXPECT_NEAR(number(found, "accuracy"), 100 * hits / static_cast<double>(here.right.size()),
                1e-9);
  }
  EXPECT_NEAR(number(report.overall, "pooled_auroc_uncertainty"),
              auroc(pooled.uncertainty, pooled.wrong), 1e-12);
  EXPECT_NEAR(number(report.overall, "pooled_auroc_confidence"),
              auroc(pooled.negated_confidence, pooled.wrong), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Tasks, ReportedNumbers,
                         testing::Values(CASD_TASK_CLASSES, CASD_TASK_MULTILABEL),
                         [](const auto& test) {
                           return std::string(test.param == CASD_TASK_CLASSES ? "classes"
                                                                              : "multilabel");
                         });

// Truths of 0 have no sign, so they count in the error and the correlation only.
TEST(Evaluation, ReportsErrorCorrelationAndSignOfRegression) {
  const Schema schema = schema_of(2, CASD_TASK_REGRESSION, 2);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = mixed_samples(model, 60);
  for (std::size_t i = 0; i < samples.size(); i += 3)
    if (!samples[i].target.empty()) samples[i].target[0] = 0;
  Predictor predictor(model, default_predictor_options());
  const Report report = evaluate(predictor, sample_pointers(samples), schema.all());
  std::map<std::string, double> incomplete;
  for (ModalityMask mask = 1; mask <= 3; ++mask) {
    const Prediction prediction = predict(model, samples, mask);
    std::map<std::string, double> expected;
    for (std::size_t k = 0; k < 2; ++k) {
      std::vector<double> predicted, truth;
      std::vector<std::int32_t> predicted_sign, true_sign;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (samples[i].target.empty() || !(samples[i].given & mask)) continue;
        predicted.push_back(static_cast<double>(prediction.table(CASD_FIELD_VALUE)[2 * i + k]));
        truth.push_back(static_cast<double>(samples[i].target[k]));
        if (truth.back() == 0) continue;
        predicted_sign.push_back(predicted.back() > 0);
        true_sign.push_back(truth.back() > 0);
      }
      expected["mae"] += mean_absolute_error(predicted, truth) / 2;
      expected["correlation"] += correlation(predicted, truth) / 2;
      expected["f1"] += 100 * weighted_f1(predicted_sign, true_sign) / 2;
    }
    for (const auto& [name, value] : expected) {
      EXPECT_NEAR(number(report.conditions[mask - 1].second, name), value, 1e-9) << name;
      if (mask != 3) incomplete[name] += value / 2;
    }
  }
  EXPECT_NEAR(number(report.overall, "mean_incomplete_f1"), incomplete["f1"], 1e-9);
  EXPECT_NEAR(number(report.overall, "mean_incomplete_mae"), incomplete["mae"], 1e-9);
}

// More samples than one chunk. Only the labels of the second chunk are those that the model predicts.
TEST(Evaluation, CoversAllSamplesOfALargeSplit) {
  const Schema schema = schema_of(2);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = make_samples(schema, 1100);
  const Prediction prediction = predict(model, samples, 3);
  const Span<const float> probabilities = prediction.table(CASD_FIELD_PROBABILITIES);
  double uncertainty = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool b = probabilities[2 * i + 1] > probabilities[2 * i];
    const float target = b == (i >= 512) ? 1.0f : 0.0f;
    set_target(samples[i], schema, {&target, 1});
    uncertainty += static_cast<double>(prediction.table(CASD_FIELD_UNCERTAINTY)[i]) / 1100;
  }
  Predictor predictor(model, default_predictor_options());
  std::vector<std::int64_t> calls;
  const Report report = evaluate(predictor, sample_pointers(samples), schema.all(),
                                 [&](std::int64_t done, std::int64_t) { calls.push_back(done); });
  const Numbers& complete = report.conditions.back().second;
  EXPECT_EQ(number(complete, "samples"), 1100);
  EXPECT_NEAR(number(complete, "accuracy"), 100.0 * 588 / 1100, 1e-9);
  EXPECT_NEAR(number(complete, "uncertainty"), uncertainty, 1e-9 * uncertainty);
  EXPECT_EQ(calls, (std::vector<std::int64_t>{512, 1024, 1100}));
}

TEST(Evaluation, CountsOnlySamplesWithATarget) {
  const Schema schema = schema_of(2);
  const ModelPtr model = make_model(schema);
  std::vector<Sample> samples = make_samples(schema, 10);
  draw_targets(samples, model, 1);
  samples[0].target.clear();                               // no label: in the uncertainty only
  set_frames(samples[1], schema, 1, Span<const float>());  // m1 is missing
  Predictor predictor(model, default_predictor_options());
  const Report report = evaluate(predictor, sample_pointers(samples), schema.all());
  ASSERT_EQ(report.conditions.size(), 3u);
  const auto of = [&](std::size_t condition, const std::string& name) {
    return number(report.conditions[condition].second, name);
  };
  EXPECT_EQ(of(0, "samples"), 10);
  EXPECT_EQ(of(1, "samples"), 9);
  EXPECT_EQ(of(2, "samples"), 10);
  // Nine labelled samples: accuracies are ninths, of m1 alone eighths.
  const double ninths = of(0, "accuracy") * 9 / 100, eighths = of(1, "accuracy") * 8 / 100;
  EXPECT_NEAR(ninths, std::round(ninths), 1e-9);
  EXPECT_NEAR(eighths, std::round(eighths), 1e-9);
}

// One sample with huge frames must not affect the numbers of the others or stop the evaluation.
TEST(Evaluation, CountsSamplesWhosePredictionFails) {
  for (const casd_task task : {CASD_TASK_CLASSES, CASD_TASK_MULTILABEL, CASD_TASK_REGRESSION}) {
    const Schema schema = schema_of(2, task);
    casd_model_options options = small_sizes();
    options.input_clip = 0;
    const ModelPtr model = create_model(schema, options);
    std::vector<Sample> samples = mixed_samples(model, 60);
    Predictor predictor(model, default_predictor_options());
    const Report expected = evaluate(predictor, sample_pointers(samples), schema.all());
    const double score = selection_score(predictor, sample_pointers(samples), false);
    Sample broken = samples[0];
    const std::vector<float> huge(6, 3e38f);
    set_frames(broken, schema, 1, huge);
    samples.insert(samples.begin() + 20, broken);
    const Report found = evaluate(predictor, sample_pointers(samples), schema.all());
    for (const std::size_t condition : {1u, 2u}) {  // m1, m0+m1
      EXPECT_EQ(number(expected.conditions[condition].second, "failed"), 0);
      EXPECT_EQ(number(found.conditions[condition].second, "failed"), 1);
      for (const auto& [key, value] : expected.conditions[condition].second)
        if (key != "failed") {
          const double other = number(found.conditions[condition].second, key);
          EXPECT_TRUE(other == value || (std::isnan(other) && std::isnan(value))) << key;
        }
    }
    EXPECT_EQ(number(found.conditions[0].second, "failed"), 0);  // m0 alone is not affected
    EXPECT_EQ(number(found.conditions[0].second, "samples"),
              number(expected.conditions[0].second, "samples") + 1);
    EXPECT_TRUE(std::isfinite(score));
    EXPECT_TRUE(std::isfinite(selection_score(predictor, sample_pointers(samples), false)));
  }
}

// Coverage, size of the sets and accepted decisions, counted from the fields of a prediction.
TEST(Evaluation, CountsCoveredAndAcceptedSamples) {
  const ModelPtr model = make_model(schema_of(2));
  std::vector<Sample> samples = make_samples(model->schema(), 300);
  draw_targets(samples, model, 0.2);
  const std::vector<const Sample*> pointers = sample_pointers(samples);
  const ModelPtr fitted = with_guarantees(model, pointers, 1);
  casd_predictor_options options = default_predictor_options();
  options.coverage = 0.7;
  options.error_rate = 0.4;
  Predictor predictor(fitted, options);
  const Report report = evaluate(predictor, pointers, 3);
  Batch batch(model->schema());
  for (const Sample& sample : samples) batch.add() = sample;
  for (const ModalityMask mask : {1u, 2u, 3u}) {
    Prediction prediction;
    predictor.predict(prediction, batch, mask);
    double covered = 0, members = 0, accepted = 0, wrong = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      const Span<float> set = prediction.row(CASD_FIELD_PREDICTION_SET, row);
      const Span<float> p = prediction.row(CASD_FIELD_PROBABILITIES, row);
      const auto target = static_cast<std::size_t>(samples[i].target[0]);
      covered += static_cast<double>(set[target]);
      members += static_cast<double>(set[0] + set[1]);
      if (prediction.row(CASD_FIELD_ABSTAIN, row)[0] != 0) continue;
      ++accepted;
      wrong += p[target] < p[1 - target];
    }
    const Numbers& numbers = report.conditions[mask - 1].second;
    EXPECT_NEAR(number(numbers, "coverage"), covered / 3, 1e-9);
    EXPECT_NEAR(number(numbers, "coverage"), 70, 1);
    EXPECT_NEAR(number(numbers, "set_size"), members / 300, 1e-9);
    EXPECT_NEAR(number(numbers, "accepted"), accepted / 3, 1e-9);
    if (accepted > 0) {
      EXPECT_NEAR(number(numbers, "accepted_errors"), 100 * wrong / accepted, 1e-9);
    }
  }
}

TEST(SelectionScore, IsTheMeanF1OfTheSelectedConditions) {
  const Schema schema = schema_of(2, CASD_TASK_CLASSES, 3);
  const ModelPtr model = sharper(make_model(schema), 8);
  const std::vector<Sample> samples = mixed_samples(model, 90);
  Predictor predictor(model, default_predictor_options());
  const Report report = evaluate(predictor, sample_pointers(samples), schema.all());
  const auto f1 = [&](std::size_t condition) {
    return number(report.conditions[condition].second, "f1");
  };
  ASSERT_NE((f1(0) + f1(1)) / 2, f1(2));
  EXPECT_NEAR(number(report.overall, "mean_incomplete_f1"), (f1(0) + f1(1)) / 2, 1e-12);
  EXPECT_NEAR(selection_score(predictor, sample_pointers(samples), false), (f1(0) + f1(1)) / 2,
              1e-12);
  EXPECT_EQ(selection_score(predictor, sample_pointers(samples), true), f1(2));
}

// The best model has the largest score, so the error is negated.
TEST(SelectionScore, IsTheNegatedErrorForRegression) {
  const Schema schema = schema_of(2, CASD_TASK_REGRESSION, 2);
  const ModelPtr model = make_model(schema);
  const std::vector<Sample> samples = mixed_samples(model, 40);
  const Prediction prediction = predict(model, samples, 3);
  std::vector<double> predicted, target;
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::size_t k = 0; k < samples[i].target.size() && samples[i].given; ++k) {
      predicted.push_back(static_cast<double>(prediction.table(CASD_FIELD_VALUE)[2 * i + k]));
      target.push_back(static_cast<double>(samples[i].target[k]));
    }
  Predictor predictor(model, default_predictor_options());
  EXPECT_NEAR(selection_score(predictor, sample_pointers(samples), true),
              -mean_absolute_error(predicted, target), 1e-9);
}

// Equal to the f1 of the same model with a classifier of zeros.
TEST(Report, TheLinearMapsAloneHaveNumbersOfTheirOwn) {
  const Schema schema = schema_of(2);
  casd_model_options options = small_sizes();
  options.linear = 1;
  const ModelPtr initial = create_model(schema, options);
  std::vector<float> values(initial->values().begin(), initial->values().end());
  for (const ModalityPlaces& places : initial->layout().modalities)
    for (std::int64_t i = 0; i < places.linear->weight.size; ++i)
      values[static_cast<std::size_t>(places.linear->weight.offset + i)] =
          0.05f * (static_cast<float>((i * 7) % 5) - 2);
  const auto model = std::make_shared<const Model>(initial->shared_layout(), values);
  for (const TensorPlace* place :
       {&model->layout().classifier.weight, &model->layout().classifier.bias})
    std::fill_n(values.begin() + place->offset, place->size, 0.0f);
  const auto without = std::make_shared<const Model>(initial->shared_layout(), values);
  std::vector<Sample> samples = make_samples(schema, 60);
  draw_targets(samples, model, 1);
  Predictor predictor(model, default_predictor_options()),
      linear(without, default_predictor_options());
  const auto pointers = sample_pointers(samples);
  const Report report = evaluate(predictor, pointers, schema.all());
  const Report expected = evaluate(linear, pointers, schema.all());
  for (std::size_t c = 0; c < report.conditions.size(); ++c)
    EXPECT_EQ(number(report.conditions[c].second, "linear_f1"),
              number(expected.conditions[c].second, "f1"));
  EXPECT_NE(number(report.conditions[2].second, "linear_f1"),
            number(report.conditions[2].second, "f1"));
}

}  // namespace
}  // namespace casd
