#include "model/schema.h"

#include "core/error.h"

#include <gtest/gtest.h>

namespace casd {
namespace {

Schema three() {
  Schema schema;
  schema.add_modality("language", 5);
  schema.add_modality("audio", 3);
  schema.add_modality("visual", 4);
  schema.add_output("negative");
  schema.add_output("positive");
  return schema;
}

TEST(Schema, CountsFollowTheTask) {
  Schema schema = three();
  EXPECT_EQ(schema.logit_count(), 2);
  EXPECT_EQ(schema.target_columns(), 1);
  schema.set_task(CASD_TASK_REGRESSION);
  EXPECT_EQ(schema.logit_count(), 2);
  EXPECT_EQ(schema.target_columns(), 2);
  schema.set_task(CASD_TASK_MULTILABEL);
  EXPECT_EQ(schema.logit_count(), 4);
  EXPECT_EQ(schema.target_columns(), 2);
}

TEST(Schema, MasksAreResolvedAndNamed) {
  const Schema schema = three();
  EXPECT_EQ(schema.all(), 7u);
  EXPECT_EQ(resolve_mask(schema, CASD_ALL_MODALITIES), 7u);
  EXPECT_EQ(resolve_mask(schema, 5), 5u);
  EXPECT_THROW(resolve_mask(schema, 0), Error);
  EXPECT_THROW(resolve_mask(schema, 8), Error);
  EXPECT_EQ(mask_name(schema, 5), "language+visual");
}

TEST(Schema, ThirtyTwoModalitiesFillTheMask) {
  Schema schema;
  for (int i = 0; i < 32; ++i) schema.add_modality("m" + std::to_string(i), 1);
  EXPECT_EQ(schema.all(), 0xFFFFFFFFu);
  EXPECT_EQ(resolve_mask(schema, CASD_ALL_MODALITIES), 0xFFFFFFFFu);
}

TEST(Schema, CompletenessDependsOnTheTask) {
  Schema schema = three();
  EXPECT_NO_THROW(require_complete(schema));
  schema.outputs.pop_back();
  EXPECT_THROW(require_complete(schema), Error);  // classification needs two classes
  schema.set_task(CASD_TASK_REGRESSION);
  EXPECT_NO_THROW(require_complete(schema));
  schema.modalities.clear();
  EXPECT_THROW(require_complete(schema), Error);
}

TEST(Schema, Utf8IsCheckedStrictly) {
  for (const char* good : {"", "abc", "\xc3\xa4", "\xe5\xa3\xb0", "\xf0\x9f\x98\x80"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
  // Characters of one byte are passed in groups.
  for (std::size_t size = 1; size < 40; ++size)
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      EXPECT_TRUE(is_utf8(text));
      text[at] = '\xff';
      EXPECT_FALSE(is_utf8(text)) << size << " " << at;
      text.replace(at, 1, "\xc3\xa4");
      EXPECT_TRUE(is_utf8(text)) << size << " " << at;
    }
}

TEST(Schema, TasksHaveNames) {
  for (const casd_task task : {CASD_TASK_REGRESSION, CASD_TASK_CLASSES, CASD_TASK_MULTILABEL})
    EXPECT_EQ(task_from_name(task_name(task), CASD_ERROR_FORMAT), task);
  EXPECT_THROW(task_from_name("ranking", CASD_ERROR_FORMAT), Error);
}

}  // namespace
}  // namespace casd
