#include "model/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace casd {
namespace {

std::string rejection(const std::string& json, const std::function<void(JsonReader&)>& read) {
  JsonReader reader(json, "test");
  try {
    read(reader);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_FORMAT);
    return error.what();
  }
  ADD_FAILURE() << "accepted " << json;
  return "";
}

TEST(JsonText, WrittenTextReadsBack) {
  std::string all;
  for (char c = 1; c < 127; ++c) all += c;
  all += "\x7f\xc3\xa4\xf0\x9f\x98\x80";
  JsonWriter json;
  json.open('{').key("text").string(all).key("a \"key\"\n").open('[');
  json.integer(std::numeric_limits<std::int64_t>::min());
  json.natural(std::numeric_limits<std::uint64_t>::max()).real(0.1).real(1e300).boolean(true);
  json.open('[').close(']').open('{').close('}').close(']').key("last").boolean(false).close('}');

  JsonReader reader(json.text(), "test");
  reader.open('{');
  reader.key("text");
  EXPECT_EQ(reader.string(), all);
  EXPECT_FALSE(reader.optional_key("last"));
  ASSERT_TRUE(reader.more('}'));
  EXPECT_EQ(reader.any_key(), "a \"key\"\n");
  reader.open('[');
  ASSERT_TRUE(reader.more(']'));
  EXPECT_EQ(reader.integer(std::numeric_limits<std::int64_t>::min(), 0),
            std::numeric_limits<std::int64_t>::min());
  ASSERT_TRUE(reader.more(']'));
  EXPECT_EQ(reader.natural(), std::numeric_limits<std::uint64_t>::max());
  ASSERT_TRUE(reader.more(']'));
  EXPECT_EQ(reader.real(), 0.1);
  ASSERT_TRUE(reader.more(']'));
  EXPECT_EQ(reader.real(), 1e300);
  ASSERT_TRUE(reader.more(']'));
  EXPECT_TRUE(reader.boolean());
  ASSERT_TRUE(reader.more(']'));
  reader.open('[');
  EXPECT_FALSE(reader.more(']'));
  ASSERT_TRUE(reader.more(']'));
  reader.open('{');
  reader.close('}');
  EXPECT_FALSE(reader.more(']'));
  EXPECT_TRUE(reader.optional_key("last"));
  EXPECT_FALSE(reader.boolean());
  reader.close('}');
  reader.end();
  EXPECT_EQ(reader.position(), json.text().size());
}

TEST(JsonText, MessagesNameTheKeysAndThePosition) {
  const auto number = [](JsonReader& reader) {
    reader.open('{');
    reader.key("outer");
    reader.open('{');
    reader.key("inner");
    reader.integer(1, 9);
    reader.close('}');
    reader.close('}');
    reader.end();
  };
  EXPECT_EQ(rejection("{\"outer\":{\"inner\":10}}", number),
            "test: outer: inner: expected a whole number from 1 to 9, found 10 (byte 18)");
  EXPECT_EQ(rejection("{\"outer\":{\"other\":1}}", number),
            "test: outer: expected key inner, found other");
  EXPECT_EQ(rejection("{\"outer\":{}}", number), "test: outer: key inner is missing");
  EXPECT_EQ(rejection("{\"outer\":{\"inner\":1,\"inner\":1}}", number),
            "test: outer: unexpected key inner");
  EXPECT_EQ(rejection("{\"outer\":{\"inner\":1},\"more\":1}", number), "test: unexpected key more");
  EXPECT_EQ(rejection("{\"outer\":{\"inner\":1}", number), "test: expected }, found the end");
  EXPECT_EQ(rejection("{\"outer\":{\"inner\":1}} ", number),
            "test: expected the end, found   (byte 21)");
  EXPECT_EQ(rejection("{\"outer\":{\"inner\":", number),
            "test: outer: inner: expected a whole number from 1 to 9, found the end");
}

TEST(JsonText, NumbersHaveOneForm) {
  for (const char* good : {"0", "7", "-3", "9223372036854775807"}) {
    JsonReader reader(good, "test");
    EXPECT_EQ(std::to_string(reader.integer(std::numeric_limits<std::int64_t>::min(),
                                            std::numeric_limits<std::int64_t>::max())),
              good);
  }
  for (const char* bad : {"", "-", "-0", "+1", "01", "1.0", "1e1", " 1", "1 ", "0x1", "\"1\"",
                          "9223372036854775808", "true", "1\t"}) {
    rejection(bad, [](JsonReader& reader) {
      reader.integer(std::numeric_limits<std::int64_t>::min(),
                     std::numeric_limits<std::int64_t>::max());
    });
    rejection(bad == std::string("9223372036854775808") ? "18446744073709551616" : bad,
              [](JsonReader& reader) { reader.natural(); });
  }
  rejection("-1", [](JsonReader& reader) { reader.natural(); });
  for (const char* good : {"0.0", "-0.0", "5.0", "0.1", "1e-05", "1e+300", "5e-324"}) {
    JsonReader reader(good, "test");
    JsonWriter writer;
    EXPECT_EQ(writer.real(reader.real()).text(), good);
    EXPECT_EQ(reader.position(), std::string(good).size());
  }
  for (const char* bad : {"", "5", "5.", ".5", "5.00", "1e1", "1E-05", "0.00001", "inf", "nan",
                          "-inf", "1e999", "0x1p0", "0.1000000000000000055", " 0.1", "\"0.1\""})
    rejection(bad, [](JsonReader& reader) { reader.real(); });
  for (const char* bad : {"", "TRUE", "1", "\"true\"", "tru", "null"})
    rejection(bad, [](JsonReader& reader) { reader.boolean(); });
}

TEST(JsonText, MessagesArePrintable) {
  EXPECT_EQ(printable("plain \xc3\xa4"), "plain \xc3\xa4");
  EXPECT_EQ(printable("\x1b[31m\x7f\n"), "?[31m??");
  EXPECT_EQ(printable("\xff\xc3"), "??");
  const std::string cut = printable(std::string(59, 'a') + "\xc3\xa4" + std::string(100, 'b'));
  EXPECT_EQ(cut, std::string(59, 'a') + "...");
  EXPECT_EQ(printable(std::string(1000, 'a')), std::string(60, 'a') + "...");
}

}  // namespace
}  // namespace casd
