// Memory of reading text files that are made to take much of it.
#include "core/error.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace casd {
namespace {

constexpr std::size_t constant = std::size_t{1} << 20;

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

/// A name of one to three bytes for each number, without a dot.
std::string short_name(std::size_t number) {
  constexpr std::size_t letters = 80;  // from '/' to '~'
  std::string out;
  for (++number; number > 0; number = (number - 1) / letters)
    out += static_cast<char>('/' + (number - 1) % letters);
  return out;
}

/// Lines of different samples: a name of a few bytes and `rest`.
std::string samples(std::size_t count, const std::string& rest) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += short_name(i) + rest;
  return out;
}

std::string columns(const std::string& prefix, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "," + prefix + short_name(i);
  return out;
}

struct Use {
  std::size_t total = 0, largest = 0;
};

/// Runs `read`, which may reject the text.
template <class Read>
Use use_of(Read&& read) {
  const test::PeakMemory memory;
  try {
    read();
  } catch (const Error&) {
  }
  return {static_cast<std::size_t>(memory.bytes()),
          static_cast<std::size_t>(memory.largest_allocation())};
}

/// Reads the text from memory and from a file, and adds the file once more.
void expect_small_allocations(const std::string& text, const char* task = nullptr) {
  const std::string path = testing::TempDir() + "casd_text_memory_test";
  std::ofstream(path, std::ios::binary) << text;
  const std::size_t bound = 10 * text.size() + constant;
  const auto check = [&](const char* what, std::size_t largest) {
    EXPECT_LE(largest, bound) << what << ": " << text.substr(0, 40) << "..., " << text.size()
                              << " bytes: "
                              << static_cast<double>(largest) / static_cast<double>(text.size());
  };
  check("load", use_of([&] { load_dataset({text.begin(), text.end()}, "x", task); }).largest);
  check("add", use_of([&] {
                 Dataset dataset = open_dataset(path, task);
                 add_file(dataset, path, "");
               }).largest);
  std::remove(path.c_str());
}

TEST(TextMemory, CsvOfManySamples) {
  expect_small_allocations("sample,a.x\n" + samples(70000, ",\n"));
  expect_small_allocations("sample,a.x\n" + samples(70000, ",1\n"));
  expect_small_allocations("sample,a.x,label\n" + samples(70000, ",,1\n"));
  expect_small_allocations("sample,a.x,label\n" + samples(70000, ",,0.5\n"));
  expect_small_allocations("sample,label,a.x,b.x\n" + samples(70000, ",c,,\n"));
  expect_small_allocations("sample,a.x\n" + samples(70000, ",\r"));
  // The same name in each line is one sample.
  expect_small_allocations("sample,a.x\n" + repeated("1,\n", 1000000));
  expect_small_allocations("sample,a.x\n" + repeated("1,1\n", 1000000));
  expect_small_allocations("sample,split,a.x\n" + repeated("1,a,\n1,b,\n", 100000));
  // Samples of many splits.
  std::string splits = "sample,split,a.x\n";
  for (std::size_t s = 0; s < 1000; ++s) splits += samples(90, "," + std::to_string(s) + ",\n");
  expect_small_allocations(splits);
}

TEST(TextMemory, CsvOfManyColumns) {
  for (const std::size_t count : {131073, 262143}) {
    expect_small_allocations(std::string(count, ','));
    expect_small_allocations("sample,a.x\n1" + std::string(count, ','));
    expect_small_allocations("sample,a.x\n" + repeated("\"\",", count));
    expect_small_allocations("sample" + columns("", count));
    expect_small_allocations("sample" + columns("a.", count));
    expect_small_allocations("sample,a.x" + columns("label:", count) + "\n1,1" +
                             std::string(count, ',') + "\n");
  }
  for (const std::size_t count : {40000, 65536}) {
    std::string modalities = "sample";
    for (std::size_t i = 0; i < count; ++i) modalities += "," + short_name(i) + ".x";
    expect_small_allocations(modalities + "\n");
    expect_small_allocations("sample" + columns("a.", count) + "\n1," + std::string(count, ',') +
                             "\n1" + std::string(count, ',') + "\n");
    // Frames of which one number is there.
    expect_small_allocations("sample" + columns("a.", count) + "\n" +
                             repeated("1,1" + std::string(count - 1, ',') + "\n", 20));
  }
}

TEST(TextMemory, CsvOfManyLabels) {
  const std::string header = "sample,a.x" + columns("label:", 1000) + "\n";
  const std::string empty(1000, ','), some = ",1" + std::string(999, ','),
                                      all = repeated(",1", 1000);
  for (const char* const task : {static_cast<const char*>(nullptr), "regression"})
    for (const std::string& labels : {empty, some, all})
      expect_small_allocations(header + samples(1500, "," + labels + "\n"), task);
}

TEST(TextMemory, CsvOfEmptyLinesAndQuotes) {
  expect_small_allocations(std::string(3000000, '\n'));
  expect_small_allocations("sample,a.x\n" + std::string(3000000, '\n'));
  expect_small_allocations("sample,a.x\n" + repeated("\"\"\n", 600000));
  expect_small_allocations("sample,a.x\n" + repeated("\"1\",\"\"\n", 300000));
  expect_small_allocations("sample,a.x\n1," + std::string(3000000, '"'));
  expect_small_allocations("sample,a.x\n1,\"" + std::string(3000000, ','));
  expect_small_allocations("sample,a.x\n1," + std::string(3000000, '1'));
  expect_small_allocations(std::string(3000000, 'x'));
}

TEST(TextMemory, TsOfManySamples) {
  expect_small_allocations("@classLabel false\n@data\n" + repeated("1\n", 100000));
  expect_small_allocations("@targetLabel true\n@data\n" + repeated("1:1\n", 70000));
  expect_small_allocations("@targetLabel true\n@data\n" + repeated("?:?\n", 70000));
  expect_small_allocations("@classLabel true a b\n@data\n" + repeated(":a\n", 70000));
  expect_small_allocations("@classLabel false\n@data\n" + repeated(":\n", 70000));
  expect_small_allocations("@classLabel false\n@data\n" + std::string(3000000, '\n'));
}

TEST(TextMemory, TsOfManyDimensionsAndWords) {
  const std::string labelled = "@classLabel true a b\n@data\n";
  for (const std::size_t count : {33000, 65535, 65536, 530000}) {
    expect_small_allocations(labelled + std::string(count, ':') + "a\n");
    expect_small_allocations(labelled + repeated("1:", count) + "a\n");
    expect_small_allocations(labelled + "1" + repeated(",1", count) + ":a\n");
    expect_small_allocations(labelled + std::string(count, ',') + ":a\n");
    expect_small_allocations("@classLabel true" + repeated(" a", count) + "\n");
    expect_small_allocations("@classLabel true" + samples(count, " ") + "\n@data\n1:a\n");
    expect_small_allocations("@x" + repeated(" a", count) + "\n" + labelled + "1:a\n");
  }
}

/// The bound of the sum that dataset.h states.
void expect_bounded(const std::string& text, std::size_t count, std::size_t modalities,
                    std::size_t columns, const char* task = nullptr) {
  const std::size_t bound =
      10 * text.size() + count * (192 + 64 * modalities) + 64 * columns + constant;
  const std::size_t total = use_of([&] {
                              load_dataset({text.begin(), text.end()}, "x", task);
                            }).total;
  EXPECT_LT(total, bound) << text.substr(0, 40) << ", " << count << " samples, " << columns
                          << " columns, " << text.size() << " bytes";
}

// A sample without frames and label is the smallest one. The memory of a growing list is largest just
// after it has grown.
TEST(TextMemory, OfCsvIsBoundedBySizeSamplesAndColumns) {
  for (const std::size_t count : {30728, 65537}) {
    expect_bounded("sample,a.x\n" + samples(count, ",\n"), count, 1, 2);
    expect_bounded("sample,a.x\n" + samples(count, ",1\n"), count, 1, 2);
    expect_bounded("sample,a.x,label\n" + samples(count, ",,1\n"), count, 1, 3);
    expect_bounded("sample,split,group,label,a.x,b.x\n" + samples(count, ",,g,1,1,1\n"), count, 2,
                   6);
  }
  std::string modalities = "sample";
  for (int m = 0; m < 32; ++m) modalities += ",m" + std::to_string(m) + ".x";
  expect_bounded(modalities + "\n" + samples(20000, ",1,1,1" + std::string(29, ',') + "\n"), 20000,
                 32, 33);
  for (const std::size_t count : {32769, 65536}) {
    std::string one_each = "sample";
    for (std::size_t i = 0; i < count; ++i) one_each += "," + short_name(i) + ".x";
    expect_bounded(one_each + "\n", 0, 32, count + 1);
    const std::string names = columns("a.", count), more = columns("b.", count);
    expect_bounded("sample" + names + "\n", 0, 1, count + 1);
    expect_bounded("sample" + names + more + "\n1" + std::string(2 * count, ',') + "\n", 1, 2,
                   2 * count + 1);
    expect_bounded(
        "sample" + names + "\n" + repeated("1,1" + std::string(count - 1, ',') + "\n", 32), 1, 1,
        count + 1);
  }
  const std::string labels = "sample,a.x" + columns("label:", 1000) + "\n";
  expect_bounded(labels + samples(2000, "," + std::string(1000, ',') + "\n"), 2000, 1, 1002);
  expect_bounded(labels + samples(2000, ",,1" + std::string(999, ',') + "\n"), 2000, 1, 1002);
  expect_bounded(labels + samples(2000, "," + repeated(",1", 1000) + "\n"), 2000, 1, 1002,
                 "regression");
  for (const std::size_t count : {131073, 262000}) {
    expect_bounded("sample,a" + repeated(",a", count), 0, 0, count + 2);
    expect_bounded("sample" + columns("label:", count) + "\n", 0, 0, count + 1);
    expect_bounded(std::string(count, ','), 0, 0, count + 1);
    expect_bounded("sample,a.x\n" + std::string(count, ','), 0, 1, count + 1);
  }
  expect_bounded("sample,a.x\n1," + std::string(1000000, '1'), 1, 1, 2);
  expect_bounded(std::string(200000, '\n'), 0, 0, 1);
}

}  // namespace
}  // namespace casd
