// The numbers that epochs and progress report, against the losses that the stub returned.
#include "data/synthetic.h"
#include "train/trainer.h"

#include "model/options.h"
#include "train/options.h"
#include "unit/train/recording_engine.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace casd {
namespace {

using test::engine_record;
using test::RecordedStep;

/// 50 samples in batches of 16: the last step of an epoch has 2.
class EpochStatistics : public testing::Test {
 protected:
  EpochStatistics() {
    engine_record() = {};
    casd_synthetic_options synthetic = default_synthetic_options();
    synthetic.train_samples = 50;
    synthetic.valid_samples = 10;
    synthetic.test_samples = 0;
    synthetic.max_steps = 3;
    data_ = make_synthetic(synthetic);
    casd_model_options sizes = default_model_options();
    sizes.hidden = 8;
    sizes.heads = 2;
    sizes.layers = 1;
    casd_trainer_options options = default_trainer_options();
    options.teacher_epochs = 2;
    options.epochs = 3;
    options.batch_size = 16;
    trainer_ = std::make_unique<Trainer>(create_model(data_.schema, sizes), options,
                                         &test::recording_engine());
  }

  Dataset data_;
  std::unique_ptr<Trainer> trainer_;
};

TEST_F(EpochStatistics, LossesAreMeansOverTheSamples) {
  for (std::size_t epoch = 0; epoch < 7; ++epoch) {
    const casd_train_stats stats = trainer_->epoch(data_);
    StepLosses mean{};
    for (std::size_t i = 4 * epoch; i < 4 * epoch + 4; ++i) {
      const RecordedStep& step = engine_record().steps[i];
      const double share = step.samples / 50.0;
      mean.total += share * step.losses.total;
      mean.task += share * step.losses.task;
      mean.logit += share * step.losses.logit;
      mean.evidence += share * step.losses.evidence;
      mean.gradient_norm += share * step.losses.gradient_norm;
    }
    EXPECT_NEAR(stats.loss, mean.total, 1e-12);
    EXPECT_NEAR(stats.task_loss, mean.task, 1e-12);
    EXPECT_NEAR(stats.gradient_norm, mean.gradient_norm, 1e-12);
    if (epoch < 4) continue;  // the teacher, with each pooling, has no other terms
    EXPECT_NEAR(stats.logit_loss, mean.logit, 1e-12);
    EXPECT_NEAR(stats.evidence_loss, mean.evidence, 1e-12);
  }
}

TEST_F(EpochStatistics, ProgressEstimatesTheTimeToTheEndOfTheStudentsEpochs) {
  std::vector<casd_train_progress> all;
  trainer_->fit(
      data_, nullptr,
      [](const casd_train_progress* progress, void* user) -> std::int32_t {
        static_cast<std::vector<casd_train_progress>*>(user)->push_back(*progress);
        return 0;
      },
      &all);
  ASSERT_EQ(all.size(), 28u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto done = static_cast<double>(i + 1);
    EXPECT_NEAR(all[i].seconds_left * done, all[i].seconds * (28 - done), 1e-9);
  }
}

}  // namespace
}  // namespace casd
