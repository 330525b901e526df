// Modalities as groups of the channels of a file: "accelerometer=0-2,gyroscope=3-5".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace casd {

struct ChannelGroup {
  std::string modality;
  std::vector<std::size_t> channels;  // in the order of the modality's features
};
using ChannelGroups = std::vector<ChannelGroup>;

/// The most channels of a file.
constexpr std::size_t most_channels = 65536;

/// Parses the argument `modalities` of casd_dataset_open_as(). NULL and "" give no group. Throws
/// INVALID_ARGUMENT; whether a file has the channels is not checked here.
ChannelGroups parse_channel_groups(const char* text);

}  // namespace casd
