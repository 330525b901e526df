#include "train/schedule.h"

#include "train/options.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

TEST(CosineRate, DecreasesToTheFinalRate) {
  EXPECT_DOUBLE_EQ(cosine_rate(0.001, 0.05, 0, 16), 0.001);
  EXPECT_NEAR(cosine_rate(0.001, 0.05, 8, 16), 0.001 * 0.525, 1e-15);
  EXPECT_NEAR(cosine_rate(0.001, 0.05, 16, 16), 0.00005, 1e-15);
  EXPECT_EQ(cosine_rate(0.001, 0.05, 20, 16), cosine_rate(0.001, 0.05, 16, 16));
  for (int e = 1; e < 16; ++e)
    EXPECT_LT(cosine_rate(0.001, 0.05, e, 16), cosine_rate(0.001, 0.05, e - 1, 16));
}

void expect_schedule(const casd_trainer_options& options, std::int64_t samples,
                     const Schedule& expected) {
  const Schedule found = resolve_schedule(options, samples);
  EXPECT_EQ(found.batch_size, expected.batch_size) << samples;
  EXPECT_EQ(found.teacher_epochs, expected.teacher_epochs) << samples;
  EXPECT_EQ(found.epochs, expected.epochs) << samples;
  EXPECT_EQ(found.select_from, expected.select_from) << samples;
  EXPECT_EQ(found.patience, expected.patience) << samples;
}

TEST(ResolveSchedule, AdaptsToTheNumberOfSamples) {
  const casd_trainer_options options = default_trainer_options();
  expect_schedule(options, 1, {8, 240, 320, 120, 200});
  expect_schedule(options, 32, {8, 60, 80, 30, 50});
  expect_schedule(options, 60, {8, 30, 40, 15, 25});
  expect_schedule(options, 127, {8, 15, 20, 8, 13});
  expect_schedule(options, 128, {16, 30, 40, 15, 25});
  expect_schedule(options, 300, {32, 24, 32, 12, 20});
  expect_schedule(options, 1023, {64, 15, 20, 8, 13});
  expect_schedule(options, 1024, {128, 30, 40, 15, 25});
  expect_schedule(options, 1447, {128, 20, 27, 10, 17});
  expect_schedule(options, 100000, {128, 12, 16, 6, 10});  // values of the recipe
}

TEST(ResolveSchedule, FollowsTheRecipe) {
  casd_trainer_options options = default_trainer_options();
  use_recipe(options, CASD_RECIPE_PAPER);
  expect_schedule(options, 1447, {128, 20, 27, 0, 9});
  expect_schedule(options, 100000, {128, 12, 25, 0, 8});
  options.epochs = 1;
  expect_schedule(options, 100000, {128, 12, 1, 0, 1});
  use_recipe(options, CASD_RECIPE_EVIDENTIAL);
  expect_schedule(options, 100000, {128, 12, 16, 6, 10});
}

TEST(ResolveSchedule, GivenNumbersAreKept) {
  casd_trainer_options options = default_trainer_options();
  options.batch_size = 10;
  expect_schedule(options, 100, {10, 24, 32, 12, 20});
  options.epochs = 3;
  expect_schedule(options, 100, {10, 24, 3, 1, 2});
  options.select_from = 0;
  options.patience = 7;
  options.teacher_epochs = 1;
  expect_schedule(options, 100, {10, 1, 3, 0, 7});
  const casd_trainer_options fixed = with_schedule(options, resolve_schedule(options, 100));
  expect_schedule(fixed, 5, {10, 1, 3, 0, 7});
}

// Recipe evidential: even if only the first selectable epoch is a new best, patience does not end it.
TEST(ResolveSchedule, TheStudentNeverStopsEarly) {
  casd_trainer_options options = default_trainer_options();
  for (options.epochs = 1; options.epochs < 2000; ++options.epochs) {
    const Schedule s = resolve_schedule(options, 1000);
    ASSERT_GE(s.select_from + s.patience, s.epochs);
    ASSERT_LT(s.select_from, s.epochs);
  }
}

TEST(Selection, OnlyALargerScoreIsANewBest) {
  Selection s;
  EXPECT_TRUE(s.update(50, 0, 0));
  EXPECT_FALSE(s.update(50, 1, 0));
  EXPECT_EQ(s.waited, 1);
  EXPECT_TRUE(s.update(51, 2, 0));
  EXPECT_EQ(s.best_epoch, 2);
  EXPECT_EQ(s.best, 51);
  EXPECT_EQ(s.waited, 0);
}

TEST(Selection, EpochsBeforeTheFirstCountNeitherForBestNorForPatience) {
  Selection s;
  for (int e = 0; e < 6; ++e) EXPECT_FALSE(s.update(100, e, 6));
  EXPECT_EQ(s.best_epoch, -1);
  EXPECT_FALSE(s.exhausted(1));
  EXPECT_TRUE(s.update(10, 6, 6));
}

// Reference, evidential: selection from epoch 6, patience 10, 16 epochs: never stops early.
TEST(Selection, TheDefaultStudentRunsAllItsEpochs) {
  Selection s;
  for (int e = 0; e < 16; ++e) {
    EXPECT_FALSE(s.exhausted(10)) << e;
    s.update(-e, e, 6);
  }
}

TEST(Selection, PatienceEndsAPhase) {
  Selection s;
  s.update(3, 0, 0);
  s.update(2, 1, 0);
  EXPECT_FALSE(s.exhausted(2));
  s.update(1, 2, 0);
  EXPECT_TRUE(s.exhausted(2));
}

}  // namespace
}  // namespace casd
