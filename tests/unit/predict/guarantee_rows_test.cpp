// The fields with a guarantee, from tables with known numbers.
#include "predict/guarantee_rows.h"

#include "core/error.h"
#include "predict/predictor.h"
#include "support/allocations.h"
#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

using namespace test;

constexpr float infinite = std::numeric_limits<float>::infinity();

/// 19 scores up to `largest`: enough for a coverage of 0.95.
QuantileTable scores(float largest) {
  QuantileTable out{19, {}};
  for (int i = 1; i <= 19; ++i) out.values.push_back(largest * static_cast<float>(i) / 19);
  return out;
}

ErrorTable errors_below(float level) {
  return {{level / 2, level, 1}, {100, 200, 300}, {0, 0, 90}};
}

/// Tables for the sets 1 and 3 of two modalities; the set 2 has none.
ModelPtr with_tables(casd_task task, int outputs) {
  const ModelPtr model = make_model(schema_of(2, task, outputs));
  Calibration calibration;
  Guarantees& tables = calibration.guarantees;
  const auto count = static_cast<std::size_t>(outputs);
  for (const TemperatureKey key : {1u, 3u}) {
    KeyGuarantees entry;
    entry.key = key;
    entry.uncertainty = {2, {0, 1e9f}};
    for (std::size_t k = 0; k < Guarantees::score_tables(model->schema()); ++k)
      entry.scores.push_back(scores(key == 1 ? 0.95f : 0.475f));
    for (std::size_t k = 0; k < Guarantees::decision_tables(model->schema()); ++k)
      entry.errors.push_back(errors_below(0.25f));
    tables.keys.push_back(std::move(entry));
  }
  tables.modality_variance.resize(2);
  if (task == CASD_TASK_REGRESSION) tables.output_variance.assign(count, {4, {0, 0}});
  return std::make_shared<const Model>(model->with_calibration(std::move(calibration)));
}

/// A prediction with one row of these probabilities or values, filled by the rules.
Prediction filled(const ModelPtr& model, std::vector<float> numbers, ModalityMask mask,
                  double coverage = 0.9, double error_rate = 0) {
  Prediction out;
  out.resize(1, *model);
  const bool regression = model->schema().task == CASD_TASK_REGRESSION;
  const casd_field field = regression ? static_cast<casd_field>(CASD_FIELD_VALUE)
                                      : static_cast<casd_field>(CASD_FIELD_PROBABILITIES);
  for (casd_field f = 0; f < field_count; ++f)
    for (float& value : out.row(f, 0)) value = std::numeric_limits<float>::quiet_NaN();
  std::copy(numbers.begin(), numbers.end(), out.row(field, 0).begin());
  for (float& deviation : out.row(CASD_FIELD_STANDARD_DEVIATION, 0)) deviation = 2;
  out.row(CASD_FIELD_UNCERTAINTY, 0)[0] = 1;
  GuaranteeRows(*model, coverage, error_rate).fill(out, 0, mask);
  return out;
}

std::vector<float> numbers(Prediction& prediction, casd_field field) {
  const Span<float> row = prediction.row(field, 0);
  return {row.begin(), row.end()};
}

using Row = std::vector<float>;

TEST(GuaranteeRows, SetsHaveTheThresholdOfTheirModalities) {
  const ModelPtr model = with_tables(CASD_TASK_CLASSES, 3);
  // At 0.9 the threshold is the 18th of 19 scores: 0.9 and 0.45.
  Prediction single = filled(model, {0.5f, 0.38f, 0.12f}, 1);
  EXPECT_EQ(numbers(single, CASD_FIELD_PREDICTION_SET), (Row{1, 1, 1}));
  Prediction both = filled(model, {0.5f, 0.38f, 0.12f}, 3);
  EXPECT_EQ(numbers(both, CASD_FIELD_PREDICTION_SET), (Row{0, 0, 0}));
  both = filled(model, {0.6f, 0.3f, 0.1f}, 3);
  EXPECT_EQ(numbers(both, CASD_FIELD_PREDICTION_SET), (Row{1, 0, 0}));
  EXPECT_FLOAT_EQ(both.row(CASD_FIELD_ERROR_PROBABILITY, 0)[0], 0.4f);
  EXPECT_EQ(both.row(CASD_FIELD_UNCERTAINTY_PERCENTILE, 0)[0], 50);
  // At 0.5 it is the 10th.
  Prediction less = filled(model, {0.51f, 0.39f, 0.1f}, 1, 0.5);
  EXPECT_EQ(numbers(less, CASD_FIELD_PREDICTION_SET), (Row{1, 0, 0}));
}

TEST(GuaranteeRows, UnknownSetsAndFewSamplesUseTheLargestThreshold) {
  const ModelPtr model = with_tables(CASD_TASK_CLASSES, 3);
  Prediction unknown = filled(model, {0.8f, 0.12f, 0.08f}, 2);
  EXPECT_EQ(numbers(unknown, CASD_FIELD_PREDICTION_SET), (Row{1, 1, 0}));
  EXPECT_TRUE(std::isnan(unknown.row(CASD_FIELD_UNCERTAINTY_PERCENTILE, 0)[0]));
  // 19 samples cannot show 0.99.
  Prediction all = filled(model, {0.999f, 0.0005f, 0.0005f}, 1, 0.99);
  EXPECT_EQ(numbers(all, CASD_FIELD_PREDICTION_SET), (Row{1, 1, 1}));
  // One set with too few samples beside one with enough.
  Calibration calibration = model->calibration();
  calibration.guarantees.keys[1].scores[0] = {3, {0, 0, 0}};
  const auto few = std::make_shared<const Model>(model->with_calibration(calibration));
  Prediction helped = filled(few, {0.8f, 0.12f, 0.08f}, 3);
  EXPECT_EQ(numbers(helped, CASD_FIELD_PREDICTION_SET), (Row{1, 1, 0}));
}

TEST(GuaranteeRows, LabelsHaveASetEach) {
  const ModelPtr model = with_tables(CASD_TASK_MULTILABEL, 2);
  Prediction out = filled(model, {0.9f, 0.5f}, 3, 0.9, 0.1);
  EXPECT_EQ(numbers(out, CASD_FIELD_PREDICTION_SET), (Row{0, 1, 0, 0}));
  EXPECT_FLOAT_EQ(out.row(CASD_FIELD_ERROR_PROBABILITY, 0)[0], 0.1f);
  EXPECT_FLOAT_EQ(out.row(CASD_FIELD_ERROR_PROBABILITY, 0)[1], 0.5f);
  EXPECT_EQ(numbers(out, CASD_FIELD_ABSTAIN), (Row{0, 1}));
}

TEST(GuaranteeRows, IntervalsReachAsManyDeviationsAsTheScore) {
  const ModelPtr model = with_tables(CASD_TASK_REGRESSION, 2);
  Prediction out = filled(model, {10, -1}, 1);
  const Row interval = numbers(out, CASD_FIELD_INTERVAL);
  EXPECT_FLOAT_EQ(interval[0], 10 - 2 * 0.9f);
  EXPECT_FLOAT_EQ(interval[1], 10 + 2 * 0.9f);
  EXPECT_FLOAT_EQ(interval[2], -1 - 2 * 0.9f);
  EXPECT_EQ(out.columns(CASD_FIELD_ABSTAIN), 0);
  Prediction wide = filled(model, {10, -1}, 1, 0.99);
  EXPECT_EQ(numbers(wide, CASD_FIELD_INTERVAL), (Row{-infinite, infinite, -infinite, infinite}));
}

TEST(GuaranteeRows, AbstainsAboveTheLevel) {
  const ModelPtr model = with_tables(CASD_TASK_CLASSES, 3);
  const auto abstain = [&](float p, ModalityMask mask, double rate) {
    Prediction out = filled(model, {p, 1 - p, 0}, mask, 0.9, rate);
    return out.row(CASD_FIELD_ABSTAIN, 0)[0];
  };
  EXPECT_EQ(abstain(0.76f, 1, 0.05), 0);
  EXPECT_EQ(abstain(0.74f, 1, 0.05), 1);
  EXPECT_EQ(abstain(0.99f, 1, 0.001), 1);  // 200 decisions cannot show this
  EXPECT_EQ(abstain(0.99f, 2, 0.05), 1);   // not calibrated
  EXPECT_EQ(abstain(0.34f, 1, 0), 0);      // off
  EXPECT_EQ(abstain(0.34f, 2, 0), 0);
}

TEST(GuaranteeRows, WithoutTablesOnlyTheErrorProbabilityIsKnown) {
  const ModelPtr model = make_model(schema_of(2));
  Prediction out = filled(model, {0.75f, 0.25f}, 3);
  EXPECT_EQ(out.row(CASD_FIELD_ERROR_PROBABILITY, 0)[0], 0.25f);
  EXPECT_EQ(out.row(CASD_FIELD_ABSTAIN, 0)[0], 0);
  for (const casd_field field : {CASD_FIELD_PREDICTION_SET, CASD_FIELD_UNCERTAINTY_PERCENTILE})
    for (const float value : numbers(out, field)) EXPECT_TRUE(std::isnan(value));
  try {
    GuaranteeRows(*model, 0.9, 0.1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_STATE);
  }
  try {
    GuaranteeRows(*with_tables(CASD_TASK_REGRESSION, 1), 0.9, 0.1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT);
  }
}

// Var = f + sum of s_m term_m, and the terms of one modality from its own fields.
TEST(GuaranteeRows, StandardDeviationIsThatOfTheLaw) {
  const ModelPtr plain = with_tables(CASD_TASK_REGRESSION, 2);
  Calibration calibration = plain->calibration();
  calibration.guarantees.output_variance = {{0.5, {2, 3}}, {0.25, {0, 1}}};
  const auto model = std::make_shared<const Model>(plain->with_calibration(calibration));
  const std::vector<Sample> samples = make_samples(model->schema(), 3);
  std::vector<const Sample*> pointers;
  for (const Sample& sample : samples) pointers.push_back(&sample);
  const Predictor predictor(model, default_predictor_options());
  EvidenceTable evidence;
  predictor.encode(evidence, pointers, 3, true);
  const Span<const float> scale = model->tensor(model->layout().target->deviation);
  for (const ModalityMask mask : {1u, 2u, 3u}) {
    Prediction prediction;
    predictor.predict_from_evidence(prediction, evidence, mask);
    for (std::int64_t i = 0; i < 3; ++i) {
      double term[4];
      predictor.variance_terms(evidence, i, mask, term);
      for (std::size_t m = 0; m < 2; ++m) {
        EXPECT_EQ(term[m] > 0, (mask >> m & 1u) != 0);
      }
      for (std::size_t k = 0; k < 2; ++k) {
        const OutputVariance& law = calibration.guarantees.output_variance[k];
        const double variance =
            law.floor + law.factor[0] * term[2 * k] + law.factor[1] * term[2 * k + 1];
        EXPECT_NEAR(prediction.row(CASD_FIELD_STANDARD_DEVIATION, i)[k],
                    std::sqrt(variance) * static_cast<double>(scale[k]), 1e-5);
      }
    }
  }
}

TEST(GuaranteeRows, PredictionDoesNotAllocate) {
  const ModelPtr model = with_tables(CASD_TASK_CLASSES, 3);
  casd_predictor_options options = default_predictor_options();
  options.error_rate = 0.1;
  const Predictor predictor(model, options);
  Batch batch(model->schema());
  for (const Sample& sample : make_samples(model->schema(), 5)) batch.add() = sample;
  Prediction prediction;
  predictor.predict(prediction, batch, 3);
  const long before = allocations();
  for (const casd_modality_mask mask : {1u, 2u, 3u}) predictor.predict(prediction, batch, mask);
  EXPECT_EQ(allocations(), before);
}

TEST(GuaranteeRows, OptionsOutOfRangeAreRejected) {
  const ModelPtr model = with_tables(CASD_TASK_CLASSES, 3);
  for (const double coverage : {0.0, 1.0, -1.0, std::nan("")}) {
    casd_predictor_options options = default_predictor_options();
    options.coverage = coverage;
    EXPECT_THROW(Predictor(model, options), Error) << coverage;
  }
  for (const double rate : {-0.1, 1.0, std::nan("")}) {
    casd_predictor_options options = default_predictor_options();
    options.error_rate = rate;
    EXPECT_THROW(Predictor(model, options), Error) << rate;
  }
}

}  // namespace
}  // namespace casd
