// What a trainer measures and remarks on, with a recording engine.
#include "train/training_remarks.h"

#include "core/log.h"
#include "eval/selection_score.h"
#include "unit/train/training_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace casd {
namespace {

using test::recording_engine;

using Messages = std::vector<std::pair<casd_log_level, std::string>>;

/// The log messages of a call.
Messages logged(const std::function<void()>& call) {
  Messages out;
  set_log([](casd_log_level level, const char* text,
             void* user) { static_cast<Messages*>(user)->emplace_back(level, text); },
          CASD_LOG_INFO, &out);
  call();
  set_log(nullptr, CASD_LOG_WARNING, nullptr);
  return out;
}

std::int64_t count_of(const Messages& messages, const std::string& part, casd_log_level level) {
  return std::count_if(messages.begin(), messages.end(), [&](const auto& message) {
    return message.first == level && message.second.find(part) != std::string::npos;
  });
}

EvidenceSummary plain_summary() {
  EvidenceSummary out;
  out.modalities.assign(3, {10, 0.3, 2});
  for (ModalityMask mask = 1; mask < 8; ++mask)
    out.conditions.push_back({mask, mask == 7 ? 1.0 : 3.0, 1, 70});
  out.spread = 0.5;
  out.chance = 50;
  out.standard_error = 3;
  return out;
}

class TrainingRemarks : public TrainingLoop {
 protected:
  std::vector<RemarkKind> kinds(const TrainingFacts& facts, const EvidenceSummary& sampled) const {
    std::vector<RemarkKind> out;
    for (const Remark& remark : training_remarks(*model_, facts, sampled, plain_summary()))
      out.push_back(remark.kind);
    return out;
  }
  static bool has(const Trainer& trainer, RemarkKind kind) {
    return std::any_of(trainer.remarks().begin(), trainer.remarks().end(),
                       [&](const Remark& remark) { return remark.kind == kind; });
  }
};

using Kinds = std::vector<RemarkKind>;

TEST_F(TrainingRemarks, TooFewSteps) {
  TrainingFacts facts;
  facts.student_steps = few_student_steps;
  EXPECT_EQ(kinds(facts, plain_summary()), Kinds()) << "there is no teacher's phase";
  facts.teacher_steps = few_teacher_steps;
  EXPECT_EQ(kinds(facts, plain_summary()), Kinds());
  --facts.teacher_steps;
  EXPECT_EQ(kinds(facts, plain_summary()), Kinds{RemarkKind::too_few_steps});
  ++facts.teacher_steps;
  --facts.student_steps;
  EXPECT_EQ(kinds(facts, plain_summary()), Kinds{RemarkKind::too_few_steps});
  EXPECT_EQ(kinds({}, plain_summary()), Kinds()) << "the number of steps is unknown";
}

TEST_F(TrainingRemarks, NothingDropped) {
  TrainingFacts facts;
  facts.drops_modalities = false;
  EXPECT_EQ(kinds(facts, plain_summary()), Kinds{RemarkKind::nothing_dropped});
  Sample both = data_.splits[0].samples[0], one = both;
  both.given = 3;
  one.given = 2;
  EXPECT_FALSE(can_drop_modality(std::vector<const Sample*>{&one, &one}));
  EXPECT_TRUE(can_drop_modality(std::vector<const Sample*>{&one, &both}));
}

TEST_F(TrainingRemarks, NoiseDominates) {
  EvidenceSummary sampled = plain_summary();
  sampled.spread = 1 / RemarkLimits::noise_ratio + 0.001;
  TrainingFacts facts;
  EXPECT_EQ(kinds(facts, sampled), Kinds());
  sampled.spread -= 0.002;
  EXPECT_EQ(kinds(facts, sampled), Kinds{RemarkKind::noise_dominates});
  facts.student_steps = 1;
  EXPECT_EQ(kinds(facts, sampled), Kinds{RemarkKind::too_few_steps}) << "which explains it";
  facts.student_steps = few_student_steps;
  facts.sampling_factor = 0.5;  // half the noise
  EXPECT_EQ(kinds(facts, sampled), Kinds());
}

TEST_F(TrainingRemarks, ATrainingThatSamplesMostlyNoiseIsNamed) {
  casd_trainer_options options = small_options();
  options.sigma_scale = 10;
  options.teacher_epochs = 30;  // of 4 steps
  options.epochs = 40;
  for (const bool samples : {true, false}) {
    options.sampling = samples ? CASD_SAMPLING_STUDENT_T : CASD_SAMPLING_NONE;
    const auto trainer = make(options);
    trainer->fit(data_, nullptr, nullptr, nullptr);
    EXPECT_EQ(has(*trainer, RemarkKind::noise_dominates), samples);
  }
}

TEST_F(TrainingRemarks, EachEpochIsMeasured) {
  const auto trainer = make(small_options());
  EXPECT_TRUE(trainer->summary().conditions.empty());
  const std::vector<const Sample*> valid = sample_pointers(data_.splits[1].samples);
  for (int epoch = 0; epoch < 5; ++epoch) {
    const Messages messages = logged([&] { trainer->epoch(data_); });
    EXPECT_EQ(count_of(messages, epoch < 2 ? "teacher, epoch " : "student, epoch ", CASD_LOG_INFO),
              1);
    if (epoch == 4) break;
    if (epoch == 1) continue;  // the student begins: the snapshot is that of the best epoch
    Predictor predictor(trainer->snapshot(), default_predictor_options());
    EvidenceSummary expected;
    selection_score(predictor, valid, true, &expected);
    const EvidenceSummary& found = trainer->summary();
    for (std::size_t c = 0; c < 7; ++c) {
      EXPECT_EQ(found.conditions[c].uncertainty, expected.conditions[c].uncertainty) << epoch;
      EXPECT_EQ(found.conditions[c].score, expected.conditions[c].score) << epoch;
    }
    EXPECT_TRUE(trainer->remarks().empty());
  }
  // 30 of the samples have a modality; all are used: fewer than 1024.
  Predictor predictor(trainer->snapshot(), default_predictor_options());
  EvidenceSummary expected;
  selection_score(predictor, valid, true, &expected);
  for (std::size_t m = 0; m < 3; ++m)
    EXPECT_EQ(trainer->summary().modalities[m].degrees_of_freedom,
              expected.modalities[m].degrees_of_freedom);
}

TEST_F(TrainingRemarks, EndATrainingAndAreLoggedOnce) {
  const auto trainer = make(small_options());
  const Messages messages = logged([&] { trainer->fit(data_, nullptr, nullptr, nullptr); });
  ASSERT_TRUE(has(*trainer, RemarkKind::too_few_steps));  // 8 and 12
  EXPECT_EQ(
      count_of(messages, "too few steps: teacher 8 (at least 120), student 12 (at least 160);",
               CASD_LOG_WARNING),
      1);
  EXPECT_FALSE(has(*trainer, RemarkKind::nothing_dropped));
}

TEST_F(TrainingRemarks, ALoadedTrainingHasTheSameOnes) {
  const std::string path = testing::TempDir() + "remarks.checkpoint";
  const auto trainer = make(small_options());
  trainer->fit(data_, path.c_str(), nullptr, nullptr);
  const auto loaded = Trainer::load(path, &recording_engine());
  EXPECT_TRUE(loaded->remarks().empty());
  loaded->prepare(data_);
  ASSERT_EQ(loaded->remarks().size(), trainer->remarks().size());
  for (std::size_t i = 0; i < trainer->remarks().size(); ++i)
    EXPECT_EQ(loaded->remarks()[i].text, trainer->remarks()[i].text);
  EXPECT_EQ(loaded->summary().conditions.back().scale, trainer->summary().conditions.back().scale);
}

TEST_F(TrainingRemarks, OneModalityPerSampleIsNeverDropped) {
  Dataset data = data_;
  for (std::size_t i = 0; i < data.splits[0].samples.size(); ++i) {
    Sample& sample = data.splits[0].samples[i];
    const auto kept = static_cast<std::int32_t>(i % 3);
    const auto steps = static_cast<std::size_t>(data.schema.modalities[i % 3].features);
    const std::vector<float> frames(steps, static_cast<float>(i));
    for (std::int32_t m = 0; m < 3; ++m)
      set_frames(sample, data.schema, m,
                 m == kept ? Span<const float>(frames) : Span<const float>());
  }
  const auto trainer = make(small_options());
  trainer->fit(data, nullptr, nullptr, nullptr);
  EXPECT_TRUE(has(*trainer, RemarkKind::nothing_dropped));
}

TEST_F(TrainingRemarks, StepByStepTheyComeWithTheCalibration) {
  const auto trainer = make(small_options());
  trainer->prepare(data_);
  trainer->step(batch(0, 8));
  Batch held_out(data_.schema);
  for (const Sample& sample : data_.splits[1].samples)
    if (sample.given) held_out.add() = sample;
  trainer->calibrate(nullptr, held_out);
  EXPECT_TRUE(has(*trainer, RemarkKind::nothing_dropped)) << "the student's phase was not reached";
  EXPECT_TRUE(has(*trainer, RemarkKind::too_few_steps));
  trainer->set_phase(CASD_PHASE_STUDENT);
  for (int i = 0; i < few_student_steps; ++i) trainer->step(batch(i % 10, 4));
  trainer->calibrate(nullptr, held_out);
  EXPECT_FALSE(has(*trainer, RemarkKind::nothing_dropped));
  EXPECT_FALSE(has(*trainer, RemarkKind::too_few_steps));
  EXPECT_TRUE(std::isfinite(trainer->summary().conditions.back().score));
  // A model that was trained elsewhere: nothing is known of its steps.
  Trainer second(trainer->snapshot(), small_options(), &recording_engine());
  second.calibrate(nullptr, held_out);
  EXPECT_FALSE(has(second, RemarkKind::nothing_dropped));
  EXPECT_FALSE(has(second, RemarkKind::too_few_steps));
}

TEST_F(TrainingRemarks, AKindIsLoggedOnce) {
  casd_trainer_options options = small_options();
  options.teacher = CASD_TEACHER_NONE;
  const auto trainer = make(options);
  trainer->prepare(data_);
  Batch held_out(data_.schema);
  for (const Sample& sample : data_.splits[1].samples)
    if (sample.given) held_out.add() = sample;
  for (int i = 0; i < 2; ++i) {
    trainer->step(batch(0, 8));
    const Messages messages = logged([&] { trainer->calibrate(nullptr, held_out); });
    EXPECT_TRUE(has(*trainer, RemarkKind::too_few_steps));
    EXPECT_EQ(count_of(messages, "too few steps: student", CASD_LOG_WARNING), i == 0 ? 1 : 0);
  }
}

TEST_F(TrainingRemarks, ValuesByQuantityAndMask) {
  EvidenceSummary summary = plain_summary();
  summary.modalities[1] = {11, 0.25, 5};
  summary.conditions[4] = {5, 7, 8, 9};
  const Schema& schema = data_.schema;
  const auto value = [&](casd_train_quantity quantity, ModalityMask mask) {
    return summary_value(schema, summary, quantity, mask);
  };
  EXPECT_EQ(value(CASD_TRAIN_DEGREES_OF_FREEDOM, 2), 11);
  EXPECT_EQ(value(CASD_TRAIN_WEIGHT, 2), 0.25);
  EXPECT_EQ(value(CASD_TRAIN_VARIANCE, 2), 5);
  EXPECT_EQ(value(CASD_TRAIN_UNCERTAINTY, 5), 7);
  EXPECT_EQ(value(CASD_TRAIN_SCALE, 5), 8);
  EXPECT_EQ(value(CASD_TRAIN_SCORE, 5), 9);
  EXPECT_EQ(status_of([&] { value(CASD_TRAIN_VARIANCE, 3); }), CASD_ERROR_INVALID_ARGUMENT);
  summary.conditions.erase(summary.conditions.begin() + 2);  // as above six modalities
  EXPECT_EQ(status_of([&] { value(CASD_TRAIN_SCORE, 3); }), CASD_ERROR_NOT_FOUND);
  summary = {};
  EXPECT_TRUE(std::isnan(value(CASD_TRAIN_VARIANCE, 2)));
  EXPECT_TRUE(std::isnan(value(CASD_TRAIN_SCORE, 3)));
}

}  // namespace
}  // namespace casd
