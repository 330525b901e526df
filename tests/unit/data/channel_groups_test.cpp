#include "data/channel_groups.h"

#include "core/error.h"

#include <gtest/gtest.h>

namespace casd {
namespace {

std::string rejection(const char* text) {
  try {
    parse_channel_groups(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT) << text;
    return error.what();
  }
  return "accepted";
}

using Channels = std::vector<std::size_t>;

TEST(ChannelGroups, AreRangesAndLists) {
  const ChannelGroups groups = parse_channel_groups("accelerometer=0-2,gyro_2=5,3,7-8,z=4");
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].modality, "accelerometer");
  EXPECT_EQ(groups[0].channels, (Channels{0, 1, 2}));
  EXPECT_EQ(groups[1].modality, "gyro_2");
  EXPECT_EQ(groups[1].channels, (Channels{5, 3, 7, 8}));
  EXPECT_EQ(groups[2].channels, (Channels{4}));
  EXPECT_EQ(parse_channel_groups("a=65535")[0].channels, (Channels{65535}));
}

TEST(ChannelGroups, NothingMeansNoGroup) {
  EXPECT_TRUE(parse_channel_groups(nullptr).empty());
  EXPECT_TRUE(parse_channel_groups("").empty());
}

TEST(ChannelGroups, InvalidTextsAreRejected) {
  EXPECT_EQ(rejection("a=0-2,b=2-3"), "modalities: channel 2 occurs twice, in 'a' and 'b'");
  EXPECT_EQ(rejection("a=3-1"), "modalities: the range '3-1' ends before it begins");
  EXPECT_EQ(rejection("0-2"),
            "modalities: '0-2' has no name; expected e.g. accelerometer=0-2,gyroscope=3,5");
  for (const char* text : {"a", "a=", "a=b", "a=1-", "a=-1", "a=1-2-3", "a=0,", "a=0, 1", "a=0x1",
                           "a=1.5", "a=+1", ",a=0"})
    EXPECT_NE(rejection(text).find("gyroscope=3,5"), std::string::npos) << text << rejection(text);
  EXPECT_NE(rejection("a=65536").find("allowed: 0 to 65535"), std::string::npos);
  EXPECT_NE(rejection("a=0-99999999999999999999").find("too large"), std::string::npos);
  EXPECT_NE(rejection("=0").find("0 bytes"), std::string::npos);
  EXPECT_NE(rejection("a b=0").find("'a b'"), std::string::npos);
  EXPECT_NE(rejection("a=0,a=1").find("modality 'a' already"), std::string::npos);
  std::string many = "m0=0";
  for (int m = 1; m <= 32; ++m) many += ",m" + std::to_string(m) + "=" + std::to_string(m);
  EXPECT_NE(rejection(many.c_str()).find("32 modalities"), std::string::npos);
}

}  // namespace
}  // namespace casd
