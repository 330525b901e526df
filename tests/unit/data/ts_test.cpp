#include "core/error.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

const std::string classes = "@classLabel true walk run\n@data\n";
const std::string numbers = "@targetLabel true\n@data\n";

Dataset parse(const std::string& text, const char* channels = nullptr, const char* task = nullptr,
              const std::string& name = "x.ts") {
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  return read_ts(bytes, name, parse_task(task), parse_channel_groups(channels));
}

std::string rejection(const std::string& text, const char* channels = nullptr,
                      const char* task = nullptr, casd_status status = CASD_ERROR_FORMAT) {
  try {
    parse(text, channels, task);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    return error.what();
  }
  return "accepted";
}

const auto& samples_of(const Dataset& data) { return data.splits.at(0).samples; }

/// Frames as text, "?" for NaN.
std::string frames(const Sample& sample, std::size_t modality) {
  std::string out;
  for (const float value : sample.frames[modality])
    out += (out.empty() ? "" : " ") + (std::isnan(value) ? std::string("?") : text(value));
  return out;
}

TEST(Ts, DimensionsBecomeTheFeaturesOfOneModality) {
  const Dataset data = parse(
      "# comment\n%another\n\n@problemName Moves\n@timeStamps false\n@missing true\n"
      "@univariate false\n@dimensions 2\n@equalLength true\n@seriesLength 3\n@unknown tag\n"
      "@classLabel true walk run\n@data\n# among the data\n\n"
      "1,2,3:4,?,6:run\n-1e1, +2 ,nan : 0.5,NaN,7:walk\n");
  ASSERT_EQ(data.schema.modalities.size(), 1u);
  EXPECT_EQ(data.schema.modalities[0].name, "series");
  EXPECT_EQ(data.schema.modalities[0].features, 2);
  EXPECT_TRUE(data.schema.modalities[0].feature_names.empty());
  EXPECT_EQ(data.schema.task, CASD_TASK_CLASSES);
  EXPECT_EQ(data.schema.outputs, (std::vector<std::string>{"walk", "run"}));
  ASSERT_EQ(samples_of(data).size(), 2u);
  EXPECT_EQ(frames(samples_of(data)[0], 0), "1 4 2 ? 3 6");
  EXPECT_EQ(frames(samples_of(data)[1], 0), "-10 0.5 2 ? ? 7");
  EXPECT_EQ(samples_of(data)[0].target, std::vector<float>{1});
  EXPECT_EQ(samples_of(data)[1].target, std::vector<float>{0});
}

TEST(Ts, GroupsOfChannelsAreModalities) {
  const Dataset data = parse(classes + "1,2:3,4:5,6:7,8,9:walk\n7:3:5::run\n", "b=2,0,c=3");
  ASSERT_EQ(data.schema.modalities.size(), 2u);
  EXPECT_EQ(data.schema.modalities[0].features, 2);
  EXPECT_EQ(frames(samples_of(data)[0], 0), "5 1 6 2");
  EXPECT_EQ(frames(samples_of(data)[0], 1), "7 8 9");  // its own length
  EXPECT_EQ(samples_of(data)[0].given, 3u);
  EXPECT_EQ(rejection(classes + "1:2:walk\n", "a=0,b=1-2", nullptr, CASD_ERROR_INVALID_ARGUMENT),
            "x.ts, line 3: modality 'b' needs channel 2, the file has the channels 0 to 1");
}

TEST(Ts, SeriesMayHaveUnequalLengthsAndMissingModalities) {
  const Dataset data = parse(classes + "1,2:3:walk\n4::run\n:5,6:run\n?,?:7:walk\n", "a=0,b=1");
  EXPECT_EQ(samples_of(data)[1].given, 1u);
  EXPECT_EQ(samples_of(data)[2].given, 2u);
  EXPECT_EQ(samples_of(data)[3].given, 2u);
  EXPECT_EQ(frames(samples_of(data)[2], 1), "5 6");
  EXPECT_NE(rejection(classes + "1:2,3:walk\n").find("channel 1 has 2 values"), std::string::npos);
  EXPECT_EQ(rejection(classes + "1,2:3:walk\n"),
            "x.ts, line 3: channel 1 has 1 values, channel 0 of the same modality 'series' has 2");
}

TEST(Ts, LinesEndWithLfCrLfOrCr) {
  const Dataset data =
      parse("\xEF\xBB\xBF@CLASSLABEL TRUE walk run\r\n@Data \r1:walk\r\n2:run\n\n3:run");
  EXPECT_EQ(samples_of(data).size(), 3u);
  EXPECT_EQ(rejection("@classLabel true a b\r\n\r\n@data\r1:a\r\n\n2:c"),
            "x.ts, line 6: the label 'c' is no class of @classLabel");
}

TEST(Ts, TargetsAreNumbers) {
  Dataset data = parse(numbers + "1:0.5\n2:-3\n3:?\n4:\n");
  EXPECT_EQ(data.schema.task, CASD_TASK_REGRESSION);
  EXPECT_EQ(data.schema.outputs, std::vector<std::string>{"value"});
  EXPECT_EQ(samples_of(data)[1].target, std::vector<float>{-3});
  EXPECT_TRUE(samples_of(data)[2].target.empty());
  EXPECT_TRUE(samples_of(data)[3].target.empty());
  data = parse(numbers + "1:0.5\n2:-3\n", nullptr, "classes:below,above");
  EXPECT_EQ(samples_of(data)[0].target, std::vector<float>{1});
  EXPECT_EQ(samples_of(data)[1].target, std::vector<float>{0});
  EXPECT_EQ(parse(numbers + "1:1\n", nullptr, "regression:mood").schema.outputs,
            std::vector<std::string>{"mood"});
  EXPECT_EQ(parse("@classLabel true 1 2\n@data\n1:2\n", nullptr, "regression").schema.outputs,
            std::vector<std::string>{"value"});
  EXPECT_EQ(rejection(numbers + "1:0.5\n1:x\n"), "x.ts, line 4: the label 'x' is not a number");
  EXPECT_NE(rejection(numbers + "1:inf\n").find("line 3: the label inf"), std::string::npos);
  EXPECT_NE(rejection(numbers + "1:1\n", nullptr, "multilabel:a,b", CASD_ERROR_INVALID_ARGUMENT)
                .find("one label"),
            std::string::npos);
}

TEST(Ts, OneKindOfLabelMayBeDenied) {
  EXPECT_EQ(parse("@classLabel false\n" + numbers + "1:2\n").schema.task, CASD_TASK_REGRESSION);
  const std::string denied = "@targetLabel true\n@classLabel false\n@data\n1:2\n";
  EXPECT_EQ(parse(denied).schema.modalities[0].features, 1);
  EXPECT_EQ(parse("@targetLabel false\n" + classes + "1:run\n").schema.outputs.size(), 2u);
}

TEST(Ts, FilesWithoutLabelsAreRead) {
  const Dataset data = parse("@classLabel false\n@data\n1:2\n3:4\n");
  EXPECT_EQ(data.schema.modalities[0].features, 2);
  EXPECT_TRUE(samples_of(data)[0].target.empty());
}

TEST(Ts, LabelsAreClassesByTextThenByValue) {
  const Dataset data = parse("@classLabel true 2 1 1.50\n@data\n1:1\n1:2.0\n1:1.5\n1:?\n1:NaN\n");
  EXPECT_EQ(samples_of(data)[0].target, std::vector<float>{1});
  EXPECT_EQ(samples_of(data)[1].target, std::vector<float>{0});
  EXPECT_EQ(samples_of(data)[2].target, std::vector<float>{2});
  EXPECT_TRUE(samples_of(data)[3].target.empty());
  EXPECT_TRUE(samples_of(data)[4].target.empty());
}

TEST(Ts, TheCallersClassesAreMatchedByNameElseByPosition) {
  const std::string text = classes + "1:walk\n1:run\n";
  EXPECT_EQ(samples_of(parse(text, nullptr, "classes:run,jump,walk"))[0].target,
            std::vector<float>{2});
  EXPECT_EQ(samples_of(parse(text, nullptr, "classes:slow,fast"))[1].target, std::vector<float>{1});
  for (const char* task : {"classes:walk,fly", "classes:a,b,c"})
    EXPECT_NE(rejection(text, nullptr, task, CASD_ERROR_INVALID_ARGUMENT).find("2 classes"),
              std::string::npos)
        << task;
}

TEST(Ts, TheFilesNameDeterminesTheSplit) {
  const std::string text = classes + "1:walk\n";
  EXPECT_EQ(parse(text, nullptr, nullptr, "A_TEST.ts").splits[0].name, "test");
  EXPECT_EQ(parse(text, nullptr, nullptr, "a/b_test.ts").splits[0].name, "test");
  for (const char* name : {"A_TRAIN.ts", "TEST.ts", "A_TEST.txt", "ts"})
    EXPECT_EQ(parse(text, nullptr, nullptr, name).splits[0].name, "train") << name;
}

TEST(Ts, IsRecognisedByItsContent) {
  const auto recognised = [](const std::string& text) {
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    return is_ts(bytes);
  };
  EXPECT_TRUE(recognised("\xEF\xBB\xBF\n #c\r%d\n @problemName"));
  EXPECT_FALSE(recognised("sample,a.x\n@data"));
  EXPECT_FALSE(recognised("# only\n% comments"));
  EXPECT_FALSE(recognised(""));
  const std::string text = classes + "1:walk\n";
  const Dataset data = load_dataset({text.begin(), text.end()}, "memory", nullptr);
  EXPECT_EQ(samples_of(data)[0].name, "0");
}

TEST(Ts, InvalidHeadersAreRejected) {
  EXPECT_EQ(rejection("@classLabel true a b\n1:a\n"),
            "x.ts, line 2: expected a line that begins with '@', or @data, not '1:a'");
  EXPECT_NE(rejection("@classLabel true a b\n").find("@data is missing"), std::string::npos);
  EXPECT_NE(rejection("@problemName x\n@data\n1:a\n").find("neither @classLabel nor"),
            std::string::npos);
  EXPECT_EQ(rejection("@timeStamps true\n").substr(0, 13), "x.ts, line 1:");
  EXPECT_NE(rejection("@classLabel\n").find("'@classLabel' needs true or false"),
            std::string::npos);
  EXPECT_NE(rejection("@equalLength yes\n").find("needs true or false"), std::string::npos);
  EXPECT_NE(rejection("@classLabel true\n").find("names no class"), std::string::npos);
  EXPECT_NE(rejection("@classLabel true a b\n@targetLabel true\n").find("two kinds"),
            std::string::npos);
  EXPECT_NE(rejection("@classLabel true a a\n@data\n1:a\n").find("names a class twice"),
            std::string::npos);
  EXPECT_NE(rejection("@classLabel true a \xff\n@data\n1:a\n").find("UTF-8"), std::string::npos);
  for (const char* count : {"", " 0", " -1", " 2x", " 65537"})
    EXPECT_NE(rejection(std::string("@dimensions") + count + "\n").find("allowed: 1 to 65536"),
              std::string::npos)
        << count;
}

TEST(Ts, InvalidLinesAreRejected) {
  EXPECT_NE(rejection(classes).find("no series after @data"), std::string::npos);
  EXPECT_EQ(rejection(classes + "1:2:walk\n1:run\n"),
            "x.ts, line 4: has 1 dimensions, the lines before have 2 (and a label)");
  EXPECT_NE(rejection(classes + "walk\n").find("has a label only"), std::string::npos);
  EXPECT_EQ(rejection("@dimensions 3\n" + classes + "1:2:walk\n"),
            "x.ts, line 4: has 2 dimensions, the header says 3; the last field is the label");
  EXPECT_EQ(rejection(classes + "1:2,x:walk\n", "b=1"),
            "x.ts, line 3: channel 1, value 1: 'x' is not a number; a missing value is '?'");
  EXPECT_NE(rejection(classes + "1,,2:walk\n").find("value 1: '' is not a number"),
            std::string::npos);
  EXPECT_NE(rejection(classes + "1,2,:walk\n").find("value 2: ''"), std::string::npos);
  EXPECT_NE(rejection(classes + "1e999:walk\n").find("'1e999'"), std::string::npos);
  EXPECT_NE(rejection(classes + "1:jump\n").find("line 3: the label 'jump' is no class"),
            std::string::npos);
  EXPECT_NE(rejection(classes + std::string("1:wa\0lk\n", 8)).find("zero byte"), std::string::npos);
  EXPECT_NE(rejection("@equalLength true\n" + classes + "1,2:walk\n1,2,3:run\n")
                .find("line 5: a series has 3 values, the first one has 2"),
            std::string::npos);
  // A message quotes the beginning of a long word only.
  EXPECT_LT(rejection(classes + "1:" + std::string(100000, 'j') + "\n").size(), 200u);
}

TEST(Ts, LimitsAreEnforced) {
  EXPECT_EQ(parse(classes + std::string(65535, ':') + ":walk\n").schema.modalities[0].features,
            65536);
  EXPECT_NE(rejection(classes + std::string(65536, ':') + ":walk\n").find("65536 dimensions"),
            std::string::npos);
  EXPECT_NE(rejection("@classLabel false\n@data\n" + std::string(65536, ':') + "\n")
                .find("65536 dimensions"),
            std::string::npos);
  std::string many = "@classLabel true";
  for (int k = 0; k <= 4096; ++k) many += " c" + std::to_string(k);
  EXPECT_NE(rejection(many + "\n@data\n1:c1\n").find("4096 outputs"), std::string::npos);
}

TEST(Ts, MemoryIsProportionalToTheFile) {
  const auto bytes_per_byte = [](const std::string& text) {
    const long before = test::allocated_bytes();
    try {
      parse(text);
    } catch (const Error&) {
    }
    return static_cast<double>(test::allocated_bytes() - before) / static_cast<double>(text.size());
  };
  std::string lines = "@classLabel false\n@data\n", series = classes;
  for (int i = 0; i < 60000; ++i) lines += "1\n";
  for (int i = 0; i < 20; ++i) series += std::string(30000, '1') + ",1:walk\n";
  std::string values = classes + "1";
  for (int i = 0; i < 100000; ++i) values += ",1";
  for (const std::string& text :
       {lines, series, values + ":walk\n", classes + std::string(65535, ':') + ":walk\n",
        std::string(200000, '\n'), "@classLabel true" + std::string(100000, ' ') + "a b\n",
        classes + std::string(100000, '1'), "@" + std::string(200000, 'x')})
    EXPECT_LT(bytes_per_byte(text), 120) << text.substr(0, 20);
}

TEST(AddFile, AppendsToSplits) {
  Dataset data = parse(classes + "1:2:walk\n", "a=0,b=1");
  const Dataset more = parse("@classLabel true run walk\n@data\n3:4:run\n5:6:walk\n", "b=1,a=0",
                             "classes:walk,run", "X_TEST.ts");
  add_splits(data, more, "more");
  add_splits(data, more, "more");
  ASSERT_EQ(data.splits.size(), 2u);
  EXPECT_EQ(data.splits[1].name, "test");
  ASSERT_EQ(data.splits[1].samples.size(), 4u);
  EXPECT_EQ(frames(data.splits[1].samples[0], 0), "3");
  EXPECT_EQ(data.splits[1].samples[0].target, std::vector<float>{1});
  EXPECT_EQ(data.splits[1].samples[3].name, "3");
}

TEST(AddFile, AFailureLeavesTheDatasetUnchanged) {
  Dataset data = parse(classes + "1:2:walk\n", "a=0,b=1");
  Dataset more = parse(classes + "3:4:run\n", "a=0,c=1");
  EXPECT_THROW(add_splits(data, more, "more"), Error);
  more = parse("@classLabel true run walk\n@data\n3:4:run\n", "a=0,b=1");
  EXPECT_THROW(add_splits(data, more, "more"), Error);  // another order of the classes
  more = parse(classes + "3:4:run\n", "a=0,b=1");
  more.splits.push_back({std::string(65, 'x'), {}, {}});
  EXPECT_THROW(add_splits(data, more, "more"), Error);
  ASSERT_EQ(data.splits.size(), 1u);
  EXPECT_EQ(data.splits[0].samples.size(), 1u);
}

}  // namespace
}  // namespace casd
