#include "core/crc32.h"

#include <array>

#if defined(__x86_64__) && defined(__GNUC__)
#define CASD_CARRYLESS_PRODUCTS
#include <wmmintrin.h>
#endif

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

/// Continues the register `crc`, which is the checksum inverted.
std::uint32_t look_up(const unsigned char* byte, std::size_t size, std::uint32_t crc) {
  for (; size >= slice; size -= slice, byte += slice) {
    std::uint32_t next = 0;
    for (std::size_t k = 0; k < 4; ++k)
      next ^= tables[slice - 1 - k][byte[k] ^ (crc >> (8 * k) & 0xFFu)];
    for (std::size_t k = 4; k < slice; ++k) next ^= tables[slice - 1 - k][byte[k]];
    crc = next;
  }
  for (; size > 0; --size, ++byte) crc = tables[0][(crc ^ *byte) & 0xFFu] ^ (crc >> 8);
  return crc;
}

#ifdef CASD_CARRYLESS_PRODUCTS

constexpr std::size_t four_slices = 4 * slice;

/// The product of each half of `value` with its factor, and `next` added: `value` moved by the bytes
/// that the factors stand for.
[[gnu::target("pclmul")]] __m128i moved(__m128i value, __m128i factors, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(value, factors, 0x00);
  const __m128i high = _mm_clmulepi64_si128(value, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__m128i sixteen(const unsigned char* byte) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(byte));
}

/// As look_up(), for at least four slices: four sums of one slice are moved over the others, then over
/// each other and over what is left (Gopal et al., Fast CRC Computation for Generic Polynomials Using
/// PCLMULQDQ Instruction, Intel 2009). The factors are x^n modulo the polynomial, reflected.
[[gnu::target("pclmul")]] std::uint32_t fold(const unsigned char* byte, std::size_t size,
                                             std::uint32_t crc) {
  const __m128i four = _mm_set_epi64x(0x01C6E41596, 0x0154442BD4);  // by 64 bytes
  const __m128i one = _mm_set_epi64x(0x00CCAA009E, 0x01751997D0);   // by 16
  __m128i sum[4];
  for (std::size_t k = 0; k < 4; ++k) sum[k] = sixteen(byte + slice * k);
  sum[0] = _mm_xor_si128(sum[0], _mm_cvtsi32_si128(static_cast<int>(crc)));
  for (byte += four_slices, size -= four_slices; size >= four_slices;
       byte += four_slices, size -= four_slices)
    for (std::size_t k = 0; k < 4; ++k) sum[k] = moved(sum[k], four, sixteen(byte + slice * k));
  for (std::size_t k = 1; k < 4; ++k) sum[k] = moved(sum[k - 1], one, sum[k]);
  __m128i all = sum[3];
  for (; size >= slice; byte += slice, size -= slice) all = moved(all, one, sixteen(byte));
  unsigned char folded[slice];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded), all);
  return look_up(byte, size, look_up(folded, slice, 0));
}

#endif

}  // namespace

std::uint32_t crc32(const void* data, std::size_t size, std::uint32_t crc) {
  const auto* byte = static_cast<const unsigned char*>(data);
#ifdef CASD_CARRYLESS_PRODUCTS
  static const bool can_fold = __builtin_cpu_supports("pclmul");
  if (can_fold && size >= four_slices) return ~fold(byte, size, ~crc);
#endif
  return ~look_up(byte, size, ~crc);
}

std::string hexadecimal(std::uint32_t crc) {
  std::string digits(8, '0');
  for (std::size_t i = 0; i < 8; ++i) digits[7 - i] = "0123456789abcdef"[crc >> (4 * i) & 15u];
  return digits;
}

}  // namespace casd
