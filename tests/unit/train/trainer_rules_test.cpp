// Tests what a trainer accepts, and in which order: steps, phases, teachers, data, cancellation.
#include "train/trainer.h"

#include "core/error.h"
#include "core/log.h"
#include "data/statistics.h"
#include "predict/predictor.h"
#include "unit/train/training_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

namespace casd {
namespace {

using test::engine_record;
using test::recording_engine;

TEST_F(TrainingLoop, StepUsesTotalSteps) {
  casd_trainer_options options = small_options();
  const auto constant = make(options);
  constant->prepare(data_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(constant->step(batch(0, 4)).learning_rate, 0.01);
  options.total_steps = 4;
  const auto cosine = make(options);
  cosine->prepare(data_);
  for (int i = 0; i < 6; ++i) {
    const casd_train_stats stats = cosine->step(batch(0, 4));
    EXPECT_NEAR(stats.learning_rate,
                0.01 * (0.05 + 0.95 * (1 + std::cos(M_PI * std::min(i, 4) / 4.0)) / 2), 1e-12);
    EXPECT_EQ(stats.step, i + 1);
    EXPECT_EQ(stats.samples, 4);
  }
  cosine->set_phase(CASD_PHASE_STUDENT);  // the step count restarts
  EXPECT_EQ(cosine->step(batch(0, 4)).learning_rate, 0.01);
}

TEST_F(TrainingLoop, StepRejectsInvalidBatches) {
  const auto trainer = make(small_options());
  EXPECT_EQ(status_of([&] { trainer->step(batch(0, 2)); }), CASD_ERROR_STATE);
  trainer->prepare(data_);
  EXPECT_EQ(status_of([&] { trainer->step(Batch(data_.schema)); }), CASD_ERROR_INVALID_ARGUMENT);
  Schema other = data_.schema;
  other.outputs.push_back("neutral");
  EXPECT_EQ(status_of([&] {
              Batch mismatched(other);
              mismatched.add();
              trainer->step(mismatched);
            }),
            CASD_ERROR_INVALID_ARGUMENT);
  Batch with_empty = batch(0, 2);
  with_empty.at(1) = empty_sample(data_.schema);
  EXPECT_EQ(status_of([&] { trainer->step(with_empty); }), CASD_ERROR_INVALID_ARGUMENT);
  Batch long_one = batch(0, 2);
  const std::vector<float> frames(
      513u * static_cast<std::size_t>(data_.schema.modalities[0].features), 0.5f);
  set_frames(long_one.at(1), data_.schema, 0, frames);
  EXPECT_EQ(status_of([&] { trainer->step(long_one); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_TRUE(engine_record().steps.empty());
  EXPECT_NO_THROW(trainer->step(batch(0, 2)));
  EXPECT_EQ(status_of([&] { trainer->prepare(data_); }), CASD_ERROR_STATE);
}

TEST_F(TrainingLoop, PhasesAdvanceOnly) {
  const auto trainer = make(small_options());
  EXPECT_EQ(status_of([&] { trainer->set_phase(CASD_PHASE_DONE); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { trainer->set_phase(-1); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_NO_THROW(trainer->set_phase(CASD_PHASE_TEACHER));
  EXPECT_NO_THROW(trainer->set_phase(CASD_PHASE_STUDENT));
  EXPECT_EQ(status_of([&] { trainer->set_phase(CASD_PHASE_TEACHER); }), CASD_ERROR_STATE);
}

TEST_F(TrainingLoop, AGivenTeacherIsUsed) {
  const auto trainer = make(small_options());
  trainer->prepare(data_);
  const Statistics statistics =
      fit_statistics(data_.schema, sample_pointers(data_.splits[0].samples));
  const ModelPtr teacher = with_statistics(*small_model(data_.schema, 99), statistics);
  trainer->set_teacher(teacher);
  trainer->set_phase(CASD_PHASE_STUDENT);
  trainer->step(batch(0, 4));
  Predictor predictor(teacher, default_predictor_options());
  Prediction prediction;
  predictor.predict(prediction, batch(0, 4), CASD_ALL_MODALITIES);
  const auto logits = prediction.table(CASD_FIELD_LOGITS);
  EXPECT_TRUE(std::equal(logits.begin(), logits.end(),
                         engine_record().steps.back().teacher_logits.begin()));
}

TEST_F(TrainingLoop, AMismatchedTeacherIsRejected) {
  const auto trainer = make(small_options());
  const Statistics statistics =
      fit_statistics(data_.schema, sample_pointers(data_.splits[0].samples));
  const ModelPtr teacher = with_statistics(*small_model(data_.schema, 99), statistics);
  EXPECT_EQ(status_of([&] { trainer->set_teacher(teacher); }), CASD_ERROR_INVALID_ARGUMENT);
  trainer->prepare(data_);
  EXPECT_EQ(status_of([&] { trainer->set_teacher(small_model(data_.schema)); }),
            CASD_ERROR_INVALID_ARGUMENT);
  Schema other = data_.schema;
  other.outputs.push_back("neutral");
  EXPECT_EQ(status_of([&] { trainer->set_teacher(small_model(other)); }),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_NO_THROW(trainer->set_teacher(teacher));
  trainer->set_phase(CASD_PHASE_STUDENT);
  EXPECT_EQ(status_of([&] { trainer->set_teacher(teacher); }), CASD_ERROR_STATE);
  for (const casd_teacher_mode kind : {CASD_TEACHER_SHARED, CASD_TEACHER_NONE}) {
    casd_trainer_options options = small_options();
    options.teacher = kind;
    EXPECT_EQ(status_of([&] { make(options)->set_teacher(teacher); }), CASD_ERROR_STATE);
  }
}

TEST_F(TrainingLoop, MismatchedDatasetsAreRejected) {
  const auto trainer = make(small_options());
  Dataset other = data_;
  other.schema.outputs.push_back("neutral");
  EXPECT_EQ(status_of([&] { trainer->epoch(other); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { trainer->prepare(other); }), CASD_ERROR_INVALID_ARGUMENT);
  Dataset other_name = data_;
  other_name.splits[0].name = "training";
  const auto message_of = [&](const Dataset& data) -> std::string {
    try {
      trainer->epoch(data);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message_of(other_name).find("it has 'training', 'valid', 'test'"), std::string::npos);
  Dataset unlabelled = data_;
  for (Sample& sample : unlabelled.splits[0].samples) sample.target.clear();
  EXPECT_NE(message_of(unlabelled).find("no labels"), std::string::npos);
  for (const std::size_t split : {0u, 1u}) {
    Dataset long_one = data_;
    const std::vector<float> frames(513u * 16u, 0.5f);
    set_frames(long_one.splits[split].samples[9], data_.schema, 0, frames);
    EXPECT_NE(message_of(long_one).find("513"), std::string::npos);
    EXPECT_NE(message_of(long_one).find("max_steps"), std::string::npos);
  }
  Dataset empty = data_;
  empty.splits[0].samples.clear();
  EXPECT_EQ(status_of([&] { trainer->epoch(empty); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { trainer->prepare(empty); }), CASD_ERROR_INVALID_ARGUMENT);
  trainer->epoch(data_);
  for (const std::size_t split : {0u, 1u}) {
    Dataset changed = data_;
    changed.splits[split].samples[7].target[0] = 1 - changed.splits[split].samples[7].target[0];
    EXPECT_EQ(status_of([&] { trainer->epoch(changed); }), CASD_ERROR_INVALID_ARGUMENT);
  }
  EXPECT_NO_THROW(trainer->epoch(data_));
}

// After resuming, prepare() can be used to check that the dataset is the same.
TEST_F(TrainingLoop, PreparingAfterAnEpochOnlyComparesTheData) {
  const auto trainer = make(small_options());
  trainer->epoch(data_);
  const std::vector<float> before = values_of(*trainer->snapshot());
  EXPECT_NO_THROW(trainer->prepare(data_));
  EXPECT_EQ(values_of(*trainer->snapshot()), before);
  Dataset changed = data_;
  changed.splits[0].samples[7].target[0] = 1 - changed.splits[0].samples[7].target[0];
  try {
    trainer->prepare(changed);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.what()).find("--restart"), std::string::npos);
  }
}

struct Warnings {
  std::vector<std::string> all;
  static void CASD_CALL add(casd_log_level, const char* message, void* user) {
    static_cast<Warnings*>(user)->all.push_back(message);
  }
};

std::vector<std::string> warnings_of(const std::function<void()>& call) {
  Warnings warnings;
  set_log(Warnings::add, CASD_LOG_WARNING, &warnings);
  call();
  set_log(nullptr, CASD_LOG_WARNING, nullptr);
  return warnings.all;
}

TEST_F(TrainingLoop, MissingClassesAreNamed) {
  const std::vector<std::string> none = warnings_of([&] { make(small_options())->prepare(data_); });
  EXPECT_TRUE(none.empty());

  Dataset three = data_;
  three.schema.outputs.push_back("neutral");
  const ModelPtr model = small_model(three.schema);
  EXPECT_EQ(
      warnings_of([&] { Trainer(model, small_options(), &recording_engine()).prepare(three); }),
      (std::vector<std::string>{"split train has no sample of class 'neutral'",
                                "split valid has no sample of class 'neutral'"}));

  Dataset one = data_;
  for (Sample& sample : one.splits[1].samples) sample.target = {1};
  const auto trainer = make(small_options());
  EXPECT_EQ(warnings_of([&] {
              trainer->epoch(one);
              trainer->epoch(one);  // warns only once
            }),
            (std::vector<std::string>{"split valid has no sample of class 'negative': all its "
                                      "labels are 'positive'"}));
  for (Sample& sample : one.splits[1].samples) sample.target.clear();
  const std::vector<std::string> unlabelled =
      warnings_of([&] { make(small_options())->prepare(one); });
  ASSERT_EQ(unlabelled.size(), 1u);
  EXPECT_NE(unlabelled[0].find("no labels"), std::string::npos);
}

TEST_F(TrainingLoop, ADivergedStepChangesNothing) {
  const auto trainer = make(small_options());
  engine_record().fail_at = 5;
  trainer->epoch(data_);
  EXPECT_EQ(status_of([&] { trainer->epoch(data_); }), CASD_ERROR_NUMERIC);
  engine_record().fail_at = -1;
  trainer->fit(data_, nullptr, nullptr, nullptr);
  const ModelPtr resumed = trainer->snapshot();
  const auto uninterrupted = make(small_options());
  uninterrupted->fit(data_, nullptr, nullptr, nullptr);
  EXPECT_TRUE(std::equal(resumed->values().begin(), resumed->values().end(),
                         uninterrupted->snapshot()->values().begin()));
}

TEST_F(TrainingLoop, CancelStopsOnceFromAnyThread) {
  const auto trainer = make(small_options());
  trainer->cancel();
  EXPECT_EQ(status_of([&] { trainer->epoch(data_); }), CASD_ERROR_CANCELLED);
  EXPECT_EQ(status_of([&] { trainer->epoch(data_); }), CASD_OK);

  std::atomic<bool> stop{false};
  std::thread watcher([&] {
    while (!stop) {
      const casd_train_progress progress = trainer->progress();
      EXPECT_LE(progress.step, 4);
      if (progress.phase == CASD_PHASE_STUDENT) trainer->cancel();
    }
  });
  int cancelled = 0;
  while (trainer->phase() != CASD_PHASE_DONE && cancelled < 3)
    cancelled +=
        status_of([&] { trainer->fit(data_, nullptr, nullptr, nullptr); }) == CASD_ERROR_CANCELLED;
  stop = true;
  watcher.join();
}

TEST_F(TrainingLoop, ProgressIsReported) {
  struct Calls {
    std::vector<casd_train_progress> all;
  } calls;
  const auto trainer = make(small_options());
  trainer->fit(
      data_, nullptr,
      [](const casd_train_progress* progress, void* user) -> std::int32_t {
        static_cast<Calls*>(user)->all.push_back(*progress);
        return 0;
      },
      &calls);
  ASSERT_EQ(calls.all.size(), 20u);  // after every step, the last one's with the score
  for (std::size_t i = 0; i < calls.all.size(); ++i) {
    const casd_train_progress& p = calls.all[i];
    const std::size_t epoch = i / 4;
    EXPECT_EQ(p.struct_size, sizeof p);
    EXPECT_EQ(p.phase, epoch < 2 ? CASD_PHASE_TEACHER : CASD_PHASE_STUDENT);
    EXPECT_EQ(p.epoch, static_cast<std::int32_t>(epoch < 2 ? epoch : epoch - 2));
    EXPECT_EQ(p.epochs, epoch < 2 ? 2 : 3);
    EXPECT_EQ(p.step, static_cast<std::int64_t>(i % 4 + 1));
    EXPECT_EQ(p.steps, 4);
    EXPECT_GT(p.loss, 0);
    EXPECT_GE(p.seconds_left, 0);
  }
  EXPECT_EQ(calls.all.back().seconds_left, 0);
  EXPECT_TRUE(std::isnan(calls.all[0].score));
  EXPECT_FALSE(std::isnan(calls.all[3].score));
}

}  // namespace
}  // namespace casd
