// Checksum, checked arithmetic, errors and spans.
#include "core/checked.h"
#include "core/crc32.h"
#include "core/error.h"
#include "core/span.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace casd {
namespace {

TEST(Crc32, MatchesKnownValues) {
  const std::string check = "123456789";  // the standard check input for CRCs
  EXPECT_EQ(crc32(check.data(), check.size()), 0xCBF43926u);
  EXPECT_EQ(crc32(nullptr, 0), 0u);
  EXPECT_EQ(crc32(check.data() + 4, 5, crc32(check.data(), 4)), 0xCBF43926u);
  // Bit by bit, for lengths and divisions around the 16 and 64 bytes that are processed at once.
  std::vector<unsigned char> bytes(400);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(37 * i + 11);
  std::uint32_t expected = ~0u;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    expected ^= bytes[size - 1];
    for (int bit = 0; bit < 8; ++bit)
      expected = (expected & 1u) ? 0xEDB88320u ^ (expected >> 1) : expected >> 1;
    EXPECT_EQ(crc32(bytes.data(), size), ~expected) << size;
    const std::size_t first = size / 3;
    EXPECT_EQ(crc32(bytes.data() + first, size - first, crc32(bytes.data(), first)), ~expected)
        << size;
  }
  EXPECT_EQ(hexadecimal(0xCBF43926u), "cbf43926");
  EXPECT_EQ(hexadecimal(0x2fu), "0000002f");
}

TEST(Checked, OverflowIsAnError) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(checked_product(3, 4, "frames"), 12u);
  EXPECT_EQ(checked_product(most, 1, "frames"), most);
  EXPECT_EQ(checked_product(most, 0, "frames"), 0u);
  EXPECT_EQ(checked_sum(most - 1, 1, "frames"), most);
  EXPECT_THROW(checked_sum(most, 1, "frames"), Error);
  try {
    checked_product(most / 2 + 1, 2, "the frames", CASD_ERROR_FORMAT);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CASD_ERROR_FORMAT);
    EXPECT_STREQ(e.what(), "the frames is too large");
  }
}

TEST(Error, MessagesAreConcatenated) {
  try {
    require(false, "hidden is ", 0, ", allowed: ", 1, " to ", 4096);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CASD_ERROR_INVALID_ARGUMENT);
    EXPECT_STREQ(e.what(), "hidden is 0, allowed: 1 to 4096");
  }
  EXPECT_NO_THROW(require(true, "never"));
}

TEST(Span, RefersToTheElementsOfAVector) {
  std::vector<float> numbers = {1, 2, 3, 4};
  const Span<float> all = numbers;
  all[1] = 7;
  const Span<const float> seen = all;
  const Span<const float> part = seen.subspan(1, 2);
  EXPECT_EQ(std::vector<float>(part.begin(), part.end()), (std::vector<float>{7, 3}));
  EXPECT_TRUE(Span<const float>().empty());
}

}  // namespace
}  // namespace casd
