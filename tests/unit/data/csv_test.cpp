#include "core/error.h"
#include "data/csv_lines.h"
#include "data/dataset.h"
#include "data/readers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

Dataset parse(const std::string& text, const char* task = nullptr) {
  return read_csv({text.begin(), text.end()}, "test.csv", parse_task(task));
}

std::string rejection(const std::string& text, const char* task = nullptr,
                      casd_status status = CASD_ERROR_FORMAT) {
  try {
    parse(text, task);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    return error.what();
  }
  return "accepted";
}

std::vector<std::vector<std::string>> cells_of(std::string text) {
  CsvReader reader("test.csv", text.data(), text.data() + text.size());
  std::vector<std::vector<std::string>> lines;
  Cells cells;
  while (reader.next(cells)) {
    lines.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) lines.back().emplace_back(cells[i]);
  }
  return lines;
}

using Lines = std::vector<std::vector<std::string>>;

TEST(CsvReader, LinesEndWithLfCrLfOrCr) {
  EXPECT_EQ(cells_of("a,b\nc,d\r\ne,f\rg,h"),
            (Lines{{"a", "b"}, {"c", "d"}, {"e", "f"}, {"g", "h"}}));
}

TEST(CsvReader, EmptyLinesAndTheByteOrderMarkAreSkipped) {
  EXPECT_EQ(cells_of("\xEF\xBB\xBF"
                     "a\n\n\r\n\"\"\nb\n\n\n"),
            (Lines{{"a"}, {"b"}}));
  EXPECT_EQ(cells_of(",\n"), (Lines{{"", ""}}));
  EXPECT_EQ(cells_of("a,"), (Lines{{"a", ""}}));
  EXPECT_EQ(cells_of(""), Lines{});
}

TEST(CsvReader, QuotedCellsContainCommasLineEndsAndQuotes) {
  EXPECT_EQ(cells_of("\"a,b\",\"c\n\"\"d\"\"\",\"\"\ne\"f,g\n"),
            (Lines{{"a,b", "c\n\"d\"", ""}, {"e\"f", "g"}}));
}

TEST(CsvReader, ErrorsNameTheLineInTheFile) {
  const auto message = [](std::string text) {
    CsvReader reader("x.csv", text.data(), text.data() + text.size());
    Cells cells;
    try {
      while (reader.next(cells)) continue;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), CASD_ERROR_FORMAT);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(message("a\n\n\"b\nc\"\n\"d"), "x.csv, line 5: a quote is not closed");
  EXPECT_EQ(message("a\n\"b\"c\n"), "x.csv, line 2: text after a closing quote");
  EXPECT_EQ(message(std::string("a\0b\n", 4)),
            "x.csv, line 1: a zero byte; expected text in UTF-8");
  EXPECT_EQ(message(std::string("\"a\0b\"\n", 6)),
            "x.csv, line 1: a zero byte; expected text in UTF-8");
}

TEST(CsvReader, LinesHaveLimits) {
  std::string many(CsvReader::most_cells, ',');
  Cells cells;
  CsvReader reader("x.csv", many.data(), many.data() + many.size());
  EXPECT_THROW(reader.next(cells), Error);
  CsvReader fits("x.csv", many.data(), many.data() + many.size() - 1);
  EXPECT_TRUE(fits.next(cells));
  EXPECT_EQ(cells.size(), CsvReader::most_cells);
  std::string text(CsvReader::longest_line + 1, 'a');
  CsvReader too_long("x.csv", text.data(), text.data() + text.size());
  EXPECT_THROW(too_long.next(cells), Error);
  CsvReader just_fits("x.csv", text.data(), text.data() + text.size() - 1);
  EXPECT_TRUE(just_fits.next(cells));
}

TEST(Csv, FeatureNamesAreInTheSchema) {
  const Dataset data = parse("sample,voice.f0,words.a,voice.f1.delta\n1,1,2,3\n");
  ASSERT_EQ(data.schema.modality_count(), 2);
  EXPECT_EQ(data.schema.modalities[0].name, "voice");
  EXPECT_EQ(data.schema.modalities[0].feature_names, (std::vector<std::string>{"f0", "f1.delta"}));
  EXPECT_EQ(data.schema.modalities[1].feature_names, std::vector<std::string>{"a"});
  EXPECT_EQ(data.splits[0].samples[0].frames[0], (Floats{1, 3}));
}

TEST(Csv, NamesAreUniquePerSplit) {
  const Dataset data = parse(
      "sample,split,label,a.x\n"
      "one,train,1.5,1\n"
      "one,valid,2.5,2\n"
      "one,valid,2.5,3\n"
      "two,valid,3.5,4\n"
      "two,train,4.5,5\n");
  ASSERT_EQ(data.splits.size(), 2u);
  ASSERT_EQ(data.splits[0].samples.size(), 2u);
  ASSERT_EQ(data.splits[1].samples.size(), 2u);
  EXPECT_EQ(data.splits[0].samples[0].frames[0], Floats{1});
  EXPECT_EQ(data.splits[0].samples[0].target, std::vector<float>{1.5f});
  EXPECT_EQ(data.splits[1].samples[0].frames[0], (Floats{2, 3}));
  EXPECT_EQ(data.splits[1].samples[0].target, std::vector<float>{2.5f});
  EXPECT_EQ(data.splits[0].samples[1].name, "two");
  EXPECT_EQ(data.splits[0].samples[1].target, std::vector<float>{4.5f});
}

TEST(Csv, WindowsFilesAreRead) {
  const Dataset data = parse(
      "\xEF\xBB\xBFsample,label,\"a.x\",a.y\r\n\"one, \"\"first\"\"\",calm,1,\r\n\r\n"
      "two,angry,3,4\r\n\r\n\r\n");
  const auto& samples = data.splits[0].samples;
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].name, "one, \"first\"");
  EXPECT_EQ(samples[0].target, std::vector<float>{1});
  EXPECT_TRUE(std::isnan(samples[0].frames[0][1]));
  EXPECT_EQ(samples[1].frames[0], (Floats{3, 4}));
}

TEST(Csv, LongCellsAreReadOrRejected) {
  const std::string digits = "0." + std::string(100000, '3');
  const Dataset data = parse("sample,a.x\n1," + digits + "\n");
  EXPECT_FLOAT_EQ(data.splits[0].samples[0].frames[0][0], 1.0f / 3);
  const std::string name(1024, 'n');
  EXPECT_EQ(parse("sample,a.x\n" + name + ",1\n").splits[0].samples[0].name, name);
  EXPECT_NE(rejection("sample,a.x\nn" + name + ",1\n").find("line 2: the column sample has 1025"),
            std::string::npos);
  EXPECT_NE(rejection("sample,group,a.x\n1,g" + name + ",1\n").find("the column group has 1025"),
            std::string::npos);
  EXPECT_NE(rejection("sample,label,a.x\n1," + name + ",1\n").find("64"), std::string::npos);
  EXPECT_NE(rejection("sample,a." + std::string(257, 'f') + "\n1,1\n").find("257"),
            std::string::npos);
}

TEST(Csv, GroupsBelongToSamples) {
  const Dataset data =
      parse("sample,group,a.x\none,anna,1\none,,2\none,anna,3\ntwo,,4\nthree,,5\nthree,bob,6\n");
  const auto& samples = data.splits[0].samples;
  EXPECT_EQ(samples[0].group, "anna");
  EXPECT_EQ(samples[1].group, "");
  EXPECT_EQ(samples[2].group, "bob");
  EXPECT_EQ(samples[0].frames[0].size(), 3u);
  EXPECT_EQ(rejection("sample,group,a.x\none,anna,1\none,bob,2\n"),
            "test.csv, line 3: sample 'one' has the group 'bob', above it had 'anna'");
}

TEST(Csv, InvalidHeadersAreRejected) {
  EXPECT_NE(rejection("sample,a.\n1,1\n").find("'a.'"), std::string::npos);
  EXPECT_NE(rejection("sample,.a\n1,1\n").find("'.a'"), std::string::npos);
  EXPECT_NE(rejection("sample,label:,a.x\n1,1,1\n").find("'label:'"), std::string::npos);
  EXPECT_NE(rejection("sample,a.x,b.y,a.x\n").find("'a.x' occurs twice"), std::string::npos);
  EXPECT_NE(rejection("sample,a b.x\n1,1\n").find("'a b'"), std::string::npos);
  EXPECT_NE(rejection("sample,\xff.x\n1,1\n").find("UTF-8"), std::string::npos);
  EXPECT_NE(rejection("sample,a.x\n\xff,1\n").find("line 2: the column sample is not UTF-8"),
            std::string::npos);
  EXPECT_NE(rejection("sample,a.x\n").find("no line after the header"), std::string::npos);
}

TEST(Csv, ZeroAndOneAreClassesByDefault) {
  const std::string one = "sample,label,a.x\n1,0,1\n2,1.0,1\n3,,1\n4,nan,1\n5,1,1\n";
  Dataset data = parse(one);
  EXPECT_EQ(data.schema.task, CASD_TASK_CLASSES);
  EXPECT_EQ(data.schema.outputs, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(data.splits[0].samples[0].target, std::vector<float>{0});
  EXPECT_EQ(data.splits[0].samples[1].target, std::vector<float>{1});
  EXPECT_TRUE(data.splits[0].samples[2].target.empty());
  EXPECT_TRUE(data.splits[0].samples[3].target.empty());
  data = parse(one, "regression");
  EXPECT_EQ(data.schema.task, CASD_TASK_REGRESSION);
  EXPECT_EQ(data.schema.outputs, std::vector<std::string>{"value"});
  EXPECT_EQ(data.splits[0].samples[4].target, std::vector<float>{1});
  data = parse(one, "classes:no,yes");
  EXPECT_EQ(data.schema.outputs, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(data.splits[0].samples[4].target, std::vector<float>{1});

  // Other numbers mean regression, whole or not.
  for (const char* label : {"2", "-1", "0.5"})
    EXPECT_EQ(parse(std::string("sample,label,a.x\n1,0,1\n2,1,1\n3,") + label + ",1\n").schema.task,
              CASD_TASK_REGRESSION)
        << label;
  // A named column keeps its name.
  data = parse("sample,label:happy,a.x\n1,0,1\n2,1,1\n");
  EXPECT_EQ(data.schema.task, CASD_TASK_MULTILABEL);
  EXPECT_EQ(data.schema.outputs, std::vector<std::string>{"happy"});
  // Without a label the task cannot be inferred.
  EXPECT_EQ(parse("sample,label,a.x\n1,,1\n").schema.task, CASD_TASK_REGRESSION);
  EXPECT_EQ(parse("sample,a.x\n1,1\n").schema.outputs, std::vector<std::string>{"value"});
}

TEST(Csv, TheCallersTaskOverridesTheFile) {
  const std::string words = "sample,label,a.x\n1,calm,1\n2,angry,1\n";
  Dataset data = parse(words, "classes:calm,angry,sad");
  EXPECT_EQ(data.splits[0].samples[1].target, std::vector<float>{1});
  EXPECT_NE(rejection(words, "regression").find("line 2: the label 'calm' is not a number"),
            std::string::npos);
  EXPECT_NE(rejection(words, "classes:a,b").find("neither a class nor a number"),
            std::string::npos);
  const std::string real = "sample,label,a.x\n1,-1.5,1\n2,0,1\n3,2,1\n";
  data = parse(real, "classes:below,above");
  EXPECT_EQ(data.splits[0].samples[0].target, std::vector<float>{0});
  EXPECT_TRUE(data.splits[0].samples[1].target.empty());
  EXPECT_EQ(data.splits[0].samples[2].target, std::vector<float>{1});
  EXPECT_NE(rejection(real, "classes:a,b,c", CASD_ERROR_INVALID_ARGUMENT).find("-1.5"),
            std::string::npos);
  const std::string two = "sample,label:b,label:a,a.x\n1,1,0,1\n";
  EXPECT_EQ(parse(two).schema.task, CASD_TASK_MULTILABEL);
  EXPECT_EQ(parse(two, "regression").schema.outputs, (std::vector<std::string>{"b", "a"}));
  // By name if the columns have these names, else by position.
  data = parse(two, "multilabel:a,b");
  EXPECT_EQ(data.splits[0].samples[0].target, (std::vector<float>{0, 1}));
  data = parse(two, "multilabel:c,d");
  EXPECT_EQ(data.splits[0].samples[0].target, (std::vector<float>{1, 0}));
  EXPECT_NE(rejection(two, "multilabel:a", CASD_ERROR_INVALID_ARGUMENT).find("2 label columns"),
            std::string::npos);
}

TEST(Csv, ErrorsOfLabelsNameTheLine) {
  EXPECT_NE(rejection("sample,label,a.x\n1,1,1\n2,inf,1\n").find("line 3: the label inf"),
            std::string::npos);
  EXPECT_NE(
      rejection("sample,label,a.x\n1,1,1\n2,7,1\n", "classes:a,b", CASD_ERROR_INVALID_ARGUMENT)
          .find("line 3: the target 7"),
      std::string::npos);
}

// An implementation with quadratic time would take minutes.
TEST(Csv, WideHeadersAndManyClassesSplitsAndSamplesAreRead) {
  std::string text = "sample";
  for (int m = 0; m < 4; ++m)
    for (int f = 0; f < 50000; ++f) text += ",m" + std::to_string(m) + ".f" + std::to_string(f);
  text += "\n1" + std::string(200000, ',') + "\n";
  const Dataset wide = parse(text);
  EXPECT_EQ(wide.schema.modalities[3].feature_names[49999], "f49999");
  EXPECT_EQ(wide.splits[0].samples[0].given, 0u);

  text = "sample,split,label,a.x\n";
  for (int i = 0; i < 200000; ++i)
    text += "s" + std::to_string(i / 1000) + ",p" + std::to_string(i % 1000) + ",c" +
            std::to_string(i % 4096) + ",1\n";
  const Dataset many = parse(text);
  EXPECT_EQ(many.splits.size(), 1000u);
  EXPECT_EQ(many.splits[7].samples.size(), 200u);
  EXPECT_EQ(many.schema.outputs.size(), 4096u);
}

TEST(Csv, LimitsAreEnforced) {
  std::string text = "sample,split,a.x\n";
  for (int i = 0; i <= 1024; ++i) text += "1,p" + std::to_string(i) + ",1\n";
  EXPECT_NE(rejection(text).find("line 1026: more than 1024 splits"), std::string::npos);
  text = "sample,label,a.x\n";
  for (int i = 0; i <= 4096; ++i) text += std::to_string(i) + ",c" + std::to_string(i) + ",1\n";
  EXPECT_NE(rejection(text).find("more than 4096 classes"), std::string::npos);
  text = "sample";
  for (int m = 0; m <= 32; ++m) text += ",m" + std::to_string(m) + ".x";
  EXPECT_NE(rejection(text + "\n").find("32 modalities"), std::string::npos);
  text = "sample";
  for (int f = 0; f <= 65536; ++f) text += ",m.f" + std::to_string(f);
  EXPECT_NE(rejection(text + "\n").find("65537 features"), std::string::npos);
}

}  // namespace
}  // namespace casd
