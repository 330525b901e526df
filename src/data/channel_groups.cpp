#include "data/channel_groups.h"

#include "core/error.h"
#include "model/schema.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace casd {
namespace {

constexpr const char* example = "expected e.g. accelerometer=0-2,gyroscope=3,5";

std::size_t parse_channel(std::string_view digits, std::string_view item) {
  std::size_t channel = 0;
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, channel);
  if (result.ec == std::errc::result_out_of_range ||
      (result.ec == std::errc() && result.ptr == end && channel >= most_channels))
    fail(CASD_ERROR_INVALID_ARGUMENT, "modalities: channel ", digits,
         " is too large, allowed: 0 to ", most_channels - 1);
  if (result.ec != std::errc() || result.ptr != end)
    fail(CASD_ERROR_INVALID_ARGUMENT, "modalities: '", item, "' is neither a channel nor a range; ",
         example);
  return channel;
}

class GroupParser {
 public:
  /// An item is "NAME=CHANNELS", which begins a modality, or "CHANNELS", which continues it.
  void add(std::string_view item) {
    const std::size_t equals = item.find('=');
    if (equals != std::string_view::npos) {
      groups_.push_back({std::string(item.substr(0, equals)), {}});
    } else if (groups_.empty()) {
      fail(CASD_ERROR_INVALID_ARGUMENT, "modalities: '", item, "' has no name; ", example);
    }
    add_channels(equals == std::string_view::npos ? item : item.substr(equals + 1), item);
  }

  ChannelGroups groups() {
    Schema schema;  // checks names and counts
    for (const ChannelGroup& group : groups_)
      schema.add_modality(group.modality, static_cast<std::int32_t>(group.channels.size()));
    return std::move(groups_);
  }

 private:
  void add_channels(std::string_view range, std::string_view item) {
    const std::size_t dash = range.find('-');
    const std::size_t first = parse_channel(range.substr(0, dash), item);
    const std::size_t last =
        dash == std::string_view::npos ? first : parse_channel(range.substr(dash + 1), item);
    if (last < first)
      fail(CASD_ERROR_INVALID_ARGUMENT, "modalities: the range '", range,
           "' ends before it begins");
    std::vector<std::size_t>& channels = groups_.back().channels;
    for (std::size_t channel = first; channel <= last; ++channel) {
      if (taken_[channel])
        fail(CASD_ERROR_INVALID_ARGUMENT, "modalities: channel ", channel, " occurs twice, in '",
             owner(channel), "' and '", groups_.back().modality, "'");
      taken_[channel] = true;
      channels.push_back(channel);
    }
  }

  const std::string& owner(std::size_t channel) const {
    const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const ChannelGroup& group) {
      return std::count(group.channels.begin(), group.channels.end(), channel) != 0;
    });
    return found->modality;
  }

  ChannelGroups groups_;
  std::vector<bool> taken_ = std::vector<bool>(most_channels);
};

}  // namespace

ChannelGroups parse_channel_groups(const char* text) {
  if (!text || !*text) return {};
  GroupParser parser;
  std::string_view rest = text;
  for (;;) {
    const std::size_t comma = rest.find(',');
    parser.add(rest.substr(0, comma));
    if (comma == std::string_view::npos) return parser.groups();
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace casd
