// Pooling `auto`: the training ends as if the better pooling had been chosen from the start.
#include "core/platform.h"
#include "core/random.h"
#include "eval/calibration.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "support/paths.h"
#include "train/checkpoint.h"
#include "unit/train/training_loop.h"

#include <cmath>
#include <cstdio>

namespace casd {
namespace {

using test::CancelAt;

constexpr std::int32_t frames = 8, features = 3, teacher_epochs = 6, epochs = 2, steps = 4;

enum class Signal { last_frame, every_frame };

/// Classes that differ much in the last frame only, or a little in every frame.
Dataset sequences(Signal signal, bool labelled_valid = true) {
  Dataset out;
  for (const char* name : {"left", "right"}) out.schema.add_modality(name, features);
  for (const char* name : {"low", "high"}) out.schema.add_output(name);
  std::uint64_t next = 0;
  for (const char* name : {"train", "valid"})
    for (int i = 0; i < 64; ++i) {
      Sample sample;
      sample.given = 3;
      if (labelled_valid || name == std::string("train"))
        sample.target = {static_cast<float>(i % 2)};
      for (int m = 0; m < 2; ++m) {
        const RandomStream noise(3, next++, RandomSite::synthetic);
        sample.frames.emplace_back(frames * features);
        for (std::uint64_t k = 0; k < frames * features; ++k) {
          double value = noise.normal(k);
          const bool differs = signal == Signal::every_frame || k / features + 1 == frames;
          if (differs && k % features == 0)
            value += (i % 2 ? 1 : -1) * (signal == Signal::every_frame ? 0.5 : 2);
          sample.frames.back()[k] = static_cast<float>(value);
        }
      }
      out.split(name).samples.push_back(std::move(sample));
    }
  name_samples(out);
  return out;
}

ModelPtr model_with(const Schema& schema, casd_pooling pooling) {
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.pooling = pooling;
  return create_model(schema, options);
}

casd_trainer_options trial_options(casd_teacher_mode teacher = CASD_TEACHER_FROZEN) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = teacher;
  options.teacher_epochs = teacher_epochs;
  options.epochs = epochs;
  options.select_from = 0;
  options.batch_size = 16;
  options.patience = 100;
  options.learning_rate = 0.01;
  return options;
}

using Bytes = std::vector<std::uint8_t>;

Bytes trained(const Dataset& data, casd_pooling pooling, const casd_trainer_options& options) {
  Trainer trainer(model_with(data.schema, pooling), options);
  trainer.fit(data, nullptr, nullptr, nullptr);
  EXPECT_EQ(trainer.pooling(), pooling);
  return serialise_model(*trainer.snapshot());
}

/// The loss of the teacher of a training with this pooling on a split.
double teacher_loss(const Dataset& data, casd_pooling pooling, const casd_trainer_options& options,
                    const char* split) {
  Trainer trainer(model_with(data.schema, pooling), options);
  while (trainer.phase() == CASD_PHASE_TEACHER) trainer.epoch(data);
  Predictor predictor(trainer.snapshot(), default_predictor_options());
  return held_out_loss(predictor, sample_pointers(data.find(split)->samples));
}

/// Whether the mean of the frames has the lower loss.
bool mean_is_better(const Dataset& data, const casd_trainer_options& options, const char* split) {
  return teacher_loss(data, CASD_POOLING_MEAN, options, split) <
         teacher_loss(data, CASD_POOLING_LAST, options, split);
}

class PoolingTrialTest : public testing::TestWithParam<Signal> {
 protected:
  const Dataset data_ = sequences(GetParam());
  const casd_pooling better_ =
      GetParam() == Signal::last_frame ? CASD_POOLING_LAST : CASD_POOLING_MEAN;
};

TEST_P(PoolingTrialTest, TheBetterTeacherIsKept) {
  EXPECT_EQ(mean_is_better(data_, trial_options(), "valid"), better_ == CASD_POOLING_MEAN);
}

TEST_P(PoolingTrialTest, TheResultIsThatOfTheBetterPooling) {
  for (const casd_teacher_mode teacher :
       {CASD_TEACHER_FROZEN, CASD_TEACHER_EMA, CASD_TEACHER_SHARED}) {
    const casd_trainer_options options = trial_options(teacher);
    EXPECT_EQ(trained(data_, CASD_POOLING_AUTO, options), trained(data_, better_, options))
        << teacher;
  }
}

TEST_P(PoolingTrialTest, AnyInterruptionGivesTheSameBits) {
  const Bytes expected = trained(data_, CASD_POOLING_AUTO, trial_options());
  const std::string path = test::temporary_path("trial.checkpoint");
  // In the first trial, at its end, in the second, at its end, in the student's phase.
  for (const int at : {1, teacher_epochs * steps, teacher_epochs * steps + 1, 40,
                       2 * teacher_epochs * steps, 2 * teacher_epochs * steps + 1}) {
    CancelAt cancel{at};
    Trainer trainer(model_with(data_.schema, CASD_POOLING_AUTO), trial_options());
    ASSERT_EQ(status_of([&] { trainer.fit(data_, path.c_str(), CancelAt::call, &cancel); }),
              CASD_ERROR_CANCELLED);
    const auto loaded = Trainer::load(path);
    EXPECT_EQ(loaded->pooling(), CASD_POOLING_AUTO);
    loaded->save(path + ".again");
    EXPECT_EQ(read_file(path + ".again"), read_file(path)) << at;
    loaded->fit(data_, nullptr, nullptr, nullptr);
    EXPECT_EQ(loaded->pooling(), CASD_POOLING_AUTO);
    EXPECT_EQ(serialise_model(*loaded->snapshot()), expected) << at;
    trainer.fit(data_, nullptr, nullptr, nullptr);
    EXPECT_EQ(serialise_model(*trainer.snapshot()), expected) << at;
  }
  std::remove(path.c_str());
  std::remove((path + ".again").c_str());
}

INSTANTIATE_TEST_SUITE_P(Signals, PoolingTrialTest,
                         testing::Values(Signal::last_frame, Signal::every_frame));

TEST(PoolingTrial, HeldOutSamplesDecideNotThoseOfTheTraining) {
  Dataset data = sequences(Signal::last_frame);
  // The teacher that has learned more is further from these labels.
  for (Sample& sample : data.split("valid").samples) sample.target[0] = 1 - sample.target[0];
  casd_trainer_options options = trial_options();
  options.teacher_epochs = 1;  // there is no epoch to select
  options.batch_size = 2;
  ASSERT_FALSE(mean_is_better(data, options, "train"));
  ASSERT_TRUE(mean_is_better(data, options, "valid"));
  EXPECT_EQ(trained(data, CASD_POOLING_AUTO, options), trained(data, CASD_POOLING_MEAN, options));
}

TEST(PoolingTrial, SnapshotsHaveThePoolingThatTheirWeightsWereTrainedWith) {
  const Dataset data = sequences(Signal::last_frame);
  Trainer trainer(model_with(data.schema, CASD_POOLING_AUTO), trial_options());
  EXPECT_EQ(trainer.snapshot()->options().pooling, CASD_POOLING_AUTO);
  trainer.prepare(data);
  EXPECT_EQ(trainer.snapshot()->options().pooling, CASD_POOLING_AUTO);
  for (int epoch = 0; epoch < 2 * teacher_epochs + epochs; ++epoch) {
    const casd_train_stats stats = trainer.epoch(data);
    EXPECT_EQ(stats.epoch, epoch < 2 * teacher_epochs ? epoch : epoch - 2 * teacher_epochs);
    // After the last epoch of a trial the next one begins.
    const bool mean = epoch >= teacher_epochs - 1 && epoch < 2 * teacher_epochs - 1;
    EXPECT_EQ(trainer.snapshot()->options().pooling, mean ? CASD_POOLING_MEAN : CASD_POOLING_LAST)
        << epoch;
  }
  EXPECT_EQ(trainer.phase(), CASD_PHASE_DONE);
}

TEST(PoolingTrial, ProgressCountsTheEpochsOfBothTrials) {
  const Dataset data = sequences(Signal::last_frame);
  Trainer trainer(model_with(data.schema, CASD_POOLING_AUTO), trial_options());
  std::vector<casd_train_progress> all;
  trainer.fit(
      data, nullptr,
      [](const casd_train_progress* progress, void* user) -> std::int32_t {
        static_cast<std::vector<casd_train_progress>*>(user)->push_back(*progress);
        return 0;
      },
      &all);
  ASSERT_EQ(all.size(), (2 * teacher_epochs + epochs) * std::size_t{steps});
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool teacher = i < 2 * teacher_epochs * std::size_t{steps};
    EXPECT_EQ(all[i].epochs, teacher ? 2 * teacher_epochs : epochs);
    EXPECT_EQ(all[i].epoch,
              static_cast<std::int32_t>(i) / steps - (teacher ? 0 : 2 * teacher_epochs));
    const auto done = static_cast<double>(i + 1), left = static_cast<double>(all.size()) - done;
    EXPECT_NEAR(all[i].seconds_left * done, all[i].seconds * left, 1e-9);
  }
}

TEST(PoolingTrial, TheLastFrameWhereNothingCanDecide) {
  const Dataset data = sequences(Signal::every_frame, false);
  const casd_trainer_options options = trial_options();
  EXPECT_EQ(trained(data, CASD_POOLING_AUTO, options), trained(data, CASD_POOLING_LAST, options));
  const Dataset labelled = sequences(Signal::every_frame);
  const casd_trainer_options alone = trial_options(CASD_TEACHER_NONE);
  EXPECT_EQ(trained(labelled, CASD_POOLING_AUTO, alone),
            trained(labelled, CASD_POOLING_LAST, alone));
}

TEST(PoolingTrial, TheLastFrameForTheCallersOwnSteps) {
  const Dataset data = sequences(Signal::every_frame);
  Batch batch(data.schema);
  for (const Sample& sample : data.find("train")->samples) batch.add() = sample;
  Bytes results[2];
  for (const casd_pooling pooling : {CASD_POOLING_AUTO, CASD_POOLING_LAST}) {
    Trainer trainer(model_with(data.schema, pooling), trial_options());
    trainer.prepare(batch);
    trainer.step(batch);
    EXPECT_EQ(trainer.snapshot()->options().pooling, CASD_POOLING_LAST);
    trainer.set_phase(CASD_PHASE_STUDENT);
    trainer.step(batch);
    results[pooling == CASD_POOLING_AUTO] = serialise_model(*trainer.snapshot());
    EXPECT_EQ(trainer.pooling(), pooling);
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(PoolingTrial, AnUntrainedModelPoolsTheLastFrame) {
  const Dataset data = sequences(Signal::every_frame);
  std::vector<float> logits[3];
  for (const casd_pooling pooling : {CASD_POOLING_LAST, CASD_POOLING_MEAN, CASD_POOLING_AUTO}) {
    Predictor predictor(model_with(data.schema, pooling), default_predictor_options());
    const std::vector<const Sample*> one = {&data.find("valid")->samples[0]};
    const auto outputs =
        collect_predictions(predictor, one, {{data.schema.all(), {}}}).front().logits;
    logits[pooling].assign(outputs.begin(), outputs.end());
  }
  EXPECT_EQ(logits[CASD_POOLING_AUTO], logits[CASD_POOLING_LAST]);
  EXPECT_NE(logits[CASD_POOLING_AUTO], logits[CASD_POOLING_MEAN]);
}

TEST(PoolingTrial, OnlyTheSecondTrialHasAFirstTeacher) {
  const Dataset data = sequences(Signal::last_frame);
  const std::string path = test::temporary_path("tried.checkpoint");
  Trainer trainer(model_with(data.schema, CASD_POOLING_AUTO), trial_options());
  for (int epoch = 0; epoch < teacher_epochs + 1; ++epoch) trainer.epoch(data);
  trainer.save(path);
  const Bytes good = read_file(path);
  std::remove(path.c_str());
  Checkpoint second = parse_checkpoint(good, "test");
  EXPECT_EQ(second.tried.learned.size(), second.best.size());
  EXPECT_TRUE(std::isfinite(second.tried.loss));
  const auto rejected = [](const Checkpoint& checkpoint) {
    return status_of([&] { parse_checkpoint(serialise_checkpoint(checkpoint), "test"); });
  };
  EXPECT_EQ(rejected(second), CASD_OK);
  Checkpoint first = second;
  first.position.trial = PoolingTrial::last;  // but the model's pooling is mean
  EXPECT_EQ(rejected(first), CASD_ERROR_FORMAT);
  second.tried.learned.clear();
  EXPECT_EQ(rejected(second), CASD_ERROR_FORMAT);
}

TEST(HeldOutLoss, IsTheCrossEntropyAtTheBestTemperature) {
  const Dataset data = sequences(Signal::every_frame);
  const auto samples = sample_pointers(data.find("valid")->samples);
  Predictor predictor(model_with(data.schema, CASD_POOLING_MEAN), default_predictor_options());
  const auto outputs = collect_predictions(predictor, samples, {{data.schema.all(), {}}}).front();
  double least = INFINITY;
  for (double temperature = 0.2; temperature < 20; temperature *= 1.001) {
    double sum = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double z = (outputs.logits[2 * i + 1] - outputs.logits[2 * i]) / temperature;
      sum += std::log1p(std::exp(samples[i]->target[0] > 0 ? -z : z));
    }
    least = std::min(least, sum / static_cast<double>(samples.size()));
  }
  EXPECT_NEAR(held_out_loss(predictor, samples), least, 1e-5);
  EXPECT_LT(held_out_loss(predictor, samples), least + 1e-9);
}

TEST(HeldOutLoss, IsTheMeanSquaredErrorOfARegression) {
  const Dataset data = small_data(CASD_TASK_REGRESSION);
  const auto samples = sample_pointers(data.find("valid")->samples);
  Predictor predictor(model_with(data.schema, CASD_POOLING_MEAN), default_predictor_options());
  const auto outputs = collect_predictions(predictor, samples, {{data.schema.all(), {}}}).front();
  double sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i)
    sum += std::pow(outputs.value[i] - static_cast<double>(samples[i]->target[0]), 2);
  EXPECT_NEAR(held_out_loss(predictor, samples), sum / static_cast<double>(samples.size()), 1e-12);
  EXPECT_TRUE(std::isnan(held_out_loss(predictor, Span<const Sample* const>())));
}

}  // namespace
}  // namespace casd
