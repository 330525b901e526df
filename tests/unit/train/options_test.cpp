#include "train/options.h"

#include "core/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace casd {
namespace {

TEST(TrainerOptions, DefaultsAreTheGroundedRecipe) {
  const casd_trainer_options o = default_trainer_options();
  EXPECT_EQ(o.struct_size, sizeof o);
  for (const char* name : {"teacher_epochs", "epochs", "select_from", "patience", "batch_size"})
    EXPECT_EQ(option_text(find_option(trainer_option_table(), name), &o), "auto") << name;
  EXPECT_EQ(o.schedule, CASD_RECIPE_GROUNDED);
  EXPECT_EQ(o.evidence_rate, 10);
  EXPECT_EQ(o.evidence_weight, 1);
  EXPECT_EQ(o.uncertainty_weight, 0);
  EXPECT_EQ(o.dropout, 0.4);
  EXPECT_EQ(o.gradient_clip, 0.8);
  EXPECT_NO_THROW(checked(o));
}

TEST(TrainerOptions, RecipesSetAndResetTheSameFields) {
  casd_trainer_options o = default_trainer_options();
  use_recipe(o, CASD_RECIPE_PAPER);
  EXPECT_EQ(o.schedule, CASD_RECIPE_PAPER);
  EXPECT_EQ(o.uncertainty_weight, 0.1);
  EXPECT_EQ(o.evidence_weight, 0);
  EXPECT_EQ(o.evidence_rate, 1);
  use_recipe(o, CASD_RECIPE_GROUNDED);
  for (const Option& option : trainer_option_table()) {
    const casd_trainer_options fresh = default_trainer_options();
    EXPECT_EQ(option_text(option, &o), option_text(option, &fresh)) << option.name;
  }
  EXPECT_THROW(use_recipe(o, 3), Error);
}

// A field that is missing in the table could neither be set by name nor saved.
TEST(TrainerOptions, TheTableCoversTheWholeStruct) {
  std::size_t covered = sizeof(std::uint32_t);
  for (const Option& option : trainer_option_table())
    covered += option.kind == OptionKind::int32 || option.kind == OptionKind::choice ? 4u : 8u;
  EXPECT_LE(sizeof(casd_trainer_options) - covered, 4u);  // at most padding
}

struct Edge {
  const char* name;
  const char* allowed;
  const char* rejected;
};

class TrainerOptionEdges : public testing::TestWithParam<Edge> {};

TEST_P(TrainerOptionEdges, MatchTheHeader) {
  casd_trainer_options o = default_trainer_options();
  EXPECT_NO_THROW(set_option(trainer_option_table(), &o, GetParam().name, GetParam().allowed));
  try {
    set_option(trainer_option_table(), &o, GetParam().name, GetParam().rejected);
    FAIL() << GetParam().name << " = " << GetParam().rejected;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.what()).find(GetParam().name), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TrainerOptionEdges,
    testing::Values(Edge{"teacher", "none", "unknown"}, Edge{"sampling", "implicit", "uniform"},
                    Edge{"schedule", "paper", "default"}, Edge{"teacher_epochs", "1", "0"},
                    Edge{"epochs", "100000", "100001"}, Edge{"select_from", "0", "-1"},
                    Edge{"patience", "1", "0"}, Edge{"batch_size", "65536", "65537"},
                    Edge{"total_steps", "0", "-1"}, Edge{"balance_classes", "1", "2"},
                    Edge{"calibrate", "0", "-1"}, Edge{"fit_trust", "1", "2"},
                    Edge{"device", "cuda", "tpu"}, Edge{"device_index", "0", "-1"},
                    Edge{"threads", "256", "257"}, Edge{"dropout", "0.999", "1"},
                    Edge{"frame_drop", "1", "1.001"}, Edge{"sigma_scale", "10", "10.1"},
                    Edge{"ema_decay", "1", "-0.1"}, Edge{"logit_weight", "1000", "1001"},
                    Edge{"uncertainty_weight", "0", "-1"}, Edge{"evidence_weight", "0", "nan"},
                    Edge{"evidence_regularizer", "0", "-1"}, Edge{"evidence_rate", "1000", "1001"},
                    Edge{"learning_rate", "1", "0"}, Edge{"final_rate", "1", "1.1"},
                    Edge{"weight_decay", "0", "-1"}, Edge{"gradient_clip", "0", "inf"},
                    Edge{"seed", "18446744073709551615", "-1"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TrainerOptions, AutoIsSetAndReadAsText) {
  casd_trainer_options o = default_trainer_options();
  for (const char* name : {"teacher_epochs", "epochs", "select_from", "patience", "batch_size"}) {
    const Option& option = find_option(trainer_option_table(), name);
    set_option(trainer_option_table(), &o, name, "7");
    EXPECT_EQ(option_text(option, &o), "7");
    set_option(trainer_option_table(), &o, name, "auto");
    EXPECT_EQ(option_text(option, &o), "auto");
    try {
      set_option(trainer_option_table(), &o, name, "-3");
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("auto or "), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(o.epochs, 0);
  EXPECT_EQ(o.select_from, -1);
  EXPECT_THROW(set_option(trainer_option_table(), &o, "threads", "auto"), Error);
}

TEST(TrainerOptions, ChecksRejectInvalidFields) {
  casd_trainer_options o = default_trainer_options();
  o.batch_size = -1;
  EXPECT_THROW(checked(o), Error);
  o.batch_size = 65536;
  EXPECT_NO_THROW(checked(o));
  o = default_trainer_options();
  o.learning_rate = std::nan("");
  EXPECT_THROW(checked(o), Error);
}

}  // namespace
}  // namespace casd
