#include "model/safetensors.h"

#include "core/error.h"
#include "support/allocations.h"

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

/// A file with this header, padded, and `data` bytes of data.
Bytes with_header(std::string header, std::size_t data, char padding = ' ') {
  while ((8 + header.size()) % 64 != 0) header += padding;
  Bytes out(8 + header.size() + data);
  for (std::size_t i = 0; i < 8; ++i)
    out[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(header.size()) >> (8 * i));
  for (std::size_t i = 0; i < header.size(); ++i) out[8 + i] = static_cast<std::uint8_t>(header[i]);
  return out;
}

/// The error message; fails unless the status is FORMAT.
std::string rejection(const Bytes& bytes) {
  try {
    parse_safetensors(bytes, "test");
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_FORMAT) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

casd_status status_of(const Bytes& bytes) {
  try {
    parse_safetensors(bytes, "test");
    return CASD_OK;
  } catch (const Error& e) {
    return e.status();
  }
}

TEST(SafeTensors, WritesAndReadsBack) {
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

TEST(SafeTensors, EveryTruncationIsRejected) {
  const Bytes bytes = good_file();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(status_of(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
              CASD_ERROR_FORMAT)
        << size;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(status_of(longer), CASD_ERROR_FORMAT);
}

TEST(SafeTensors, AFlippedBitIsRejectedOrSavesToTheSameBytes) {
  const Bytes bytes = good_file();
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1u << bit);
      const casd_status status = status_of(changed);
      ASSERT_TRUE(status == CASD_OK || status == CASD_ERROR_FORMAT) << at << ' ' << bit;
      if (status == CASD_ERROR_FORMAT) continue;
      const Safetensors file = parse_safetensors(changed, "test");
      EXPECT_EQ(serialise_safetensors(file.metadata, file.tensors), changed) << at << ' ' << bit;
    }
}

TEST(SafeTensors, MalformedHeadersAreRejected) {
  ASSERT_EQ(status_of(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8)),
            CASD_OK);
  const std::string deep(100000, '[');
  const std::pair<std::string, const char*> cases[] = {
      {"{", "expected a key"},
      {"[]", "expected {"},
      {"null", "expected {"},
      {"", "expected {"},
      {"{\"a\":" + deep, "a: expected {"},
      {"{\"__metadata__\":" + deep + std::string(100000, ']') + "}", "__metadata__: expected {"},
      {"{\"__metadata__\":{\"x\":" + deep, "x: expected a text"},
      {R"({"a":{"dtype":"F32","shape":)" + deep, "shape: expected a whole number"},
      {R"({"a":1})", "a: expected {"},
      {R"({"__metadata__":{"x":1}})", "x: expected a text"},
      {R"({"__metadata__":{}})", "no entries"},
      {R"({"__metadata__":{"x":"1","x":"1"}})", "x occurs twice"},
      {R"({"__metadata__":{"x":"1","x":"2"}})", "x occurs twice"},
      {R"({"__metadata__":{"x":"1",}})", "expected a key"},
      {R"({"__metadata__":{"x":"1"}"y":1})", "expected ,"},
      {R"({"__metadata__":{"x":"1"},"__metadata__":{"y":"1"}})", "__metadata__"},
      {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"__metadata__":{"y":"1"}})",
       "__metadata__"},
      {"{\"__metadata__\":{\"x\":\"\xff\"}}", "not UTF-8"},
      {R"({"__metadata__":{"x":"\u0000"}})", "escape"},
      {R"({"__metadata__":{"x":"\u00e4"}})", "escape"},
      {R"({"__metadata__":{"x":"\u000A"}})", "escape"},
      {R"({"__metadata__":{"x":"\u000a"}})", "escape"},
      {R"({"__metadata__":{"x":"\u001F"}})", "escape"},
      {R"({"__metadata__":{"x":"\ud83d\ude00"}})", "escape"},
      {R"({"__metadata__":{"x":"\)", "escape"},
      {R"({"__metadata__":{"x":"\u)", "escape"},
      {R"({"__metadata__":{"x)", "does not end"},
      {"{\"__metadata__\":{\"x\":\"\n\"}}", "control character"},
      {R"({"a":{"dtype":"F32","shape":[2]}})", "data_offsets is missing"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", "unexpected key x"},
      {R"({"a":{"shape":[2],"dtype":"F32","data_offsets":[0,8]}})", "expected key dtype"},
      {R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}})", "F16"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "its shape needs 12"},
      {R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "shape"},
      {R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", "shape"},
      {R"({"a":{"dtype":"F32","shape":[ 2],"data_offsets":[0,8]}})", "shape"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "begins at 8"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}})", "data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", "data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})", "data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", "another element"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[]}})", "another element"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[]0,8]}})", "another element"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[]0]8]}})", "another element"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]8]}})", "another element"},
      {R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})", "dimensions"},
      // A gap between tensors.
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "belong to no tensor"},
      // Products that overflow to 8 bytes.
      {R"({"a":{"dtype":"F32","shape":[4611686018427387905,2],"data_offsets":[0,8]}})", "shape"},
      {R"({"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}})", "shape"},
      // Two tensors with the same offset, and a duplicate name.
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
       R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
       "begins at 0"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "a occurs twice"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x)", "expected spaces"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})" + std::string(64, ' '),
       "expected spaces"},
  };
  for (const auto& [header, part] : cases) {
    const std::string message = rejection(with_header(header, 8));
    EXPECT_NE(message.find(part), std::string::npos) << header.substr(0, 100) << ": " << message;
    EXPECT_EQ(message.rfind("test: ", 0), 0u) << message;
    EXPECT_LT(message.size(), 250u) << message;
  }
  EXPECT_NE(rejection(with_header("{}", 0, '\n')).find("expected spaces"), std::string::npos);
  // Dimensions that are each below the file size, with a product above 64 bits.
  const std::string wide = "65536,65536,65536,65536";
  EXPECT_NE(rejection(with_header(R"({"a":{"dtype":"F32","shape":[)" + wide + "]", 65536))
                .find("too large"),
            std::string::npos);
  // A header longer than the file, and one of nearly 2^64 bytes.
  for (const int last : {0, 255}) {
    Bytes bytes = with_header("{}", 8);
    bytes[1] = 1;
    bytes[7] = static_cast<std::uint8_t>(last);
    EXPECT_EQ(status_of(bytes), CASD_ERROR_FORMAT);
  }
}

std::string many(const std::string& before, const std::string& after, std::size_t count) {
  std::string out = "{";
  for (std::size_t i = 0; i < count; ++i)
    out += (i ? ",\"" : "\"") + before + std::to_string(i) + after;
  return out + "}";
}

TEST(SafeTensors, LimitsAreEnforced) {
  const auto metadata = [](std::size_t count) {
    return with_header("{\"__metadata__\":" + many("user.", "\":\"\"", count) + "}", 0);
  };
  const Bytes most = metadata(most_metadata);
  const Safetensors file = parse_safetensors(most, "test");
  EXPECT_EQ(file.metadata.size(), most_metadata);
  EXPECT_EQ(serialise_safetensors(file.metadata, file.tensors), most);
  EXPECT_NE(rejection(metadata(most_metadata + 1)).find("4096"), std::string::npos);
  EXPECT_NE(rejection(metadata(40000)).find("4096"), std::string::npos);
  const auto tensors = [](std::size_t count) {
    return with_header(many("", R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})", count), 0);
  };
  EXPECT_EQ(parse_safetensors(tensors(most_tensors), "test").tensors.size(), most_tensors);
  EXPECT_NE(rejection(tensors(most_tensors + 1)).find("65536"), std::string::npos);
  // The writer enforces them as well.
  Metadata too_many(most_metadata + 1);
  EXPECT_THROW(serialise_safetensors(too_many, {}), Error);
  EXPECT_THROW(serialise_safetensors({}, std::vector<TensorEntry>(most_tensors + 1)), Error);
}

// A parser that builds a tree would allocate 20 times the size of this header.
TEST(SafeTensors, ALongHeaderIsRejectedAtItsFirstError) {
  std::string arrays = "{\"a\":[";
  for (int i = 0; i < 3'000'000; ++i) arrays += "[],";
  const Bytes bytes = with_header(arrays + "0]}", 0);
  const long before = test::allocations();
  EXPECT_NE(rejection(bytes).find("a: expected {"), std::string::npos);
  EXPECT_LT(test::allocations() - before, 100);
}

TEST(SafeTensors, OtherFilesAreDescribed) {
  const auto message = [](const std::string& bytes) {
    try {
      format_version(Bytes(bytes.begin(), bytes.end()), "test", "casd.format", "model");
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), CASD_ERROR_FORMAT);
      return std::string(error.what());
    }
    ADD_FAILURE() << "accepted";
    return std::string();
  };
  const auto headed = [](const std::string& header) {
    const Bytes bytes = with_header(header, 0);
    return std::string(bytes.begin(), bytes.end());
  };
  const std::pair<std::string, const char*> cases[] = {
      {"", "test: not a CASD model (the file is empty)"},
      {"short", "test: not a CASD model (the file has 5 bytes)"},
      {"sample,label,audio.f0\na,1,0.5\nb,0,0.25\n", "test: not a CASD model (a text file)"},
      {"\x89PNG\r\n\x1a\n" + std::string(40, '\1'),
       "test: not a CASD model (no safetensors header)"},
      {"\x89HDF\r\n\x1a\n" + std::string(40, '\1'), "test: not a CASD model (an HDF5 file)"},
      {headed(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})"),
       "test: not a CASD model (a safetensors file of another program)"},
      {headed(R"({"__metadata__":{"format":"pt"}})"),
       "test: not a CASD model (a safetensors file of another program)"},
      {headed(R"({"__metadata__":{"casd.checkpoint":"1"}})"),
       "test: not a CASD model (a CASD checkpoint)"},
      {headed(R"({"__metadata__":{"casd.format":"x"}})"),
       "test: casd.format is 'x', expected a number"},
      {headed(R"({"__metadata__":{"casd.format":"02"}})"),
       "test: casd.format is '02', expected a number"},
      {headed(R"({"__metadata__":{"casd.format":"99999999999999999999"}})"),
       "test: casd.format is '9999999999', expected a number"},
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(message(bytes), expected);
  const std::string good = headed(R"({"__metadata__":{"casd.format":"12"}})");
  EXPECT_EQ(format_version(Bytes(good.begin(), good.end()), "test", "casd.format", "model"), 12);
}

}  // namespace
}  // namespace casd
