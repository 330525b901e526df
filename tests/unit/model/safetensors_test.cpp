#include "model/safetensors.h"

#include "core/error.h"

#include <gtest/gtest.h>

#include <cstring>

namespace casd {
namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes numbers = {0, 0, 128, 63, 0, 0, 0, 64, 1, 2, 3};  // 1.0f, 2.0f and three bytes

Bytes good_file() {
  return serialise_safetensors({{"casd.format", "1"}, {"user.note", "\xc3\xa4 \"quoted\""}},
                               {{"a", DataType::f32, {2}, {numbers.data(), 8}},
                                {"b", DataType::u8, {3, 1}, {numbers.data() + 8, 3}}});
}

/// A file with this header and `data` bytes of data.
Bytes with_header(const std::string& header, std::size_t data) {
  Bytes out(8 + header.size() + data);
  for (std::size_t i = 0; i < 8; ++i)
    out[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(header.size()) >> (8 * i));
  for (std::size_t i = 0; i < header.size(); ++i) out[8 + i] = static_cast<std::uint8_t>(header[i]);
  return out;
}

casd_status status_of(const Bytes& bytes) {
  try {
    parse_safetensors(bytes, "test");
    return CASD_OK;
  } catch (const Error& e) {
    return e.status();
  }
}

TEST(SafeTensors, GoesOutAndIn) {
  const Bytes bytes = good_file();
  const Safetensors file = parse_safetensors(bytes, "test");
  EXPECT_EQ((file.data.data() - bytes.data()) % 64, 0);
  EXPECT_EQ(*file.find_metadata("user.note"), "\xc3\xa4 \"quoted\"");
  EXPECT_EQ(file.find_metadata("user.other"), nullptr);
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[1].shape, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(std::memcmp(file.find_tensor("a")->bytes.data(), numbers.data(), 8), 0);
  EXPECT_EQ(serialise_safetensors(file.metadata, file.tensors), bytes);
}

TEST(SafeTensors, EveryTruncationIsRefused) {
  const Bytes bytes = good_file();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(status_of(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
              CASD_ERROR_FORMAT)
        << size;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(status_of(longer), CASD_ERROR_FORMAT);
}

TEST(SafeTensors, NoFlippedBitGoesFurtherThanAnError) {
  const Bytes bytes = good_file();
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1u << bit);
      const casd_status status = status_of(changed);
      EXPECT_TRUE(status == CASD_OK || status == CASD_ERROR_FORMAT) << at << ' ' << bit;
    }
}

TEST(SafeTensors, HostileHeadersAreRefused) {
  const std::string deep(100000, '[');
  for (const std::string& header : {
           std::string("{"),
           std::string("[]"),
           std::string("null"),
           "{\"a\":" + deep,
           "{\"__metadata__\":" + deep + std::string(100000, ']') + "}",
           std::string(R"({"a":1})"),
           std::string(R"({"__metadata__":{"x":1}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[2]}})"),
           std::string(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})"),
           std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})"),
           std::string(
               R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"),  // leaves a hole
           // Products that wrap around to 8 bytes.
           std::string(R"({"a":{"dtype":"F32","shape":[4611686018427387905,2],)") +
               R"("data_offsets":[0,8]}})",
           std::string(R"({"a":{"dtype":"F32","shape":[18446744073709551615,2],)") +
               R"("data_offsets":[0,8]}})",
           // Two at the same place, and one name twice.
           std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)") +
               R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
           std::string(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)") +
               R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       })
    EXPECT_EQ(status_of(with_header(header, 8)), CASD_ERROR_FORMAT) << header.substr(0, 100);
  EXPECT_EQ(status_of(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8)),
            CASD_OK);
  // A header longer than the file, and one of nearly 2^64 bytes.
  for (const int last : {0, 255}) {
    Bytes bytes = with_header("{}", 8);
    bytes[1] = 1;
    bytes[7] = static_cast<std::uint8_t>(last);
    EXPECT_EQ(status_of(bytes), CASD_ERROR_FORMAT);
  }
}

}  // namespace
}  // namespace casd
