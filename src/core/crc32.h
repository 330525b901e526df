// CRC-32 as zlib computes it (polynomial 0xEDB88320, reflected).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace casd {

/// Continues `crc` (0 to begin) over the bytes; crc32(b, crc32(a)) = crc32(ab).
std::uint32_t crc32(const void* data, std::size_t size, std::uint32_t crc = 0);

/// Eight lower-case hexadecimal digits, as files have it.
std::string hexadecimal(std::uint32_t crc);

}  // namespace casd
