// The calibration of a trained model without a trainer, for the model options that the C API's tests do
// not have.
#include "train/model_calibration.h"

#include "core/error.h"
#include "data/synthetic.h"
#include "predict/predictor.h"
#include "train/trainer.h"

#include <gtest/gtest.h>

namespace casd {
namespace {

Dataset small_data(casd_task task) {
  casd_synthetic_options options = default_synthetic_options();
  options.task = task;
  options.train_samples = 40;
  options.valid_samples = 30;
  options.test_samples = 1;
  options.max_steps = 4;
  return make_synthetic(options);
}

/// Without linear maps.
ModelPtr trained_model(const Dataset& data, bool guard, bool fit_trust, double input_clip = 5) {
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.linear = 0;
  options.input_guard = guard ? 1 : 0;
  options.input_clip = input_clip;
  casd_trainer_options training = default_trainer_options();
  training.teacher_epochs = training.epochs = 1;
  training.fit_trust = fit_trust ? 1 : 0;
  Trainer trainer(create_model(data.schema, options), training);
  trainer.fit(data, nullptr, nullptr, nullptr);
  return trainer.snapshot();
}

ModelPtr calibrated(const ModelPtr& model, const Dataset& data, const char* split,
                    bool fit_maps = false) {
  casd_calibrate_options options = default_calibrate_options();
  options.fit_maps = fit_maps ? 1 : 0;
  return calibrate(model, data, split, options);
}

TEST(ModelCalibration, TrustIsFittedAgainWhereTheModelHasIt) {
  const Dataset data = small_data(CASD_TASK_CLASSES);
  const ModelPtr with = trained_model(data, false, true);
  ASSERT_EQ(with->calibration().trust.size(), 3u);
  const ModelPtr other = calibrated(with, data, "train");
  EXPECT_EQ(other->calibration().trust.size(), 3u);
  EXPECT_NE(other->calibration().trust, with->calibration().trust);
  const ModelPtr without = trained_model(data, false, false);
  EXPECT_TRUE(calibrated(without, data, "train")->calibration().trust.empty());
  // Nothing of the earlier calibration has influence.
  EXPECT_EQ(calibrated(other, data, nullptr)->calibration().trust, with->calibration().trust);
  EXPECT_EQ(calibrated(other, data, nullptr)->calibration().temperatures,
            with->calibration().temperatures);
}

TEST(ModelCalibration, TheGuardIsFittedAgainOnRequest) {
  Dataset data = small_data(CASD_TASK_CLASSES);
  const ModelPtr model = trained_model(data, true, false);
  for (Split& split : data.splits)
    for (Sample& sample : split.samples)
      for (auto& frames : sample.frames)
        for (float& value : frames) value *= 3;
  const auto limit = [](const ModelPtr& of) {
    return of->tensor(*of->layout().modalities[0].guard)[0];
  };
  EXPECT_EQ(limit(calibrated(model, data, nullptr)), limit(model));
  EXPECT_GT(limit(calibrated(model, data, nullptr, true)), 2 * limit(model));
  const ModelPtr bare = trained_model(data, false, false);
  EXPECT_THROW(calibrated(bare, data, nullptr, true), Error);
}

TEST(ModelCalibration, ARegressionWithoutLinearMapsAndGuardStaysAsItIs) {
  Dataset data = small_data(CASD_TASK_REGRESSION);
  const ModelPtr model = trained_model(data, false, false);
  for (Sample& sample : data.split("valid").samples) sample.target.clear();
  EXPECT_EQ(calibrated(model, data, nullptr), model);
}

TEST(ModelCalibration, NumbersThatOverflowAreAnError) {
  Dataset data = small_data(CASD_TASK_CLASSES);
  const ModelPtr model = trained_model(data, false, false, 0);
  for (Sample& sample : data.split("valid").samples)
    for (auto& frames : sample.frames)
      for (float& value : frames) value = 3e38f;
  try {
    calibrated(model, data, nullptr);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_NUMERIC);
    EXPECT_NE(std::string(error.what()).find("split 'valid'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace casd
