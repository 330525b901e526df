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
#include <map>
#include <memory>

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

/// Predictions of a teacher, and cross-entropies by their definition.
class HeldOutLossTest : public testing::Test {
 protected:
  HeldOutLossTest() : trainer_(model_with(data_.schema, CASD_POOLING_MEAN), trial_options()) {
    while (trainer_.phase() == CASD_PHASE_TEACHER) trainer_.epoch(data_);
    predictor_ = std::make_unique<Predictor>(trainer_.snapshot(), default_predictor_options());
    // Wrong labels, so that the best temperature is within its bounds.
    SampleList& valid = data_.split("valid").samples;
    for (std::size_t i = 0; i < valid.size(); i += 5) valid[i].target[0] = 1 - valid[i].target[0];
  }

  std::vector<const Sample*> samples() const {
    return sample_pointers(data_.find("valid")->samples);
  }
  double loss(const std::vector<const Sample*>& all) { return held_out_loss(*predictor_, all); }

  /// The sum over the samples.
  double cross_entropy(const std::vector<const Sample*>& all, double temperature) {
    double sum = 0;
    for (const Sample* sample : all) {
      const double z = margin(*sample) / temperature;
      sum += std::log1p(std::exp(sample->target[0] > 0 ? -z : z));
    }
    return sum;
  }
  double best_temperature(const std::vector<const Sample*>& all) {
    double best = 1, least = INFINITY;
    for (double temperature = 0.2; temperature <= 20; temperature *= 1.0005) {
      const double value = cross_entropy(all, temperature);
      if (value < least) best = temperature;
      least = std::min(least, value);
    }
    return best;
  }

  Dataset data_ = sequences(Signal::every_frame);
  Trainer trainer_;
  std::unique_ptr<Predictor> predictor_;

 private:
  /// Logit of the second class less that of the first.
  double margin(const Sample& sample) {
    const auto known = margins_.find(&sample);
    if (known != margins_.end()) return known->second;
    const std::vector<const Sample*> one = {&sample};
    const auto logits =
        collect_predictions(*predictor_, one, {{data_.schema.all(), {}}}).front().logits;
    return margins_[&sample] = logits[1] - logits[0];
  }
  std::map<const Sample*, double> margins_;
};

TEST_F(HeldOutLossTest, IsTheCrossEntropyAtTheBestTemperature) {
  std::vector<const Sample*> all;
  while (all.size() < 200)
    for (const Sample* sample : samples()) all.push_back(sample);
  all.resize(200);
  const double least = cross_entropy(all, best_temperature(all)) / 200;
  EXPECT_NEAR(loss(all), least, 1e-5);
  EXPECT_LT(loss(all), least + 1e-9);
}

TEST_F(HeldOutLossTest, OfFewSamplesIsCrossFittedWithGroupsTogether) {
  // Every third sample is of one of five groups, which take turns.
  SampleList& valid = data_.split("valid").samples;
  for (std::size_t i = 0; i < valid.size(); i += 3)
    valid[i].group = "group " + std::to_string(i / 3 % 5);
  const std::vector<const Sample*> all = samples();
  std::vector<std::size_t> fold(all.size());
  for (std::size_t i = 0, unit = 0; i < all.size(); ++i)
    fold[i] = i >= 15 && i % 3 == 0 ? fold[i - 15] : unit++ % 10;
  double sum = 0;
  for (std::size_t f = 0; f < 10; ++f) {
    std::vector<const Sample*> held_out, others;
    for (std::size_t i = 0; i < all.size(); ++i)
      (fold[i] == f ? held_out : others).push_back(all[i]);
    sum += cross_entropy(held_out, best_temperature(others));
  }
  const auto count = static_cast<double>(all.size());
  EXPECT_NEAR(loss(all), sum / count, 1e-5);
  EXPECT_GT(loss(all), cross_entropy(all, best_temperature(all)) / count + 1e-3);
  std::vector<const Sample*> most = all;
  while (most.size() < 199) most.push_back(all[most.size() % all.size()]);
  EXPECT_GT(loss(most), cross_entropy(most, best_temperature(most)) / 199 + 1e-5);
}

TEST_F(HeldOutLossTest, OfOneGroupHasNoTemperature) {
  for (Sample& sample : data_.split("valid").samples) sample.group = "one";
  EXPECT_NEAR(loss(samples()), cross_entropy(samples(), 1) / 64, 1e-12);
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
