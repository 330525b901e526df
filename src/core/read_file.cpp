#include "core/platform.h"

#include <algorithm>

namespace casd {

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t most) {
  constexpr std::size_t smallest_step = 65536;
  InputFile file(path);
  auto bytes = touched_vector<std::uint8_t>(std::min(file.size(), most));
  // A file may shrink while it is read: the format's checks report it.
  std::size_t at = file.read(bytes.data(), bytes.size());
  while (file.size() == 0 && at == bytes.size() && at < most) {
    bytes.resize(std::min(most, std::max(2 * at, smallest_step)));
    at += file.read(bytes.data() + at, bytes.size() - at);
  }
  bytes.resize(at);
  return bytes;
}

}  // namespace casd
