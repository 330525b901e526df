#include "model/guarantees_text.h"

#include <gtest/gtest.h>

#include <string>

namespace casd {
namespace {

Schema schema(casd_task task) {
  Schema out;
  out.add_modality("language", 2);
  out.add_modality("audio", 3);
  out.set_task(task);
  out.add_output("first");
  out.add_output("second");
  return out;
}

Guarantees example(casd_task task) {
  const Schema of = schema(task);
  Guarantees out;
  if (task == CASD_TASK_REGRESSION) out.output_variance = {{0.25, {0, 3.5}}, {1e-9, {0.1, 0}}};
  out.modality_variance = {{7, {0.1f, 0.25f, 16777216}}, {}};
  out.patterns = {{1, 4}, {3, 1000}};
  KeyGuarantees entry;
  entry.uncertainty = {3, {1.5f, 1.5f, 3e38f}};
  for (std::size_t k = 0; k < Guarantees::score_tables(of); ++k)
    entry.scores.push_back({600, {0, 0.3f, 0.7f}});
  for (std::size_t k = 0; k < Guarantees::decision_tables(of); ++k)
    entry.errors.push_back({{0.1f, 0.5f}, {2, 5}, {0, 3}});
  for (const std::uint32_t key : {1u, 3u}) {
    entry.key = key;
    out.keys.push_back(entry);
  }
  return out;
}

std::string text_of(const Guarantees& guarantees) {
  JsonWriter json;
  write_guarantees(json, guarantees);
  return json.text();
}

Guarantees parse(const std::string& text, const Schema& schema) {
  JsonReader reader(text, "test");
  Guarantees out = read_guarantees(reader, schema);
  reader.end();
  return out;
}

TEST(GuaranteesText, ReadsBackForEachTask) {
  for (const casd_task task : {CASD_TASK_CLASSES, CASD_TASK_MULTILABEL, CASD_TASK_REGRESSION}) {
    const Guarantees written = example(task);
    const std::string text = text_of(written);
    const Guarantees read = parse(text, schema(task));
    EXPECT_EQ(text_of(read), text);
    EXPECT_EQ(read.patterns, written.patterns);
    EXPECT_EQ(read.modality_variance[0].values, written.modality_variance[0].values);
    ASSERT_EQ(read.keys.size(), 2u);
    EXPECT_EQ(read.keys[1].key, 3u);
    EXPECT_EQ(read.keys[1].uncertainty.values, written.keys[1].uncertainty.values);
    EXPECT_EQ(read.keys[1].scores.back().count, 600);
    EXPECT_EQ(read.keys[1].errors.size(), written.keys[1].errors.size());
    if (task == CASD_TASK_REGRESSION) {
      EXPECT_EQ(read.output_variance[0].factor, written.output_variance[0].factor);
    }
  }
}

TEST(GuaranteesText, FloatsHaveTheirShortestText) {
  EXPECT_NE(text_of(example(CASD_TASK_CLASSES)).find("[0.1,0.25,16777216.0]"), std::string::npos);
}

// Each change must be noticed.
TEST(GuaranteesText, DamagedTextsAreRejected) {
  const std::string good = text_of(example(CASD_TASK_CLASSES));
  const Schema of = schema(CASD_TASK_CLASSES);
  struct Damage {
    const char *from, *to, *message;
  };
  for (const Damage& damage : {
           Damage{"\"count\":3", "\"count\":2", "3 values of 2 numbers"},
           Damage{"[0.0,0.3,0.7]", "[]", "0 values of 600 numbers"},
           Damage{"\"count\":3", "\"count\":-1", "expected a whole number"},
           Damage{"1.5,1.5", "1.5,1.25", "not in ascending order"},
           Damage{"[0.1,0.5]", "[0.5,0.5]", "not in ascending order"},
           Damage{"[0.1,0.5]", "[0.10000000149011612,0.5]", "not the shortest text"},
           Damage{"3e+38", "3e+39", "not the shortest text"},
           Damage{"3e+38", "inf", "expected a number"},
           Damage{"3e+38", "3.0e+38", "expected the number as"},
           Damage{"\"accepted\":[2,5]", "\"accepted\":[2,2]", "entry 1 adds 3 wrong of 0"},
           Damage{"\"accepted\":[2,5]", "\"accepted\":[0,5]", "entry 0 adds 0 wrong of 0"},
           Damage{"\"accepted\":[2,5]", "\"accepted\":[2]", "expected another element"},
           Damage{"\"wrong\":[0,3]", "\"wrong\":[0,4]", "entry 1 adds 4 wrong of 3"},
           Damage{"\"wrong\":[0,3]", "\"wrong\":[1,0]", "expected a whole number from 1"},
           Damage{"\"key\":3,\"samples\"", "\"key\":4,\"samples\"", "from 2 to 3"},
           Damage{"\"key\":3,\"samples\"", "\"key\":1,\"samples\"", "from 2 to 3"},
           Damage{"\"samples\":4", "\"samples\":0", "from 1 to"},
           Damage{"\"key\":3,\"uncertainty\"", "\"key\":1,\"uncertainty\"", "from 2 to 3"},
           Damage{"{\"modality_variance\"", "{\"output_variance\":[],\"modality_variance\"",
                  "expected key modality_variance"},
       }) {
    const std::size_t at = good.find(damage.from);
    ASSERT_NE(at, std::string::npos) << damage.from;
    std::string bad = good;
    bad.replace(at, std::string(damage.from).size(), damage.to);
    try {
      parse(bad, of);
      ADD_FAILURE() << "accepted " << damage.to;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), CASD_ERROR_FORMAT);
      EXPECT_NE(std::string(error.what()).find(damage.message), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(parse(good, schema(CASD_TASK_REGRESSION)), Error);
  EXPECT_THROW(parse(text_of(example(CASD_TASK_REGRESSION)), of), Error);
  EXPECT_THROW(parse(good.substr(0, good.find("\"keys\"")) + "\"keys\":[]}", of), Error);
}

TEST(GuaranteesText, TablesAreBounded) {
  Guarantees large = example(CASD_TASK_CLASSES);
  large.modality_variance[0] = {1000, std::vector<float>(most_per_table, 1)};
  EXPECT_NO_THROW(parse(text_of(large), schema(CASD_TASK_CLASSES)));
  large.modality_variance[0].values.push_back(1);
  EXPECT_THROW(parse(text_of(large), schema(CASD_TASK_CLASSES)), Error);
}

}  // namespace
}  // namespace casd
