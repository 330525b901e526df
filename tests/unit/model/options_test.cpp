#include "model/options.h"

#include "core/error.h"

#include <gtest/gtest.h>

#include <cstring>

namespace casd {
namespace {

TEST(ModelOptions, ShortestTextReadsBackExactly) {
  EXPECT_EQ(shortest(5), "5.0");
  EXPECT_EQ(shortest(0.01), "0.01");
  EXPECT_EQ(shortest(-2), "-2.0");
  for (const double value : {0.1, 1.0 / 3, 1e-5, 123456.789, 1e300, 0.2 + 0.1}) {
    const std::string text = shortest(value);
    EXPECT_EQ(std::stod(text), value) << text;
  }
}

TEST(ModelOptions, ValuesRoundTripThroughText) {
  casd_model_options options = default_model_options();
  for (const Option& option : model_option_table()) {
    const std::string before = option_text(option, &options);
    set_option(model_option_table(), &options, option.name, before);
    EXPECT_EQ(option_text(option, &options), before) << option.name;
  }
  set_option(model_option_table(), &options, "weights", "precision");
  EXPECT_EQ(options.weights, CASD_WEIGHTS_PRECISION);
}

TEST(ModelOptions, FeedForwardScalesWithTheWidth) {
  casd_model_options options = default_model_options();
  options.hidden = 24;
  EXPECT_EQ(checked(options).feed_forward, 48);
  // The same before or after the preset: the preset sets a factor of the width.
  use_preset(options, CASD_PRESET_REFERENCE);
  options.hidden = 80;
  EXPECT_EQ(checked(options).feed_forward, 320);
  EXPECT_EQ(checked(checked(options)).feed_forward, 320);
  options.feed_forward = 100;
  EXPECT_EQ(checked(options).feed_forward, 100);
  use_preset(options, CASD_PRESET_REFERENCE);
  EXPECT_EQ(checked(options).feed_forward, 320);
  use_preset(options, CASD_PRESET_DEFAULT);
  options.heads = 4;
  EXPECT_EQ(checked(options).feed_forward, 160);
  options.feed_forward_factor = 0;
  EXPECT_THROW(checked(options), Error);
  options.feed_forward_factor = 17;
  EXPECT_THROW(checked(options), Error);
}

TEST(ModelOptions, ReservedFieldsAreZero) {
  casd_model_options options = default_model_options();
  options.reserved = 1;
  EXPECT_THROW(checked(options), Error);
}

TEST(ModelOptions, DependentOptionsAreChecked) {
  casd_model_options options = default_model_options();
  options.heads = 7;
  EXPECT_THROW(checked(options), Error);
  options = default_model_options();
  options.delta_max = options.delta_min;
  EXPECT_THROW(checked(options), Error);
  options = default_model_options();
  options.alpha_max = 1.1;
  EXPECT_THROW(checked(options), Error);
}

TEST(ModelOptions, StructsOfOlderAndNewerCallersAreAccepted) {
  struct Newer {
    casd_model_options options;
    std::uint64_t tail;
  } newer{default_model_options(), 0};
  newer.options.struct_size = sizeof newer;
  newer.options.hidden = 12;
  constexpr std::size_t first = sizeof(casd_model_options);
  EXPECT_EQ(import_struct(&newer.options, default_model_options(), first, "options").hidden, 12);
  newer.tail = 1;
  EXPECT_THROW(import_struct(&newer.options, default_model_options(), first, "options"), Error);

  // Simulates a struct that grew since the first release: an older caller gets the defaults.
  casd_model_options older = default_model_options();
  constexpr std::size_t old_size = offsetof(casd_model_options, seed);
  older.struct_size = old_size;
  older.seed = 99;  // beyond the caller's struct_size
  casd_model_options defaults = default_model_options();
  defaults.seed = 5;
  EXPECT_EQ(import_struct(&older, defaults, old_size, "options").seed, 5u);
  EXPECT_THROW(import_struct(&older, defaults, first, "options"), Error);
  EXPECT_EQ(import_struct<casd_model_options>(nullptr, defaults, first, "options").seed, 5u);
}

TEST(ModelOptions, SurplusBytesAreZeroed) {
  struct Newer {
    casd_model_options options;
    std::uint64_t tail;
  } newer;
  std::memset(&newer, 0xee, sizeof newer);
  const casd_model_options current = default_model_options();
  export_struct_bytes(&newer, sizeof newer, &current, sizeof current, sizeof current, "options");
  EXPECT_EQ(newer.tail, 0u);
  EXPECT_EQ(newer.options.struct_size, sizeof newer);
}

}  // namespace
}  // namespace casd
