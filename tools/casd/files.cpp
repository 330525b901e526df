#include "files.h"

#include "common.h"
#include "terminal.h"

#include <nlohmann/json.hpp>

namespace program {
namespace {

/// Whether the header of a safetensors file (length, JSON) has this key in its metadata.
bool has_metadata(const std::string& head, const char* key) {
  constexpr std::size_t prefix = 8;
  if (head.size() < prefix) return false;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < prefix; ++i)
    length |= std::uint64_t{static_cast<unsigned char>(head[i])} << (8 * i);
  if (length > head.size() - prefix) return false;
  // Header keys only: a file whose tensors have this name is no model.
  const auto depth_limit = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    return depth < 4;
  };
  const auto begin = head.begin() + prefix;
  const auto json =
      nlohmann::json::parse(begin, begin + static_cast<std::ptrdiff_t>(length), depth_limit, false);
  if (!json.is_object()) return false;
  const auto metadata = json.find("__metadata__");
  return metadata != json.end() && metadata->is_object() && metadata->contains(key);
}

}  // namespace

Content content_of(const std::string& path) {
  switch (path_kind(path)) {
    case PathKind::missing:
      return Content::missing;
    case PathKind::folder:
      return Content::folder;
    case PathKind::other:
      return Content::stream;
    case PathKind::file:
      break;
  }
  constexpr std::size_t longest_header = std::size_t{16} << 20;
  const std::string head = read_head(path, longest_header);
  if (head.empty()) return Content::empty;
  if (has_metadata(head, "casd.checkpoint")) return Content::checkpoint;
  return has_metadata(head, "casd.format") ? Content::model : Content::other;
}

bool is_hdf5(const std::string& path) {
  const std::string signature = "\x89HDF\r\n\x1a\n";
  return path_kind(path) == PathKind::file && read_head(path, signature.size()) == signature;
}

bool is_ts(const std::string& path) {
  if (path_kind(path) != PathKind::file) return false;
  constexpr std::size_t longest_comment = std::size_t{1} << 20;
  const std::string head = read_head(path, longest_comment);
  std::size_t at = head.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0;
  while ((at = head.find_first_not_of(" \t\r\n", at)) != std::string::npos &&
         (head[at] == '#' || head[at] == '%'))
    at = head.find_first_of("\r\n", at);
  return at != std::string::npos && head[at] == '@';
}

std::string hint_about_data(const std::string& path) {
  if (path_kind(path) != PathKind::file) return "";
  constexpr std::size_t most = 65536;
  const std::string head = read_head(path, most);
  const auto begins = [&](const char* text) { return head.rfind(text, 0) == 0; };
  if (begins("PK\x03\x04") || begins("\xD0\xCF\x11\xE0"))
    return "\nThis seems to be a workbook or an archive. Export the table as CSV (UTF-8).";
  if (begins("\xFF\xFE") || begins("\xFE\xFF"))
    return "\nThis seems to be UTF-16 text. Save it as UTF-8.";
  if (content_of(path) == Content::model) return "\nThis is a CASD model, not data.";
  const std::string line = head.substr(0, head.find('\n'));
  for (const auto& [separator, name] : {std::pair{';', "semicolons"}, std::pair{'\t', "tabs"}})
    if (line.find(separator) != std::string::npos && line.find(',') == std::string::npos)
      return std::string("\nThe columns seem to be separated by ") + name +
             ". Separate them by commas, with a point in decimal numbers.";
  return "";
}

void require_writable(const std::string& option, const std::string& path, Content content) {
  const std::string what = option + " " + path + ": ";
  const Content present = content_of(path);
  if (present == Content::stream) return;
  if (present == Content::folder) throw Failure(what + "is a folder; name a file");
  if (present != Content::missing && present != Content::empty && present != content)
    throw Failure(what + "the file exists and is not a CASD " +
                  (content == Content::model ? "model" : "checkpoint") +
                  ", so that it is not overwritten; remove it or name another file");
  if (!parent_is_writable(path))
    throw Failure(what + "its folder does not exist or is not writable");
}

}  // namespace program
