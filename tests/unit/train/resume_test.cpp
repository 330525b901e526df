// A training ends in the same bits wherever it was interrupted.
#include "data/synthetic.h"
#include "train/trainer.h"

#include "core/error.h"
#include "core/platform.h"
#include "model/model_file.h"
#include "support/paths.h"
#include "unit/train/recording_engine.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>

namespace casd {
namespace {

using test::CancelAt;
using test::engine_record;
using test::recording_engine;

constexpr int teacher_epochs = 2, epochs = 2, steps = 3;

Dataset tiny_data() {
  casd_synthetic_options options = default_synthetic_options();
  options.train_samples = 40;
  options.valid_samples = 20;
  options.test_samples = 1;
  options.max_steps = 4;
  options.missing_rate = 0.2;
  return make_synthetic(options);
}

ModelPtr tiny_model(const Schema& schema) {
  casd_model_options options = default_model_options();
  options.hidden = 4;
  options.heads = 1;
  options.layers = 1;
  return create_model(schema, options);
}

casd_trainer_options tiny_options(casd_teacher_mode teacher) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = teacher;
  options.teacher_epochs = teacher_epochs;
  options.epochs = epochs;
  options.select_from = 0;
  options.batch_size = 16;
  options.learning_rate = 0.02;
  options.fit_trust = teacher == CASD_TEACHER_EMA ? 1 : 0;  // slow, so only once
  return options;
}

casd_status status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.status();
  }
  return CASD_OK;
}

class Resume : public testing::TestWithParam<casd_teacher_mode> {
 protected:
  void SetUp() override { engine_record() = {}; }
  void TearDown() override {
    EXPECT_EQ(engine_record().networks, 0);
    std::remove(path_.c_str());
  }

  std::unique_ptr<Trainer> make() const {
    return std::make_unique<Trainer>(model_, tiny_options(GetParam()), &recording_engine());
  }
  std::unique_ptr<Trainer> load() const { return Trainer::load(path_, &recording_engine()); }
  int calls() const {
    // The teacher is trained with each pooling.
    const int all = GetParam() == CASD_TEACHER_NONE ? epochs : 2 * teacher_epochs + epochs;
    return all * steps;
  }
  std::vector<std::uint8_t> uninterrupted() const {
    const auto trainer = make();
    trainer->fit(data_, nullptr, nullptr, nullptr);
    return serialise_model(*trainer->snapshot());
  }

  const Dataset data_ = tiny_data();
  const ModelPtr model_ = tiny_model(data_.schema);
  const std::string path_ =
      test::temporary_path("resume_" + std::to_string(GetParam()) + ".checkpoint");
};

TEST_P(Resume, EndsInTheSameBitsAfterAnyCancellation) {
  const std::vector<std::uint8_t> expected = uninterrupted();
  // The last call of an epoch follows its score.
  for (int at = 1; at < calls(); ++at) {
    CancelAt cancel{at};
    auto trainer = make();
    ASSERT_EQ(status_of([&] { trainer->fit(data_, path_.c_str(), CancelAt::call, &cancel); }),
              CASD_ERROR_CANCELLED)
        << at;
    trainer.reset();
    trainer = load();
    trainer->fit(data_, path_.c_str(), nullptr, nullptr);
    EXPECT_EQ(trainer->phase(), CASD_PHASE_DONE);
    EXPECT_TRUE(serialise_model(*trainer->snapshot()) == expected) << at;
    // The last checkpoint is that of the finished training.
    const auto done = load();
    EXPECT_EQ(done->phase(), CASD_PHASE_DONE);
    EXPECT_TRUE(serialise_model(*done->snapshot()) == expected) << at;
  }
}

TEST_P(Resume, SurvivesAnInterruptionAfterEveryStep) {
  const std::vector<std::uint8_t> expected = uninterrupted();
  auto trainer = make();
  int interruptions = 0;
  while (trainer->phase() != CASD_PHASE_DONE) {
    CancelAt cancel{1};
    if (status_of([&] { trainer->fit(data_, path_.c_str(), CancelAt::call, &cancel); }) ==
        CASD_ERROR_CANCELLED)
      ++interruptions;
    trainer.reset();
    trainer = load();
  }
  EXPECT_GE(interruptions, calls() / 2);
  EXPECT_TRUE(serialise_model(*trainer->snapshot()) == expected);
}

TEST_P(Resume, ContinuingWithoutAFileGivesTheSameBits) {
  const std::vector<std::uint8_t> expected = uninterrupted();
  const auto trainer = make();
  while (trainer->phase() != CASD_PHASE_DONE) {
    CancelAt cancel{2};
    status_of([&] { trainer->fit(data_, nullptr, CancelAt::call, &cancel); });
  }
  EXPECT_TRUE(serialise_model(*trainer->snapshot()) == expected);
}

TEST_P(Resume, TheCheckpointHasTheSameBitsAfterAnInterruption) {
  CancelAt cancel{5};
  const auto straight = make();
  EXPECT_EQ(status_of([&] { straight->fit(data_, path_.c_str(), CancelAt::call, &cancel); }),
            CASD_ERROR_CANCELLED);
  const std::vector<std::uint8_t> expected = read_file(path_);
  CancelAt early{2};
  auto broken = make();
  status_of([&] { broken->fit(data_, path_.c_str(), CancelAt::call, &early); });
  broken = load();
  CancelAt rest{3};
  status_of([&] { broken->fit(data_, path_.c_str(), CancelAt::call, &rest); });
  EXPECT_TRUE(read_file(path_) == expected);
}

TEST_P(Resume, SingleStepsAreResumed) {
  const auto batch_at = [&](std::size_t first) {
    Batch batch(data_.schema);
    for (std::size_t i = first; i < first + 10; ++i) batch.add() = data_.splits[0].samples[i];
    return batch;
  };
  const auto straight = make();
  straight->prepare(data_);
  auto broken = make();
  broken->prepare(data_);
  for (const std::size_t first : {0u, 10u, 20u, 30u}) {
    if (first == 20) {
      straight->set_phase(CASD_PHASE_STUDENT);
      broken->set_phase(CASD_PHASE_STUDENT);
    }
    straight->step(batch_at(first));
    broken->step(batch_at(first));
    broken->save(path_);
    broken = load();
  }
  EXPECT_TRUE(serialise_model(*straight->snapshot()) == serialise_model(*broken->snapshot()));
}

TEST_P(Resume, ResolvedNumbersAreKept) {
  casd_trainer_options options = tiny_options(GetParam());
  options.batch_size = 0;
  options.select_from = -1;
  options.patience = 0;
  const auto straight = std::make_unique<Trainer>(model_, options, &recording_engine());
  straight->fit(data_, nullptr, nullptr, nullptr);
  CancelAt cancel{7};  // an epoch has five steps
  auto broken = std::make_unique<Trainer>(model_, options, &recording_engine());
  EXPECT_EQ(status_of([&] { broken->fit(data_, path_.c_str(), CancelAt::call, &cancel); }),
            CASD_ERROR_CANCELLED);
  broken = load();
  // The caller's options, not the resolved ones: the program compares them with those of a command.
  EXPECT_EQ(broken->options().batch_size, 0);
  broken->prepare(data_);
  EXPECT_EQ(broken->options().batch_size, 8);
  broken->fit(data_, nullptr, nullptr, nullptr);
  EXPECT_TRUE(serialise_model(*broken->snapshot()) == serialise_model(*straight->snapshot()));
}

TEST_P(Resume, AnotherDatasetIsRejected) {
  CancelAt cancel{3};
  auto trainer = make();
  status_of([&] { trainer->fit(data_, path_.c_str(), CancelAt::call, &cancel); });
  trainer = load();
  Dataset other = data_;
  other.splits[0].samples[0].target[0] = 1 - other.splits[0].samples[0].target[0];
  EXPECT_EQ(status_of([&] { trainer->epoch(other); }), CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { trainer->epoch(data_); }), CASD_OK);
}

std::string teacher_name(const testing::TestParamInfo<casd_teacher_mode>& info) {
  const casd_trainer_options options = tiny_options(info.param);
  return option_text(find_option(trainer_option_table(), "teacher"), &options);
}

INSTANTIATE_TEST_SUITE_P(Teachers, Resume,
                         testing::Values(CASD_TEACHER_FROZEN, CASD_TEACHER_EMA, CASD_TEACHER_SHARED,
                                         CASD_TEACHER_NONE),
                         teacher_name);

TEST(ResumeFile, MissingAndForeignFilesAreRejected) {
  EXPECT_EQ(status_of([] { Trainer::load("/nowhere/at.all", &recording_engine()); }),
            CASD_ERROR_IO);
  const std::string path = test::temporary_path("foreign");
  const Dataset data = tiny_data();
  save_model(*tiny_model(data.schema), path);
  EXPECT_EQ(status_of([&] { Trainer::load(path, &recording_engine()); }), CASD_ERROR_FORMAT);
  std::remove(path.c_str());
}

// A checkpoint would block the next attempt with corrected data.
TEST(ResumeFile, RejectedDataLeaveNoCheckpoint) {
  engine_record() = {};
  const std::string path = test::temporary_path("rejected");
  const Dataset good = tiny_data();
  const auto rejected = [&](const std::function<void(Dataset&)>& change) {
    Dataset data = good;
    change(data);
    Trainer trainer(tiny_model(good.schema), tiny_options(CASD_TEACHER_FROZEN),
                    &recording_engine());
    EXPECT_EQ(status_of([&] { trainer.fit(data, path.c_str(), nullptr, nullptr); }),
              CASD_ERROR_INVALID_ARGUMENT);
    EXPECT_FALSE(std::ifstream(path).good());
  };
  rejected([](Dataset& data) { data.splits[0].name = "all"; });
  rejected([](Dataset& data) { data.schema.outputs.push_back("neutral"); });
  rejected([](Dataset& data) {
    for (Sample& sample : data.splits[0].samples) sample.target.clear();
  });
  rejected([](Dataset& data) {
    set_frames(data.splits[1].samples[3], data.schema, 1, std::vector<float>(12 * 513));
  });
}

// Reported before the first step, because a step can take long.
TEST(ResumeFile, AnUnwritablePathIsReportedFirst) {
  engine_record() = {};
  const Dataset data = tiny_data();
  Trainer trainer(tiny_model(data.schema), tiny_options(CASD_TEACHER_NONE), &recording_engine());
  EXPECT_EQ(status_of([&] { trainer.fit(data, "/nowhere/at/all", nullptr, nullptr); }),
            CASD_ERROR_IO);
  EXPECT_TRUE(engine_record().steps.empty());
}

TEST(ResumeFile, AnUnwritableCheckpointIsAnError) {
  engine_record() = {};
  const Dataset data = tiny_data();
  Trainer trainer(tiny_model(data.schema), tiny_options(CASD_TEACHER_NONE), &recording_engine());
  EXPECT_EQ(status_of([&] { trainer.fit(data, "/nowhere/at/all", nullptr, nullptr); }),
            CASD_ERROR_IO);
}

}  // namespace
}  // namespace casd
