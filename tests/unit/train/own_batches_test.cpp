// Training step by step on the caller's batches: preparation and calibration without a dataset.
#include "core/error.h"
#include "data/statistics.h"
#include "data/synthetic.h"
#include "eval/calibration.h"
#include "predict/predictor.h"
#include "support/paths.h"
#include "train/trainer.h"
#include "unit/train/recording_engine.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <limits>

namespace casd {
namespace {

using test::engine_record;
using test::recording_engine;

Dataset small_data(casd_task task = CASD_TASK_CLASSES) {
  casd_synthetic_options options = default_synthetic_options();
  options.task = task;
  options.train_samples = 40;
  options.valid_samples = 30;
  options.test_samples = 1;
  options.max_steps = 4;
  options.missing_rate = 0.2;
  return make_synthetic(options);
}

ModelPtr small_model(const Schema& schema, double input_clip = 5) {
  casd_model_options options = default_model_options();
  use_recipe(options, CASD_RECIPE_EVIDENTIAL);
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.input_clip = input_clip;
  return create_model(schema, options);
}

casd_trainer_options small_options(int fit_trust = 0) {
  casd_trainer_options options = default_trainer_options();
  options.learning_rate = 0.01;
  options.fit_trust = fit_trust;
  options.teacher_epochs = options.epochs = 1;
  return options;
}

Batch batch_of(const Dataset& data, const char* split) {
  Batch out(data.schema);
  for (const Sample& sample : data.find(split)->samples) out.add() = sample;
  return out;
}

casd_status status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.status();
  }
  return CASD_OK;
}

bool same(const Calibration& a, const Calibration& b) {
  return a.temperatures == b.temperatures && a.trust == b.trust;
}

class OwnBatches : public testing::Test {
 protected:
  void SetUp() override { engine_record() = {}; }

  /// The result of fit_calibration() for the current weights.
  Calibration expected(Trainer& trainer, const Batch& held_out, int fit_trust) const {
    const auto raw = std::make_shared<const Model>(trainer.snapshot()->with_calibration({}));
    CalibrationRequest request;
    request.trust = fit_trust != 0;
    std::vector<const Sample*> samples;
    for (const Sample* sample : sample_pointers(held_out))
      if (sample->given) samples.push_back(sample);
    return fit_calibration(raw, samples, request);
  }

  const Dataset data_ = small_data();
  const Batch train_ = batch_of(data_, "train"), valid_ = batch_of(data_, "valid");
  const ModelPtr model_ = small_model(data_.schema);
};

TEST_F(OwnBatches, PrepareLikeADataset) {
  for (const casd_task task : {CASD_TASK_CLASSES, CASD_TASK_REGRESSION}) {
    const Dataset data = small_data(task);
    const ModelPtr model = small_model(data.schema);
    Trainer by_dataset(model, small_options(), &recording_engine());
    by_dataset.prepare(data);
    const std::vector<float> weights = engine_record().class_weights;
    Trainer by_batch(model, small_options(), &recording_engine());
    Batch batch = batch_of(data, "train");
    batch.add() = empty_sample(data.schema);  // ignored
    by_batch.prepare(batch);
    EXPECT_EQ(engine_record().class_weights, weights);
    const ModelPtr a = by_dataset.snapshot(), b = by_batch.snapshot();
    EXPECT_TRUE(std::equal(a->values().begin(), a->values().end(), b->values().begin()));
    EXPECT_NO_THROW(by_batch.step(batch_of(data, "train")));
  }
}

TEST_F(OwnBatches, PreparingNeedsLabels) {
  Batch batch = train_;
  for (std::int64_t i = 0; i < batch.size(); ++i) batch.at(i).target.clear();
  Trainer trainer(model_, small_options(), &recording_engine());
  EXPECT_EQ(status_of([&] { trainer.prepare(batch); }), CASD_ERROR_INVALID_ARGUMENT);
  // After the failed call the trainer is still unprepared.
  EXPECT_EQ(status_of([&] { trainer.step(train_); }), CASD_ERROR_STATE);
}

TEST_F(OwnBatches, CalibrationLastsUntilTheNextStep) {
  for (const int fit_trust : {0, 1}) {
    casd_trainer_options options = small_options(fit_trust);
    options.calibrate = 0;  // applies to the end of the last epoch only
    Trainer trainer(model_, options, &recording_engine());
    trainer.prepare(train_);
    trainer.step(train_);
    const Calibration wanted = expected(trainer, valid_, fit_trust);
    ASSERT_EQ(wanted.trust.empty(), fit_trust == 0);
    trainer.calibrate(nullptr, valid_);
    EXPECT_TRUE(same(trainer.snapshot()->calibration(), wanted));
    trainer.calibrate(nullptr, train_);  // replaces the previous calibration
    EXPECT_TRUE(same(trainer.snapshot()->calibration(), expected(trainer, train_, fit_trust)));
    EXPECT_FALSE(same(trainer.snapshot()->calibration(), wanted));
    trainer.step(train_);
    EXPECT_TRUE(trainer.snapshot()->calibration().empty());
  }
}

TEST_F(OwnBatches, ADivergedStepKeepsTheCalibration) {
  Trainer trainer(model_, small_options(), &recording_engine());
  trainer.prepare(train_);
  trainer.step(train_);
  trainer.calibrate(nullptr, valid_);
  engine_record().fail_at = static_cast<std::int64_t>(engine_record().steps.size());
  EXPECT_EQ(status_of([&] { trainer.step(train_); }), CASD_ERROR_NUMERIC);
  EXPECT_FALSE(trainer.snapshot()->calibration().empty());
}

// Trust factors of the teacher would change the student's targets.
TEST_F(OwnBatches, TheStudentsTeacherIsNotCalibrated) {
  const auto teacher_logits = [&](bool calibrate) {
    Trainer trainer(model_, small_options(1), &recording_engine());
    trainer.prepare(train_);
    trainer.step(train_);
    if (calibrate) trainer.calibrate(nullptr, valid_);
    trainer.set_phase(CASD_PHASE_STUDENT);
    trainer.step(train_);
    return engine_record().steps.back().teacher_logits;
  };
  EXPECT_EQ(teacher_logits(true), teacher_logits(false));
}

TEST_F(OwnBatches, ATrainedModelIsCalibratedWithoutAStep) {
  Trainer first(model_, small_options(), &recording_engine());
  first.prepare(train_);
  first.step(train_);
  Trainer second(first.snapshot(), small_options(), &recording_engine());
  second.calibrate(nullptr, valid_);
  EXPECT_FALSE(second.snapshot()->calibration().empty());
  second.prepare(train_);
  EXPECT_TRUE(second.snapshot()->calibration().empty());  // the model it was created from
}

TEST_F(OwnBatches, CheckpointsKeepTheCalibrationOfAFinishedTrainingOnly) {
  const std::string path = test::temporary_path("own_batches.checkpoint");
  Trainer trainer(model_, small_options(), &recording_engine());
  trainer.prepare(train_);
  trainer.step(train_);
  trainer.calibrate(nullptr, valid_);
  trainer.save(path);
  EXPECT_TRUE(Trainer::load(path, &recording_engine())->snapshot()->calibration().empty());
  trainer.fit(data_, nullptr, nullptr, nullptr);
  trainer.calibrate(nullptr, train_);
  const Calibration wanted = trainer.snapshot()->calibration();
  EXPECT_TRUE(same(wanted, expected(trainer, train_, 0)));
  trainer.save(path);
  EXPECT_TRUE(same(Trainer::load(path, &recording_engine())->snapshot()->calibration(), wanted));
  std::remove(path.c_str());
}

TEST_F(OwnBatches, EpochsDropTheCalibration) {
  Trainer trainer(model_, small_options(), &recording_engine());
  trainer.prepare(train_);
  trainer.step(train_);
  trainer.calibrate(nullptr, valid_);
  trainer.epoch(data_);
  EXPECT_EQ(trainer.phase(), CASD_PHASE_STUDENT);
  EXPECT_TRUE(trainer.snapshot()->calibration().empty());
}

// After a cancellation at the last step of a phase, the next epoch() takes no step but restores the
// best weights.
TEST_F(OwnBatches, AnEpochWithoutAStepDropsTheCalibration) {
  casd_trainer_options options = small_options();
  options.batch_size = 64;
  Trainer trainer(model_, options, &recording_engine());
  engine_record().after_step = [&] { trainer.cancel(); };
  EXPECT_EQ(status_of([&] { trainer.epoch(data_); }), CASD_ERROR_CANCELLED);
  engine_record().after_step = nullptr;
  ASSERT_EQ(engine_record().steps.size(), 1u);
  trainer.calibrate(nullptr, valid_);
  EXPECT_FALSE(trainer.snapshot()->calibration().empty());
  trainer.epoch(data_);
  ASSERT_EQ(engine_record().steps.size(), 1u);
  EXPECT_EQ(trainer.phase(), CASD_PHASE_STUDENT);
  EXPECT_TRUE(trainer.snapshot()->calibration().empty());
}

TEST_F(OwnBatches, InvalidCalibrationsAreRejected) {
  Trainer trainer(model_, small_options(), &recording_engine());
  EXPECT_EQ(status_of([&] { trainer.calibrate(nullptr, valid_); }), CASD_ERROR_STATE);
  trainer.prepare(train_);
  trainer.step(train_);
  EXPECT_EQ(status_of([&] { trainer.calibrate(nullptr, Batch(data_.schema)); }),
            CASD_ERROR_INVALID_ARGUMENT);
  Batch unlabelled = valid_;
  for (std::int64_t i = 0; i < unlabelled.size(); ++i) unlabelled.at(i).target.clear();
  EXPECT_EQ(status_of([&] { trainer.calibrate(nullptr, unlabelled); }),
            CASD_ERROR_INVALID_ARGUMENT);
  Batch long_one = valid_;
  const std::vector<float> frames(
      513u * static_cast<std::size_t>(data_.schema.modalities[0].features), 0.5f);
  set_frames(long_one.at(3), data_.schema, 0, frames);
  EXPECT_EQ(status_of([&] { trainer.calibrate(nullptr, long_one); }), CASD_ERROR_INVALID_ARGUMENT);
  Schema other = data_.schema;
  other.outputs.push_back("neutral");
  Batch mismatched(other);
  mismatched.add();
  EXPECT_EQ(status_of([&] { trainer.calibrate(nullptr, mismatched); }),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_TRUE(trainer.snapshot()->calibration().empty());
}

TEST_F(OwnBatches, WithoutAFinitePredictionThereIsNoCalibration) {
  Trainer trainer(small_model(data_.schema, 0), small_options(), &recording_engine());
  trainer.prepare(train_);
  trainer.step(train_);
  Batch huge(data_.schema);
  Sample& sample = huge.add();
  set_frames(sample, data_.schema, 0, std::vector<float>(16, 3e38f));
  sample.target = {1};
  EXPECT_EQ(status_of([&] { trainer.calibrate(nullptr, huge); }), CASD_ERROR_NUMERIC);
}

TEST_F(OwnBatches, RegressionHasNothingToCalibrate) {
  const Dataset data = small_data(CASD_TASK_REGRESSION);
  Trainer trainer(small_model(data.schema), small_options(), &recording_engine());
  trainer.prepare(batch_of(data, "train"));
  trainer.step(batch_of(data, "train"));
  EXPECT_NO_THROW(trainer.calibrate(nullptr, batch_of(data, "valid")));
  EXPECT_TRUE(trainer.snapshot()->calibration().empty());
}

}  // namespace
}  // namespace casd
