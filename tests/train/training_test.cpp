// The trainer with libcasd_torch, on synthetic data.
#include "core/error.h"
#include "data/dataset.h"
#include "data/statistics.h"
#include "data/synthetic.h"
#include "eval/calibration.h"
#include "eval/report.h"
#include "eval/selection_score.h"
#include "model/model_file.h"
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

namespace casd {
namespace {

Dataset synthetic(casd_task task, std::int32_t train = 100, double missing_rate = 0.2) {
  casd_synthetic_options options = default_synthetic_options();
  options.task = task;
  options.train_samples = train;
  options.valid_samples = 80;
  options.test_samples = 1;
  options.max_steps = 8;
  options.missing_rate = missing_rate;
  return make_synthetic(options);
}

casd_model_options small_sizes(casd_recipe recipe) {
  casd_model_options options = default_model_options();
  use_recipe(options, recipe);
  options.hidden = 12;
  options.heads = 3;
  options.layers = 1;
  return options;
}

casd_trainer_options few_epochs(casd_recipe recipe) {
  casd_trainer_options options = default_trainer_options();
  use_recipe(options, recipe);
  options.teacher_epochs = 2;
  options.epochs = 2;
  options.select_from = 0;
  options.batch_size = 32;
  return options;
}

std::vector<std::uint8_t> trained_bytes(const Dataset& data, const casd_trainer_options& options,
                                        casd_recipe recipe = CASD_RECIPE_EVIDENTIAL) {
  Trainer trainer(create_model(data.schema, small_sizes(recipe)), options);
  trainer.fit(data, nullptr, nullptr, nullptr);
  return serialise_model(*trainer.snapshot());
}

double overall(const Report& report, const std::string& name) {
  for (const auto& [key, value] : report.overall)
    if (key == name) return value;
  return std::nan("");
}

TEST(Training, LearnsToPredictUnderEveryMask) {
  const Dataset data = synthetic(CASD_TASK_CLASSES, 500, 0);
  for (const casd_recipe recipe : {CASD_RECIPE_EVIDENTIAL, CASD_RECIPE_PAPER}) {
    casd_trainer_options options = default_trainer_options();
    use_recipe(options, recipe);
    options.teacher_epochs = options.epochs = 10;
    options.batch_size = 32;
    Trainer trainer(create_model(data.schema, small_sizes(recipe)), options);
    trainer.fit(data, nullptr, nullptr, nullptr);
    Predictor predictor(trainer.snapshot(), default_predictor_options());
    const auto valid = sample_pointers(data.find("valid")->samples);
    // Guessing gives about 50.
    EXPECT_GT(overall(evaluate(predictor, valid, data.schema.all()), "mean_incomplete_f1"), 65)
        << recipe;
  }
}

TEST(Training, TheSameSeedGivesTheSameBits) {
  const Dataset data = synthetic(CASD_TASK_CLASSES);
  casd_trainer_options options = few_epochs(CASD_RECIPE_EVIDENTIAL);
  const std::vector<std::uint8_t> once = trained_bytes(data, options);
  EXPECT_TRUE(trained_bytes(data, options) == once);
  options.seed = 1;
  EXPECT_FALSE(trained_bytes(data, options) == once);
}

TEST(Training, TheNumberOfThreadsDoesNotChangeTheBits) {
  const Dataset data = synthetic(CASD_TASK_CLASSES, 200);
  casd_trainer_options options = few_epochs(CASD_RECIPE_EVIDENTIAL);
  options.batch_size = 128;
  const std::vector<std::uint8_t> expected = trained_bytes(data, options);
  for (const int threads : {2, 3}) {
    options.threads = threads;
    EXPECT_TRUE(trained_bytes(data, options) == expected) << threads;
  }
}

struct Setting {
  const char* name;
  casd_recipe recipe;
  casd_task task;
  casd_teacher_mode teacher;
  casd_sampling_mode sampling;
};

class EverySetting : public testing::TestWithParam<Setting> {
 protected:
  casd_trainer_options options() const {
    casd_trainer_options out = few_epochs(GetParam().recipe);
    out.teacher = GetParam().teacher;
    out.sampling = GetParam().sampling;
    return out;
  }
};

TEST_P(EverySetting, TrainsWithFiniteLosses) {
  const Dataset data = synthetic(GetParam().task);
  Trainer trainer(create_model(data.schema, small_sizes(GetParam().recipe)), options());
  casd_train_stats stats{};
  do {
    stats = trainer.epoch(data);
    const bool has_teacher =
        stats.phase == CASD_PHASE_STUDENT && GetParam().teacher != CASD_TEACHER_NONE;
    const bool evidential = GetParam().recipe == CASD_RECIPE_EVIDENTIAL;
    EXPECT_TRUE(std::isfinite(stats.loss));
    EXPECT_TRUE(std::isfinite(stats.task_loss));
    EXPECT_GT(stats.gradient_norm, 0);
    EXPECT_EQ(std::isfinite(stats.logit_loss), has_teacher);
    EXPECT_EQ(std::isfinite(stats.uncertainty_loss), has_teacher && !evidential);
    EXPECT_EQ(std::isfinite(stats.evidence_loss), stats.phase == CASD_PHASE_STUDENT && evidential);
    EXPECT_TRUE(std::isfinite(stats.score));
  } while (stats.go_on);
  for (const float value : trainer.snapshot()->values()) ASSERT_TRUE(std::isfinite(value));
}

struct CancelAt {
  int left;
  static std::int32_t call(const casd_train_progress*, void* user) {
    return --static_cast<CancelAt*>(user)->left == 0 ? 1 : 0;
  }
};

TEST_P(EverySetting, ResumesToTheSameBits) {
  const Dataset data = synthetic(GetParam().task);
  const std::vector<std::uint8_t> expected = trained_bytes(data, options(), GetParam().recipe);
  const std::string path = testing::TempDir() + "casd_training_test_" + GetParam().name;
  for (const int moment : {3, 7}) {
    CancelAt cancel{moment};
    auto trainer = std::make_unique<Trainer>(
        create_model(data.schema, small_sizes(GetParam().recipe)), options());
    EXPECT_THROW(trainer->fit(data, path.c_str(), CancelAt::call, &cancel), Error);
    trainer = Trainer::load(path);
    trainer->fit(data, nullptr, nullptr, nullptr);
    EXPECT_TRUE(serialise_model(*trainer->snapshot()) == expected) << moment;
  }
  std::remove(path.c_str());
}

std::string setting_name(const testing::TestParamInfo<Setting>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    All, EverySetting,
    testing::Values(Setting{"evidential", CASD_RECIPE_EVIDENTIAL, CASD_TASK_CLASSES,
                            CASD_TEACHER_FROZEN, CASD_SAMPLING_STUDENT_T},
                    Setting{"paper", CASD_RECIPE_PAPER, CASD_TASK_CLASSES, CASD_TEACHER_FROZEN,
                            CASD_SAMPLING_STUDENT_T},
                    Setting{"ema", CASD_RECIPE_EVIDENTIAL, CASD_TASK_CLASSES, CASD_TEACHER_EMA,
                            CASD_SAMPLING_IMPLICIT},
                    Setting{"shared", CASD_RECIPE_EVIDENTIAL, CASD_TASK_CLASSES,
                            CASD_TEACHER_SHARED, CASD_SAMPLING_GAUSSIAN},
                    Setting{"no_teacher", CASD_RECIPE_EVIDENTIAL, CASD_TASK_CLASSES,
                            CASD_TEACHER_NONE, CASD_SAMPLING_NONE},
                    Setting{"regression", CASD_RECIPE_EVIDENTIAL, CASD_TASK_REGRESSION,
                            CASD_TEACHER_FROZEN, CASD_SAMPLING_STUDENT_T},
                    Setting{"paper_regression", CASD_RECIPE_PAPER, CASD_TASK_REGRESSION,
                            CASD_TEACHER_SHARED, CASD_SAMPLING_STUDENT_T},
                    Setting{"multilabel", CASD_RECIPE_EVIDENTIAL, CASD_TASK_MULTILABEL,
                            CASD_TEACHER_FROZEN, CASD_SAMPLING_STUDENT_T},
                    Setting{"paper_multilabel", CASD_RECIPE_PAPER, CASD_TASK_MULTILABEL,
                            CASD_TEACHER_EMA, CASD_SAMPLING_STUDENT_T}),
    setting_name);

/// A trained model before and after one step of the student on samples with only some modalities.
class OneStep : public testing::Test {
 protected:
  void step(ModalityMask given, casd_trainer_options options) {
    model_ = with_statistics(
        *model_, fit_statistics(data_.schema, sample_pointers(data_.splits[0].samples)));
    Trainer trainer(model_, options);
    trainer.set_phase(CASD_PHASE_STUDENT);
    Batch batch(data_.schema);
    for (std::size_t i = 0; i < 16; ++i) {
      const Sample& whole = data_.splits[0].samples[i];
      Sample& sample = batch.add();
      sample = empty_sample(data_.schema);
      sample.target = whole.target;
      for (std::int32_t m = 0; m < data_.schema.modality_count(); ++m)
        if (given >> m & 1u)
          set_frames(sample, data_.schema, m, whole.frames[static_cast<std::size_t>(m)]);
    }
    trainer.step(batch);
    after_ = trainer.snapshot();
  }
  bool changed(const std::string& tensor) const {
    const Span<const float> a = model_->tensor(tensor), b = after_->tensor(tensor);
    return !std::equal(a.begin(), a.end(), b.begin());
  }

  const Dataset data_ = synthetic(CASD_TASK_CLASSES, 40, 0);
  ModelPtr model_ = create_model(data_.schema, small_sizes(CASD_RECIPE_EVIDENTIAL));
  ModelPtr after_;
};

TEST_F(OneStep, KeepsAModalityThatNoSampleHas) {
  step(1, few_epochs(CASD_RECIPE_EVIDENTIAL));
  for (const NamedTensor& tensor : named_tensors(model_->layout())) {
    if (tensor.role == TensorRole::statistic) {
      EXPECT_FALSE(changed(tensor.name)) << tensor.name;
    } else if (tensor.modality > 0) {
      EXPECT_FALSE(changed(tensor.name)) << tensor.name;
    } else {
      EXPECT_TRUE(changed(tensor.name)) << tensor.name;
    }
  }
}

TEST_F(OneStep, TheEvidenceHeadsHaveTheirOwnRate) {
  casd_trainer_options options = few_epochs(CASD_RECIPE_EVIDENTIAL);
  options.evidence_rate = 0;
  step(7, options);
  for (const NamedTensor& tensor : named_tensors(model_->layout())) {
    if (tensor.role == TensorRole::evidence) {
      EXPECT_FALSE(changed(tensor.name)) << tensor.name;
    } else if (tensor.role == TensorRole::learned) {
      EXPECT_TRUE(changed(tensor.name)) << tensor.name;
    }
  }
}

}  // namespace
}  // namespace casd
