#include "core/temporary_name.h"

#include "core/crc32.h"

namespace casd {
namespace {

constexpr std::size_t most_bytes = 255;  // of a file's name, on common file systems
constexpr std::size_t system_digits = 8, random_digits = 16;
constexpr const char* mark = ".casd-";
constexpr const char* ending = ".tmp";

std::string prefix(const std::string& name) {
  constexpr std::size_t others = 1 + 6 + system_digits + 1 + random_digits + 4;
  std::size_t size = name.size();
  if (size > most_bytes - others) {
    size = most_bytes - others;
    // Not inside a UTF-8 character: some file systems refuse such names.
    while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0u) == 0x80u) --size;
  }
  return "." + name.substr(0, size) + mark;
}

bool is_hexadecimal(const std::string& digits) {
  return digits.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string temporary_name(const std::string& name, std::uint32_t system, std::uint64_t random) {
  return prefix(name) + hexadecimal(system) + "-" +
         hexadecimal(static_cast<std::uint32_t>(random >> 32)) +
         hexadecimal(static_cast<std::uint32_t>(random)) + ending;
}

TemporaryOrigin temporary_origin(const std::string& entry, const std::string& name,
                                 std::uint32_t system) {
  const std::string begin = prefix(name);
  const std::size_t tail = system_digits + 1 + random_digits;
  if (entry.size() != begin.size() + tail + 4 || entry.compare(0, begin.size(), begin) != 0 ||
      entry.compare(begin.size() + tail, 4, ending) != 0)
    return TemporaryOrigin::none;
  const std::string of = entry.substr(begin.size(), system_digits);
  if (!is_hexadecimal(of) || entry[begin.size() + system_digits] != '-' ||
      !is_hexadecimal(entry.substr(begin.size() + system_digits + 1, random_digits)))
    return TemporaryOrigin::none;
  return of == hexadecimal(system) ? TemporaryOrigin::this_system : TemporaryOrigin::other_system;
}

}  // namespace casd
