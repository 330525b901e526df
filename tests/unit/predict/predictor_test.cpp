// Properties of the CPU engine: no allocation after the first call, no computation for absent
// modalities.
#include "predict/predictor.h"

#include "core/error.h"
#include "core/random.h"
#include "model/options.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {
namespace {

Schema three() {
  Schema schema;
  schema.add_modality("language", 5);
  schema.add_modality("audio", 3);
  schema.add_modality("visual", 4);
  schema.add_output("negative");
  schema.add_output("positive");
  return schema;
}

ModelPtr make_model(casd_absent_policy absent = CASD_ABSENT_EXCLUDED) {
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.absent = absent;
  return create_model(three(), options);
}

Batch make_batch(std::size_t samples) {
  Batch batch(three());
  for (std::size_t i = 0; i < samples; ++i) {
    Sample& sample = batch.add();
    for (std::int32_t m = 0; m < 3; ++m) {
      const std::size_t steps = 1 + (i + static_cast<std::size_t>(m)) % 7;
      std::vector<float> frames(
          steps * static_cast<std::size_t>(
                      batch.schema().modalities[static_cast<std::size_t>(m)].features));
      RandomStream(3, i, RandomSite::synthetic, static_cast<std::uint32_t>(m)).fill_uniform(frames);
      set_frames(sample, batch.schema(), m, frames);
    }
  }
  return batch;
}

TEST(Predictor, DoesNotAllocateAfterTheFirstCall) {
  for (const casd_absent_policy absent : {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS})
    for (const int threads : {1, 3}) {
      casd_predictor_options options = default_predictor_options();
      options.threads = threads;
      Predictor predictor(make_model(absent), options);
      const Batch batch = make_batch(20);
      const Batch smaller = make_batch(3);
      const std::vector<const Sample*> samples = sample_pointers(batch);
      Prediction prediction;
      predictor.predict(prediction, batch, CASD_ALL_MODALITIES);
      const long before = test::allocations();
      for (casd_modality_mask mask = 1; mask < 8; ++mask)
        predictor.predict(prediction, batch, mask);
      predictor.predict(prediction, smaller, 5);
      for (const Sample* sample : samples) {
        const FrameSequence frames[] = {
            {sample->frames[0].data(), sample->steps(batch.schema(), 0)},
            {nullptr, 3},
            {sample->frames[2].data(), sample->steps(batch.schema(), 2)}};
        predictor.predict_frames(prediction, {frames, 3}, CASD_ALL_MODALITIES);
      }
      EXPECT_EQ(test::allocations() - before, 0) << "absent " << absent << ", threads " << threads;
    }
}

// Samples of different lengths: the bits of a row depend on its sample only.
TEST(Predictor, ResultsDependOnNeitherBatchNorThreads) {
  const ModelPtr model = make_model();
  Batch batch(three());
  for (std::size_t i = 0; i < 17; ++i) {
    Sample& sample = batch.add();
    for (std::int32_t m = 0; m < 3; ++m) {
      if (i % 5 == static_cast<std::size_t>(m)) continue;
      const std::size_t steps = 1 + (7 * i + 5 * static_cast<std::size_t>(m)) % 40;
      std::vector<float> frames(
          steps *
          static_cast<std::size_t>(three().modalities[static_cast<std::size_t>(m)].features));
      RandomStream(3, i, RandomSite::synthetic, static_cast<std::uint32_t>(m)).fill_uniform(frames);
      set_frames(sample, batch.schema(), m, frames);
    }
  }
  const Predictor single(model, default_predictor_options());
  std::vector<float> expected;
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    Batch one(three());
    one.add() = batch.at(i);
    Prediction prediction;
    single.predict(prediction, one, CASD_ALL_MODALITIES);
    for (const float value : prediction.table(CASD_FIELD_REPRESENTATION)) expected.push_back(value);
  }
  for (const int threads : {1, 2, 5}) {
    casd_predictor_options options = default_predictor_options();
    options.threads = threads;
    const Predictor predictor(model, options);
    Prediction prediction;
    predictor.predict(prediction, batch, CASD_ALL_MODALITIES);
    const Span<const float> got = prediction.table(CASD_FIELD_REPRESENTATION);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t k = 0; k < got.size(); ++k)
      ASSERT_EQ(got[k], expected[k]) << threads << " " << k;
  }
}

// The predictor owns the memory of mapped samples.
TEST(Predictor, DoesNotAllocateForABatchOfAnotherSchema) {
  const Predictor predictor(make_model(), default_predictor_options());
  Schema part;
  part.add_modality("visual", 4);
  part.add_modality("language", 5);
  Batch batch(part);
  for (std::size_t i = 0; i < 5; ++i) {
    Sample& sample = batch.add();
    sample.name = "a name that is too long for the string object itself";
    for (std::int32_t m = 0; m < 2; ++m) {
      std::vector<float> frames((1 + i) * (m == 0 ? 4 : 5));
      RandomStream(3, i, RandomSite::synthetic, static_cast<std::uint32_t>(m)).fill_uniform(frames);
      set_frames(sample, part, m, frames);
    }
  }
  const Batch same_schema(batch);
  Batch equal_schema(part);
  for (std::int64_t i = 0; i < batch.size(); ++i) equal_schema.add() = batch[i];
  Prediction prediction;
  predictor.predict(prediction, batch, CASD_ALL_MODALITIES);
  const long before = test::allocations();
  for (const casd_modality_mask mask : {1u, 4u, 5u, 7u}) {
    predictor.predict(prediction, batch, mask);
    predictor.predict(prediction, same_schema, mask);
    predictor.predict(prediction, equal_schema, mask);
  }
  EXPECT_EQ(test::allocations() - before, 0);
}

/// The model with all weights of one modality's encoder and head replaced by NaN.
ModelPtr without_mind(const ModelPtr& model, std::int32_t modality) {
  std::vector<float> values(model->values().begin(), model->values().end());
  for (const NamedTensor& tensor : named_tensors(model->layout()))
    if (tensor.modality == modality && tensor.role != TensorRole::statistic)
      std::fill_n(values.begin() + tensor.offset, tensor.size,
                  std::numeric_limits<float>::quiet_NaN());
  return std::make_shared<const Model>(model->shared_layout(), std::move(values));
}

TEST(Predictor, DoesNotComputeAbsentModalities) {
  const ModelPtr model = make_model();
  const Batch batch = make_batch(4);
  Predictor whole(model, default_predictor_options());
  for (std::int32_t absent = 0; absent < 3; ++absent) {
    Predictor broken(without_mind(model, absent), default_predictor_options());
    const casd_modality_mask mask = 7u & ~(1u << absent);
    Prediction expected, got;
    whole.predict(expected, batch, mask);
    broken.predict(got, batch, mask);
    const Span<const float> a = expected.table(CASD_FIELD_REPRESENTATION);
    const Span<const float> b = got.table(CASD_FIELD_REPRESENTATION);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    broken.predict(got, batch, CASD_ALL_MODALITIES);  // the NaN weights are used
    EXPECT_TRUE(std::isnan(got.table(CASD_FIELD_UNCERTAINTY)[0]));
  }
}

TEST(Predictor, EncodesOnceAndPredictsUnderAnyMask) {
  const Batch batch = make_batch(6);
  const auto samples = sample_pointers(batch);
  for (const casd_absent_policy absent : {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS}) {
    Predictor predictor(make_model(absent), default_predictor_options());
    EvidenceTable evidence;
    predictor.encode(evidence, samples, 7, true);
    for (casd_modality_mask mask = 1; mask < 8; ++mask) {
      Prediction at_once, later;
      predictor.predict(at_once, batch, mask);
      predictor.predict_from_evidence(later, evidence, mask);
      const Span<const float> a = at_once.table(CASD_FIELD_PROBABILITIES);
      const Span<const float> b = later.table(CASD_FIELD_PROBABILITIES);
      EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << absent << ' ' << mask;
    }
  }
}

// Detects an overflow in a modality with weight 0, and a location that overflows in the fusion.
TEST(Predictor, RejectsRowsThatAreNotFinite) {
  const ModelPtr model = make_model();
  const Predictor predictor(model, default_predictor_options());
  const Batch batch = make_batch(2);
  for (const float wrong :
       {std::numeric_limits<float>::infinity(), 3e38f, std::numeric_limits<float>::quiet_NaN()})
    for (std::size_t place = 0; place < 4; ++place) {
      EvidenceTable evidence;
      predictor.encode(evidence, sample_pointers(batch), 7, false);
      const bool finite = wrong == 3e38f;
      if (finite && place != 0) continue;
      evidence.present[place * 8] = wrong;  // of the first sample's first modality
      Prediction prediction;
      predictor.predict_from_evidence(prediction, evidence, 7);
      EXPECT_EQ(prediction.row_status(0), CASD_ERROR_NUMERIC) << wrong << ' ' << place;
      EXPECT_EQ(prediction.row_status(1), CASD_OK);
      for (casd_field field = 0; field < field_count; ++field) {
        for (const float value : prediction.row(field, 0)) EXPECT_TRUE(std::isnan(value));
      }
      predictor.predict_from_evidence(prediction, evidence, 6);
      EXPECT_EQ(prediction.row_status(0), CASD_OK);
    }
}

TEST(Predictor, TemperatureDividesTheLogits) {
  const ModelPtr model = make_model();
  Calibration calibration;
  calibration.temperatures = {{7, 4.0}};
  const auto calibrated =
      std::make_shared<const Model>(model->with_calibration(std::move(calibration)));
  const Batch batch = make_batch(1);
  Prediction plain, soft;
  Predictor(model, default_predictor_options()).predict(plain, batch, 7);
  Predictor(calibrated, default_predictor_options()).predict(soft, batch, 7);
  const Span<const float> p = plain.table(CASD_FIELD_PROBABILITIES);
  const Span<const float> q = soft.table(CASD_FIELD_PROBABILITIES);
  EXPECT_NEAR(std::log(q[0] / q[1]), std::log(p[0] / p[1]) / 4, 1e-5);
  Predictor(calibrated, default_predictor_options()).predict(soft, batch, 3);  // another condition
  Predictor(model, default_predictor_options()).predict(plain, batch, 3);
  EXPECT_EQ(soft.table(CASD_FIELD_PROBABILITIES)[0], plain.table(CASD_FIELD_PROBABILITIES)[0]);
}

/// A model of `make_model()`'s sizes with other outputs.
ModelPtr model_of(casd_task task, const std::vector<std::string>& outputs) {
  Schema schema = three();
  schema.set_task(task);
  schema.outputs = outputs;
  return create_model(schema, make_model()->options());
}

TEST(Predictor, EachValueHasTheUnitsOfItsOutput) {
  const ModelPtr fresh = model_of(CASD_TASK_REGRESSION, {"calm", "joy", "fear"});
  std::vector<float> values(fresh->values().begin(), fresh->values().end());
  const Floats mean = {-1, 0.5f, 20}, deviation = {2, 0.25f, 7};
  const auto put = [&](const char* name, const Floats& numbers) {
    std::copy(
        numbers.begin(), numbers.end(),
        values.begin() + static_cast<std::ptrdiff_t>(find_tensor(fresh->layout(), name).offset));
  };
  put("target.mean", mean);
  put("target.std", deviation);
  const auto model = std::make_shared<const Model>(fresh->shared_layout(), values);
  Batch batch(model->schema());
  const Floats frames = {1, -1, 0.5f, 2, 0, 3, 1, 1, -2, 0.25f};
  for (int i = 0; i < 2; ++i)
    set_frames(batch.add(), model->schema(), 0, Span<const float>(frames.data() + 5 * i, 5));
  Prediction prediction;
  Predictor(model, default_predictor_options()).predict(prediction, batch, CASD_ALL_MODALITIES);
  for (std::int64_t row = 0; row < 2; ++row)
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(prediction.row(CASD_FIELD_VALUE, row)[k],
                  mean[k] + deviation[k] * prediction.row(CASD_FIELD_LOGITS, row)[k], 1e-5);
}

TEST(Predictor, TheConfidenceOfSeveralLabelsIsTheirMean) {
  const ModelPtr model = model_of(CASD_TASK_MULTILABEL, {"calm", "joy", "fear"});
  Batch batch(model->schema());
  set_frames(batch.add(), model->schema(), 0, Floats{1, -1, 0.5f, 2, 0});
  Prediction prediction;
  Predictor(model, default_predictor_options()).predict(prediction, batch, CASD_ALL_MODALITIES);
  double sum = 0;
  for (const float p : prediction.table(CASD_FIELD_PROBABILITIES))
    sum += static_cast<double>(std::max(p, 1 - p));
  EXPECT_NEAR(prediction.table(CASD_FIELD_CONFIDENCE)[0], sum / 3, 1e-6);
}

TEST(Predictor, TheEvidenceStaysWithinItsLimits) {
  const ModelPtr fresh = make_model();
  const casd_model_options& limits = fresh->options();
  const auto d = static_cast<std::size_t>(limits.hidden);
  const Batch batch = make_batch(1);
  for (const float bias : {100.0f, -100.0f}) {
    std::vector<float> values(fresh->values().begin(), fresh->values().end());
    const auto at =
        static_cast<std::size_t>(find_tensor(fresh->layout(), "language.evidence.bias").offset);
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(at + d), 3 * d, bias);
    const auto model = std::make_shared<const Model>(fresh->shared_layout(), values);
    EvidenceTable evidence;
    Predictor(model, default_predictor_options())
        .encode(evidence, sample_pointers(batch), 1, false);
    const bool large = bias > 0;
    for (std::size_t i = 0; i < d; ++i) {
      EXPECT_FLOAT_EQ(evidence.present[d + i],
                      static_cast<float>(large ? limits.delta_max : limits.delta_min));
      EXPECT_FLOAT_EQ(evidence.present[2 * d + i],
                      static_cast<float>(large ? limits.alpha_max : limits.alpha_min));
      if (large)
        EXPECT_NEAR(evidence.present[3 * d + i], 100, 20);  // beta has no upper limit
      else
        EXPECT_FLOAT_EQ(evidence.present[3 * d + i], static_cast<float>(limits.beta_min));
    }
  }
}

}  // namespace
}  // namespace casd
