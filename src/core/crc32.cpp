#include "core/crc32.h"

#include <array>

namespace casd {
namespace {

// Slicing (Kounavis and Berry, doi 10.1109/TC.2008.85): table[k][b] is the checksum of byte b followed by
// k zero bytes, so that sixteen bytes are looked up independently of each other.
constexpr std::size_t slice = 16;
using Tables = std::array<std::array<std::uint32_t, 256>, slice>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1u) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    tables[0][i] = c;
  }
  for (std::size_t k = 1; k < tables.size(); ++k)
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[k - 1][i];
      tables[k][i] = tables[0][before & 0xFFu] ^ (before >> 8);
    }
  return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

std::uint32_t crc32(const void* data, std::size_t size, std::uint32_t crc) {
  const auto* byte = static_cast<const unsigned char*>(data);
  crc = ~crc;
  for (; size >= slice; size -= slice, byte += slice) {
    std::uint32_t next = 0;
    for (std::size_t k = 0; k < 4; ++k)
      next ^= tables[slice - 1 - k][byte[k] ^ (crc >> (8 * k) & 0xFFu)];
    for (std::size_t k = 4; k < slice; ++k) next ^= tables[slice - 1 - k][byte[k]];
    crc = next;
  }
  for (; size > 0; --size, ++byte) crc = tables[0][(crc ^ *byte) & 0xFFu] ^ (crc >> 8);
  return ~crc;
}

std::string hexadecimal(std::uint32_t crc) {
  std::string digits(8, '0');
  for (std::size_t i = 0; i < 8; ++i) digits[7 - i] = "0123456789abcdef"[crc >> (4 * i) & 15u];
  return digits;
}

}  // namespace casd
