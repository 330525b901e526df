// Tests the training loop (phases, epochs, steps) with a recording engine.
#include "train/trainer.h"
#include "data/synthetic.h"
#include "train/training_samples.h"

#include "core/error.h"
#include "core/log.h"
#include "data/statistics.h"
#include "eval/calibration.h"
#include "eval/report.h"
#include "eval/selection_score.h"
#include "predict/predictor.h"
#include "train/teacher_outputs.h"
#include "unit/train/training_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <thread>

namespace casd {
namespace {

using test::engine_record;
using test::RecordedStep;
using test::recording_engine;

TEST_F(TrainingLoop, RunsBothPhasesEpochByEpoch) {
  const auto trainer = make(small_options());
  EXPECT_EQ(trainer->phase(), CASD_PHASE_TEACHER);
  for (int epoch = 0; epoch < 5; ++epoch) {
    const bool student = epoch >= 2;
    const casd_train_stats stats = trainer->epoch(data_);
    EXPECT_EQ(stats.phase, student ? CASD_PHASE_STUDENT : CASD_PHASE_TEACHER);
    EXPECT_EQ(stats.epoch, student ? epoch - 2 : epoch);
    EXPECT_EQ(stats.samples, 50);
    EXPECT_EQ(stats.step, 4 * (stats.epoch + 1));
    EXPECT_EQ(stats.go_on, epoch < 4 ? 1 : 0);
    // The teacher is scored from epoch 0 on, the student from select_from on.
    EXPECT_EQ(std::isnan(stats.score), student && stats.epoch < 1);
    EXPECT_EQ(std::isnan(stats.logit_loss), !student);
    EXPECT_TRUE(std::isnan(stats.uncertainty_loss));
  }
  EXPECT_EQ(trainer->phase(), CASD_PHASE_DONE);
  EXPECT_EQ(status_of([&] { trainer->epoch(data_); }), CASD_ERROR_STATE);
  EXPECT_EQ(status_of([&] { trainer->fit(data_, nullptr, nullptr, nullptr); }), CASD_ERROR_STATE);
  EXPECT_EQ(status_of([&] { trainer->step(batch(0, 2)); }), CASD_ERROR_STATE);
  EXPECT_NO_THROW(trainer->prepare(data_));  // compares only
  Dataset other = data_;
  other.splits[0].samples.pop_back();
  EXPECT_EQ(status_of([&] { trainer->prepare(other); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(engine_record().phases.back(), CASD_PHASE_STUDENT);
  ASSERT_EQ(engine_record().steps.size(), 20u);
  EXPECT_FALSE(trainer->snapshot()->calibration().temperatures.empty());
}

TEST_F(TrainingLoop, StepsHaveTheExpectedRatesSizesAndNumbers) {
  casd_trainer_options options = small_options();
  const auto trainer = make(options);
  trainer->fit(data_, nullptr, nullptr, nullptr);
  std::set<std::uint64_t> numbers;
  for (std::size_t i = 0; i < engine_record().steps.size(); ++i) {
    const RecordedStep& step = engine_record().steps[i];
    const std::size_t epoch = i / 4;
    const bool student = epoch >= 2;
    EXPECT_EQ(step.samples, i % 4 == 3 ? 2 : 16);  // the last batch of an epoch is smaller
    EXPECT_EQ(step.seed, 5u);
    numbers.insert(step.step);
    const double place =
        student ? static_cast<double>(epoch - 2) / 3 : static_cast<double>(epoch) / 2;
    EXPECT_NEAR(step.learning_rate, 0.01 * (0.05 + 0.95 * (1 + std::cos(M_PI * place)) / 2), 1e-12);
    EXPECT_EQ(step.teacher_location.size(),
              student ? 8u * static_cast<std::size_t>(step.samples) : 0u);
    // The sums over the batch are those of what takes part.
    EXPECT_EQ(step.batch.samples, step.samples);
    EXPECT_EQ(step.batch.pairs, std::accumulate(step.rows.begin(), step.rows.end(), 0.0));
    for (std::size_t m = 0; m < step.rows.size(); ++m)
      EXPECT_EQ(step.batch.present >> m & 1u, step.rows[m] > 0 ? 1u : 0u);
    double targets = 0;
    for (std::size_t k = 0; k < step.target.size(); ++k)
      if (step.labelled[k])
        targets += static_cast<double>(
            engine_record().class_weights[static_cast<std::size_t>(step.target[k])]);
    EXPECT_NEAR(step.batch.targets, targets, 1e-9);
  }
  EXPECT_EQ(numbers.size(), 20u) << "two steps would draw the same random numbers";
}

TEST_F(TrainingLoop, EachEpochVisitsEverySampleInANewOrder) {
  casd_trainer_options options = small_options();
  options.teacher = CASD_TEACHER_NONE;
  const Dataset data = small_data(CASD_TASK_REGRESSION);  // the targets identify the samples
  Trainer trainer(small_model(data.schema), options, &recording_engine());
  EXPECT_EQ(trainer.phase(), CASD_PHASE_STUDENT);
  trainer.fit(data, nullptr, nullptr, nullptr);
  std::vector<std::vector<float>> orders(3);
  for (std::size_t i = 0; i < engine_record().steps.size(); ++i)
    for (const float target : engine_record().steps[i].target) orders[i / 4].push_back(target);
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
  for (auto& order : orders) std::sort(order.begin(), order.end());
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_EQ(orders[1], orders[2]);
}

TEST_F(TrainingLoop, RegressionTargetsAreStandardised) {
  casd_trainer_options options = small_options();
  options.teacher_epochs = 1;
  const Dataset data = small_data(CASD_TASK_REGRESSION);
  Trainer trainer(small_model(data.schema), options, &recording_engine());
  trainer.epoch(data);
  double sum = 0, square = 0;
  for (const RecordedStep& step : engine_record().steps)
    for (const float target : step.target) {
      sum += static_cast<double>(target);
      square += static_cast<double>(target) * static_cast<double>(target);
    }
  EXPECT_NEAR(sum / 50, 0, 1e-5);
  EXPECT_NEAR(square / 50, 1, 1e-4);
}

TEST_F(TrainingLoop, SamplesWithoutModalityAreDroppedAndWithoutTargetKept) {
  Dataset data = data_;
  data.splits[0].samples[3] = empty_sample(data.schema);
  for (std::size_t i = 1; i < 50; ++i) data.splits[0].samples[i].target.clear();
  const auto trainer = make(small_options());
  const casd_train_stats stats = trainer->epoch(data);
  EXPECT_EQ(stats.samples, 49);
  int all = 0;
  for (const RecordedStep& step : engine_record().steps)
    for (const std::uint8_t labelled : step.labelled) all += labelled;
  EXPECT_EQ(all, 1);
}

TEST_F(TrainingLoop, PrepareFitsNormaliserAndClassWeights) {
  const auto trainer = make(small_options());
  EXPECT_TRUE(engine_record().class_weights.empty());
  trainer->prepare(data_);
  EXPECT_TRUE(trainer->snapshot()->trained());
  const auto samples = sample_pointers(data_.splits[0].samples);
  EXPECT_EQ(engine_record().class_weights, balanced_class_weights(data_.schema, samples));

  casd_trainer_options plain = small_options();
  plain.balance_classes = 0;
  const auto unweighted = make(plain);
  unweighted->prepare(data_);
  EXPECT_TRUE(engine_record().class_weights.empty());
}

TEST_F(TrainingLoop, ATrainedModelKeepsItsNormaliser) {
  Statistics statistics = fit_statistics(data_.schema, sample_pointers(data_.splits[0].samples));
  statistics.mean[0][0] += 3;
  const ModelPtr trained = with_statistics(*model_, statistics);
  Trainer trainer(trained, small_options(), &recording_engine());
  trainer.step(batch(0, 4));  // works without prepare
  Trainer other(trained, small_options(), &recording_engine());
  other.prepare(data_);
  const auto mean = other.snapshot()->tensor(data_.schema.modalities[0].name + ".normalizer.mean");
  EXPECT_EQ(mean[0], statistics.mean[0][0]);
  EXPECT_FALSE(engine_record().class_weights.empty());
}

TEST_F(TrainingLoop, TheFrozenTeacherPredictsCompleteSamples) {
  casd_trainer_options options = small_options();
  const auto trainer = make(options);
  trainer->prepare(data_);
  trainer->step(batch(0, 8));
  trainer->set_phase(CASD_PHASE_STUDENT);
  const ModelPtr teacher = trainer->snapshot();
  trainer->step(batch(8, 8));
  trainer->step(batch(16, 8));  // the student has changed, the teacher has not
  Predictor predictor(teacher, default_predictor_options());
  Prediction prediction;
  predictor.predict(prediction, batch(16, 8), CASD_ALL_MODALITIES);
  const RecordedStep& step = engine_record().steps.back();
  const auto same = [](const std::vector<float>& recorded, Span<const float> expected) {
    ASSERT_EQ(recorded.size(), expected.size());
    for (std::size_t i = 0; i < recorded.size(); ++i) ASSERT_EQ(recorded[i], expected[i]) << i;
  };
  same(step.teacher_location, prediction.table(CASD_FIELD_REPRESENTATION));
  same(step.teacher_logits, prediction.table(CASD_FIELD_LOGITS));
  for (std::size_t i = 0; i < 8; ++i) {  // UNCERTAINTY is the mean of U_F
    double mean = 0;
    for (std::size_t j = 0; j < 8; ++j)
      mean += static_cast<double>(step.teacher_uncertainty[8 * i + j]) / 8;
    EXPECT_NEAR(mean, static_cast<double>(prediction.table(CASD_FIELD_UNCERTAINTY)[i]),
                1e-5 * mean);
  }
}

TEST_F(TrainingLoop, CachedTeacherOutputsBelongToTheBatch) {
  casd_trainer_options options = small_options();
  options.teacher_epochs = 1;
  options.epochs = 1;
  const Dataset data = small_data(CASD_TASK_REGRESSION);
  Trainer trainer(small_model(data.schema), options, &recording_engine());
  trainer.epoch(data);
  const ModelPtr teacher = trainer.snapshot();
  trainer.epoch(data);
  Predictor predictor(teacher, default_predictor_options());
  const RecordedStep& step = engine_record().steps.back();
  const auto scale = teacher->tensor("target.std");
  const auto mean = teacher->tensor("target.mean");
  int found = 0;
  for (const Sample& sample : data.splits[0].samples)
    for (std::size_t row = 0; row < step.target.size(); ++row) {
      if ((sample.target[0] - mean[0]) / scale[0] != step.target[row]) continue;
      Batch one(data.schema);
      one.add() = sample;
      Prediction prediction;
      predictor.predict(prediction, one, CASD_ALL_MODALITIES);
      EXPECT_EQ(step.teacher_logits[row], prediction.table(CASD_FIELD_LOGITS)[0]);
      ++found;
    }
  EXPECT_GE(found, 2);
}

TEST_F(TrainingLoop, AutoFollowsTheSamplesOfSplitTrain) {
  casd_trainer_options options = small_options();
  options.batch_size = options.epochs = options.teacher_epochs = options.patience = 0;
  options.select_from = -1;
  Dataset data = data_;
  data.splits[0].samples[3] = empty_sample(data.schema);  // 49 samples are left
  const auto trainer = make(options);
  EXPECT_EQ(trainer->progress().epochs, 0);  // not known yet
  EXPECT_EQ(trainer->options().batch_size, 0);
  int teacher = 0, student = 0, selected_from = -1;
  casd_train_stats stats;
  do {
    stats = trainer->epoch(data);
    ++(stats.phase == CASD_PHASE_TEACHER ? teacher : student);
    if (stats.phase == CASD_PHASE_STUDENT && selected_from < 0 && !std::isnan(stats.score))
      selected_from = stats.epoch;
  } while (stats.go_on);
  const casd_trainer_options fixed = trainer->options();
  EXPECT_EQ(fixed.batch_size, 8);
  EXPECT_EQ(fixed.teacher_epochs, 35);  // 7 steps each
  EXPECT_EQ(fixed.epochs, 46);
  EXPECT_LE(teacher, 35);
  EXPECT_EQ(student, 46);
  EXPECT_EQ(selected_from, fixed.select_from);
  EXPECT_EQ(engine_record().steps[0].samples, 8);
  EXPECT_EQ(trainer->progress().epochs, 46);
}

// The first epoch fixes the schedule, not the dataset that the normaliser was fitted on.
TEST_F(TrainingLoop, AutoFollowsTheDatasetOfTheEpochs) {
  casd_trainer_options options = small_options();
  options.batch_size = 0;
  const auto trainer = make(options);
  casd_synthetic_options wanted = default_synthetic_options();
  wanted.train_samples = 200;
  wanted.max_steps = 2;
  trainer->prepare(make_synthetic(wanted));
  EXPECT_EQ(trainer->options().batch_size, 16);
  trainer->epoch(data_);
  EXPECT_EQ(trainer->options().batch_size, 8);
  EXPECT_EQ(engine_record().steps[0].samples, 8);
}

TEST_F(TrainingLoop, OtherTeachersGetNoOutputsOfAFrozenOne) {
  for (const casd_teacher_mode teacher :
       {CASD_TEACHER_EMA, CASD_TEACHER_SHARED, CASD_TEACHER_NONE}) {
    engine_record().steps.clear();
    casd_trainer_options options = small_options();
    options.teacher = teacher;
    const auto trainer = make(options);
    trainer->fit(data_, nullptr, nullptr, nullptr);
    EXPECT_EQ(engine_record().steps.size(), teacher == CASD_TEACHER_NONE ? 12u : 20u);
    for (const RecordedStep& step : engine_record().steps) {
      EXPECT_TRUE(step.teacher_location.empty());
      // The complete pass of `shared` updates the modalities that the student's input lost.
      ModalityMask kept = 0;
      for (std::size_t m = 0; m < step.rows.size(); ++m)
        if (step.rows[m] > 0) kept |= ModalityMask{1} << m;
      EXPECT_EQ(step.batch.present & kept, kept);
      if (teacher != CASD_TEACHER_SHARED) {
        EXPECT_EQ(step.batch.present, kept);
      }
    }
  }
}

/// The values of a model, for comparison.
/// Trains a phase to its end and returns the weights of its best epoch. Checks that the best epoch is
/// not the last one, because then restoring the weights would have no effect.
std::vector<float> best_of_phase(Trainer& trainer, const Dataset& data) {
  const casd_phase phase = trainer.phase();
  double best = -std::numeric_limits<double>::infinity();
  std::vector<float> values;
  while (trainer.phase() == phase) {
    const casd_train_stats stats = trainer.epoch(data);
    if (trainer.phase() != phase) {
      EXPECT_LE(stats.score, best) << "the last epoch is the best: choose another seed";
    } else if (stats.score > best) {
      best = stats.score;
      values = values_of(*trainer.snapshot());
    }
  }
  return values;
}

TEST_F(TrainingLoop, EachPhaseEndsWithTheWeightsOfItsBestEpoch) {
  casd_trainer_options options = small_options();
  options.teacher_epochs = options.epochs = 8;
  options.select_from = 0;
  const auto trainer = make(options);
  const std::vector<float> teacher = best_of_phase(*trainer, data_);
  EXPECT_EQ(values_of(*trainer->snapshot()), teacher);
  const std::vector<float> student = best_of_phase(*trainer, data_);
  EXPECT_EQ(trainer->phase(), CASD_PHASE_DONE);
  EXPECT_EQ(values_of(*trainer->snapshot()), student);
}

// Not on split train and, for the student, not on complete samples.
TEST_F(TrainingLoop, EpochsAreScoredOnTheHeldOutSamples) {
  casd_trainer_options options = small_options();
  options.select_from = 0;
  const auto trainer = make(options);
  const auto train = sample_pointers(data_.find("train")->samples);
  const auto valid = sample_pointers(data_.find("valid")->samples);
  int compared = 0;
  casd_train_stats stats;
  do {
    const casd_phase phase = trainer->phase();
    stats = trainer->epoch(data_);
    if (trainer->phase() != phase) continue;  // the weights of the best epoch were restored
    const bool teacher = phase == CASD_PHASE_TEACHER;
    Predictor predictor(trainer->snapshot(), default_predictor_options());
    const double expected = selection_score(predictor, valid, teacher);
    ASSERT_NE(expected, selection_score(predictor, train, teacher));
    ASSERT_NE(expected, selection_score(predictor, valid, !teacher));
    EXPECT_EQ(stats.score, expected) << "phase " << phase;
    ++compared;
  } while (stats.go_on);
  EXPECT_EQ(compared, 3);  // one of the teacher's epochs, two of the student's
}

TEST_F(TrainingLoop, TheModelIsCalibratedOnTheHeldOutSamples) {
  casd_trainer_options options = small_options();
  options.fit_trust = 1;
  const auto trainer = make(options);
  trainer->fit(data_, nullptr, nullptr, nullptr);
  const ModelPtr trained = trainer->snapshot();
  const auto raw = std::make_shared<const Model>(trained->with_calibration({}));
  CalibrationRequest request;
  request.trust = true;
  const Calibration expected =
      fit_calibration(raw, sample_pointers(data_.find("valid")->samples), request);
  const Calibration wrong =
      fit_calibration(raw, sample_pointers(data_.find("train")->samples), request);
  ASSERT_NE(expected.temperatures, wrong.temperatures);
  ASSERT_NE(expected.trust, wrong.trust);
  EXPECT_EQ(trained->calibration().temperatures, expected.temperatures);
  EXPECT_EQ(trained->calibration().trust, expected.trust);
}

// The first selectable epoch is at most the last epoch.
TEST_F(TrainingLoop, TheLastEpochCanAlwaysBeSelected) {
  casd_trainer_options options = small_options();
  options.teacher = CASD_TEACHER_NONE;
  options.select_from = 100;
  const auto trainer = make(options);
  for (int epoch = 0; epoch < 3; ++epoch) {
    const casd_train_stats stats = trainer->epoch(data_);
    EXPECT_EQ(std::isnan(stats.score), epoch < 2) << epoch;
    EXPECT_EQ(std::isnan(stats.best_score), epoch < 2) << epoch;
  }
  EXPECT_EQ(trainer->phase(), CASD_PHASE_DONE);
}

TEST_F(TrainingLoop, FramesAreDroppedForTheStudentOnly) {
  for (const double frame_drop : {0.0, 1.0}) {
    engine_record().steps.clear();
    casd_trainer_options options = small_options();
    options.frame_drop = frame_drop;
    make(options)->fit(data_, nullptr, nullptr, nullptr);
    double frames = 0, zeros = 0;
    for (const RecordedStep& step : engine_record().steps)
      for (std::size_t m = 0; m < step.frames.size(); ++m) {
        if (step.phase == CASD_PHASE_TEACHER || frame_drop == 0) {
          EXPECT_EQ(step.zero_frames[m], 0);
        } else {
          frames += static_cast<double>(step.frames[m]);
          zeros += static_cast<double>(step.zero_frames[m]);
        }
      }
    // The rates are uniform in [0, 1], so half of the frames are dropped on average.
    if (frame_drop > 0) {
      EXPECT_NEAR(zeros / frames, 0.5, 0.05);
    }
  }
}

// The teacher's outputs are computed in chunks. Each row must match its sample.
TEST_F(TrainingLoop, TeacherOutputsOfALargeSplitMatchEachSample) {
  casd_synthetic_options wanted = default_synthetic_options();
  wanted.train_samples = 300;
  wanted.valid_samples = wanted.test_samples = 1;
  wanted.max_steps = 2;
  const Dataset data = make_synthetic(wanted);
  const ModelPtr model = small_model(data.schema);
  Predictor predictor(model, default_predictor_options());
  const auto samples = sample_pointers(data.find("train")->samples);
  const TeacherOutputs all = compute_teacher_outputs(predictor, samples);
  ASSERT_EQ(all.logits.size(), 600u);
  for (const std::size_t i : {0u, 43u, 255u, 256u, 299u}) {
    const TeacherOutputs one =
        compute_teacher_outputs(predictor, Span<const Sample* const>(samples).subspan(i, 1));
    EXPECT_TRUE(std::equal(one.logits.begin(), one.logits.end(), all.logits.begin() + 2 * i));
    EXPECT_TRUE(std::equal(one.location.begin(), one.location.end(), all.location.begin() + 8 * i));
    EXPECT_TRUE(std::equal(one.uncertainty.begin(), one.uncertainty.end(),
                           all.uncertainty.begin() + 8 * i));
  }
}

TEST_F(TrainingLoop, PatienceEndsAPhaseEarly) {
  casd_trainer_options options = small_options();
  options.teacher = CASD_TEACHER_NONE;
  options.epochs = 60;
  options.select_from = 0;
  options.patience = 2;
  const auto trainer = make(options);
  double best = -std::numeric_limits<double>::infinity();
  int waited = 0, epochs = 0;
  casd_train_stats stats;
  do {
    ASSERT_LT(waited, 2);
    stats = trainer->epoch(data_);
    ++epochs;
    waited = stats.score > best ? 0 : waited + 1;
    best = std::max(best, stats.score);
    EXPECT_EQ(stats.best_score, best);
  } while (stats.go_on);
  EXPECT_TRUE(waited == 2 || epochs == 60);
  EXPECT_LT(epochs, 60);
}

TEST_F(TrainingLoop, WithoutSplitValidAFifthOfTrainIsHeldOut) {
  Dataset data = data_;
  data.splits.erase(data.splits.begin() + 1);
  ASSERT_EQ(data.find("valid"), nullptr);
  const auto total =
      static_cast<double>(with_a_modality(sample_pointers(data.find("train")->samples)).size());
  const auto trainer = make(small_options());
  const casd_train_stats stats = trainer->epoch(data);
  EXPECT_NEAR(static_cast<double>(stats.samples), 0.8 * total, 2);
  EXPECT_FALSE(std::isnan(stats.score));
}

TEST_F(TrainingLoop, WithoutSplitValidTheLastEpochIsUsed) {
  Dataset data = data_;
  data.splits.erase(data.splits.begin() + 1);
  ASSERT_EQ(data.find("valid"), nullptr);
  casd_trainer_options options = small_options();
  options.hold_out = 0;
  const auto trainer = make(options);
  casd_train_stats stats;
  do {
    stats = trainer->epoch(data);
    EXPECT_TRUE(std::isnan(stats.score));
    EXPECT_TRUE(std::isnan(stats.best_score));
  } while (stats.go_on);
  EXPECT_EQ(engine_record().steps.size(), 20u);
  EXPECT_TRUE(trainer->snapshot()->calibration().empty());
}

}  // namespace
}  // namespace casd
