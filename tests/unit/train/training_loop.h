// Small data, model and options for tests of the training loop, which runs on a recording engine.
#pragma once

#include "core/error.h"
#include "data/dataset.h"
#include "data/synthetic.h"
#include "train/trainer.h"
#include "unit/train/recording_engine.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace casd {

inline Dataset small_data(casd_task task = CASD_TASK_CLASSES, std::int32_t valid = 30) {
  casd_synthetic_options options = default_synthetic_options();
  options.task = task;
  options.train_samples = 50;
  options.valid_samples = valid;
  options.test_samples = 1;
  options.max_steps = 5;
  options.missing_rate = 0.2;
  return make_synthetic(options);
}

inline ModelPtr small_model(const Schema& schema, std::uint64_t seed = 1) {
  casd_model_options options = default_model_options();
  use_recipe(options, CASD_RECIPE_EVIDENTIAL);
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.seed = seed;
  return create_model(schema, options);
}

inline casd_trainer_options small_options() {
  casd_trainer_options options = default_trainer_options();
  options.teacher_epochs = 2;
  options.epochs = 3;
  options.select_from = 1;
  options.batch_size = 16;
  options.learning_rate = 0.01;
  options.seed = 5;
  return options;
}

inline casd_status status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.status();
  }
  return CASD_OK;
}

inline std::vector<float> values_of(const Model& model) {
  return {model.values().begin(), model.values().end()};
}

class TrainingLoop : public testing::Test {
 protected:
  void SetUp() override { test::engine_record() = {}; }
  void TearDown() override { EXPECT_EQ(test::engine_record().networks, 0); }

  std::unique_ptr<Trainer> make(const casd_trainer_options& options) const {
    return std::make_unique<Trainer>(model_, options, &test::recording_engine());
  }
  Batch batch(std::int64_t first, std::int64_t count) const {
    Batch out(data_.schema);
    for (std::int64_t i = 0; i < count; ++i)
      out.add() = data_.splits[0].samples[static_cast<std::size_t>(first + i)];
    return out;
  }

  const Dataset data_ = small_data();
  const ModelPtr model_ = small_model(data_.schema);
};

}  // namespace casd
