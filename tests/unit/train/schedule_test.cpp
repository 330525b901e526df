#include "train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

TEST(CosineRate, GoesFromTheRateToItsFinalShare) {
  EXPECT_DOUBLE_EQ(cosine_rate(0.001, 0.05, 0, 16), 0.001);
  EXPECT_NEAR(cosine_rate(0.001, 0.05, 8, 16), 0.001 * 0.525, 1e-15);
  EXPECT_NEAR(cosine_rate(0.001, 0.05, 16, 16), 0.00005, 1e-15);
  EXPECT_EQ(cosine_rate(0.001, 0.05, 20, 16), cosine_rate(0.001, 0.05, 16, 16));
  for (int e = 1; e < 16; ++e)
    EXPECT_LT(cosine_rate(0.001, 0.05, e, 16), cosine_rate(0.001, 0.05, e - 1, 16));
}

TEST(Selection, OnlyALargerScoreIsANewBest) {
  Selection s;
  EXPECT_TRUE(s.tell(50, 0, 0));
  EXPECT_FALSE(s.tell(50, 1, 0));
  EXPECT_EQ(s.waited, 1);
  EXPECT_TRUE(s.tell(51, 2, 0));
  EXPECT_EQ(s.best_epoch, 2);
  EXPECT_EQ(s.best, 51);
  EXPECT_EQ(s.waited, 0);
}

TEST(Selection, EpochsBeforeTheFirstCountNeitherForBestNorForPatience) {
  Selection s;
  for (int e = 0; e < 6; ++e) EXPECT_FALSE(s.tell(100, e, 6));
  EXPECT_EQ(s.best_epoch, -1);
  EXPECT_FALSE(s.exhausted(1));
  EXPECT_TRUE(s.tell(10, 6, 6));
}

// Reference, evidential: selection from epoch 6, patience 10, 16 epochs: never stops early.
TEST(Selection, TheDefaultStudentRunsAllItsEpochs) {
  Selection s;
  for (int e = 0; e < 16; ++e) {
    EXPECT_FALSE(s.exhausted(10)) << e;
    s.tell(-e, e, 6);
  }
}

TEST(Selection, PatienceEndsAPhase) {
  Selection s;
  s.tell(3, 0, 0);
  s.tell(2, 1, 0);
  EXPECT_FALSE(s.exhausted(2));
  s.tell(1, 2, 0);
  EXPECT_TRUE(s.exhausted(2));
}

}  // namespace
}  // namespace casd
