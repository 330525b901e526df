#include "model/schema_mapping.h"

#include "core/error.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Schema schema_of(std::initializer_list<std::pair<const char*, int>> modalities) {
  Schema schema;
  for (const auto& [name, features] : modalities) schema.add_modality(name, features);
  schema.add_output("negative");
  schema.add_output("positive");
  return schema;
}

Schema model_schema() {
  Schema schema = schema_of({{"language", 2}, {"audio", 3}, {"visual", 1}});
  schema.set_feature_names(1, {"f0", "energy", "tone"});
  return schema;
}

std::string rejection(const Schema& from, const Schema& to) {
  try {
    const SchemaMapping mapping(from, to, "the batch");
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT);
    return error.what();
  }
  return "accepted";
}

Sample mapped(const SchemaMapping& mapping, const Sample& from) {
  Sample to;
  mapping.apply(from, to);
  return to;
}

TEST(SchemaMapping, TheSameSchemaIsTheIdentity) {
  const SchemaMapping mapping(model_schema(), model_schema(), "the batch");
  EXPECT_TRUE(mapping.identity());
  EXPECT_EQ(mapping.covered(), 7u);
  Schema unnamed = model_schema();
  unnamed.set_feature_names(1, {});
  EXPECT_TRUE(SchemaMapping(unnamed, model_schema(), "the batch").identity());
  EXPECT_TRUE(SchemaMapping(model_schema(), unnamed, "the batch").identity());
}

TEST(SchemaMapping, TasksAndOutputsAreComparedSeparately) {
  Schema other = model_schema();
  EXPECT_TRUE(same_task(other, model_schema()));
  other.outputs = {"positive", "negative"};
  EXPECT_FALSE(same_task(other, model_schema()));
  EXPECT_TRUE(same_sample_layout(other, model_schema()));
  other = model_schema();
  other.task = CASD_TASK_REGRESSION;
  EXPECT_FALSE(same_task(other, model_schema()));
  EXPECT_TRUE(SchemaMapping(other, model_schema(), "the batch").identity());
}

TEST(SchemaMapping, AnotherTaskIsRejectedNamingBoth) {
  const auto message = [](const Schema& from) {
    try {
      require_same_task(from, model_schema(), "the dataset");
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  Schema other = model_schema();
  EXPECT_EQ(message(other), "accepted");
  other.outputs = {"positive", "negative"};
  EXPECT_EQ(message(other),
            "the dataset has the 2 outputs 'positive', 'negative', expected the 2 outputs "
            "'negative', 'positive'");
  other.task = CASD_TASK_REGRESSION;
  EXPECT_EQ(message(other), "the dataset is for the task regression, expected classes");
}

TEST(SchemaMapping, SamplesAreCopiedOnlyWhereNeeded) {
  const Schema from = schema_of({{"visual", 1}, {"language", 2}});
  std::vector<Sample> samples(2, empty_sample(from)), storage;
  set_frames(samples[1], from, 0, std::vector<float>{5});
  const std::vector<const Sample*> given = {&samples[0], &samples[1]};
  EXPECT_EQ(SchemaMapping(from, from, "the batch").apply(given, storage), given);
  EXPECT_TRUE(storage.empty());
  const auto copies = SchemaMapping(from, model_schema(), "the batch").apply(given, storage);
  ASSERT_EQ(copies.size(), 2u);
  EXPECT_EQ(copies[1], &storage[1]);
  EXPECT_EQ(copies[1]->given, 4u);
}

TEST(SchemaMapping, ModalitiesAreMatchedByNameInAnyOrder) {
  const Schema from = schema_of({{"visual", 1}, {"language", 2}});
  const SchemaMapping mapping(from, model_schema(), "the batch");
  EXPECT_FALSE(mapping.identity());
  EXPECT_EQ(mapping.covered(), 5u);
  Sample sample = empty_sample(from);
  set_frames(sample, from, 0, std::vector<float>{7, 8, 9});
  set_frames(sample, from, 1, std::vector<float>{1, 2, 3, 4});
  sample.target = {1};
  sample.name = "s";
  const Sample to = mapped(mapping, sample);
  EXPECT_EQ(to.frames[0], (Floats{1, 2, 3, 4}));
  EXPECT_TRUE(to.frames[1].empty());
  EXPECT_EQ(to.frames[2], (Floats{7, 8, 9}));
  EXPECT_EQ(to.given, 5u);
  EXPECT_EQ(to.target, std::vector<float>{1});
  EXPECT_EQ(to.name, "s");
}

TEST(SchemaMapping, FeaturesAreMatchedByNameInEachFrame) {
  Schema from = schema_of({{"audio", 3}});
  from.set_feature_names(0, {"tone", "f0", "energy"});
  const SchemaMapping mapping(from, model_schema(), "the batch");
  EXPECT_FALSE(mapping.identity());
  Sample sample = empty_sample(from);
  set_frames(sample, from, 0, std::vector<float>{3, 1, 2, 30, 10, 20});
  EXPECT_EQ(mapped(mapping, sample).frames[1], (Floats{1, 2, 3, 10, 20, 30}));
}

TEST(SchemaMapping, SwappedColumnsAreNotTheIdentity) {
  Schema from = model_schema();
  from.set_feature_names(1, {"energy", "f0", "tone"});
  EXPECT_FALSE(same_sample_layout(from, model_schema()));
  EXPECT_FALSE(SchemaMapping(from, model_schema(), "the batch").identity());
}

TEST(SchemaMapping, WithoutNamesOnOneSideFeaturesAreMatchedByPosition) {
  const Schema from = schema_of({{"audio", 3}});
  Sample sample = empty_sample(from);
  set_frames(sample, from, 0, std::vector<float>{3, 1, 2});
  const SchemaMapping mapping(from, model_schema(), "the batch");
  EXPECT_EQ(mapped(mapping, sample).frames[1], (Floats{3, 1, 2}));
}

TEST(SchemaMapping, MissingFramesStayMissing) {
  const Schema from = schema_of({{"audio", 3}, {"language", 2}});
  Sample sample = empty_sample(from);
  set_frames(sample, from, 0, std::vector<float>{nan, nan, nan});
  set_frames(sample, from, 1, std::vector<float>{1, 2});
  const Sample to = mapped(SchemaMapping(from, model_schema(), "the batch"), sample);
  EXPECT_EQ(to.given, 1u);
  EXPECT_EQ(to.frames[1].size(), 3u);
}

TEST(SchemaMapping, EarlierSamplesAreOverwritten) {
  const Schema from = schema_of({{"language", 2}});
  Sample first = empty_sample(from), second = empty_sample(from);
  set_frames(first, from, 0, std::vector<float>{1, 2});
  first.target = {1};
  first.name = "first";
  const SchemaMapping mapping(from, model_schema(), "the batch");
  Sample to;
  mapping.apply(first, to);
  const long before = test::allocations();
  mapping.apply(first, to);
  EXPECT_EQ(test::allocations(), before);
  mapping.apply(second, to);
  EXPECT_EQ(to.given, 0u);
  EXPECT_TRUE(to.frames[0].empty());
  EXPECT_TRUE(to.target.empty());
  EXPECT_EQ(to.name, "");
}

TEST(SchemaMapping, EveryUnknownModalityIsNamed) {
  const std::string message =
      rejection(schema_of({{"text", 2}, {"audio", 3}, {"video", 9}}), model_schema());
  EXPECT_EQ(message,
            "the batch has unknown modalities: 'text', 'video'; "
            "known are: 'language', 'audio', 'visual'");
}

TEST(SchemaMapping, AnotherFeatureCountIsNamed) {
  EXPECT_EQ(rejection(schema_of({{"language", 3}, {"visual", 2}}), model_schema()),
            "the batch does not fit: modality 'language': 3 features, expected 2; "
            "modality 'visual': 2 features, expected 1");
}

TEST(SchemaMapping, MissingAndUnknownFeaturesAreNamed) {
  Schema from = schema_of({{"audio", 3}});
  from.set_feature_names(0, {"f0", "pitch", "tone"});
  EXPECT_EQ(rejection(from, model_schema()),
            "the batch does not fit: modality 'audio': missing features: 'energy'; "
            "unknown features: 'pitch'");
  from = schema_of({{"audio", 2}});
  from.set_feature_names(0, {"f0", "tone"});
  EXPECT_EQ(rejection(from, model_schema()),
            "the batch does not fit: modality 'audio': missing features: 'energy'");
}

TEST(SchemaMapping, LongListsAreTruncated) {
  Schema from = schema_of({{"wide", 9}}), to = schema_of({{"wide", 9}});
  from.set_feature_names(0, {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "same"});
  to.set_feature_names(0, {"b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "same"});
  const std::string message = rejection(from, to);
  EXPECT_NE(message.find("'b5' and 3 more"), std::string::npos) << message;
  EXPECT_NE(message.find("'a5' and 3 more"), std::string::npos) << message;
}

TEST(SchemaMapping, PartialFeatureNamesAreRejectedUnlessEqual) {
  Schema from = model_schema(), to = model_schema();
  from.set_feature_names(1, {"f0", "", "tone"});
  EXPECT_EQ(rejection(from, to),
            "the batch does not fit: modality 'audio': only some features have names, feature 1 "
            "has none");
  EXPECT_NE(rejection(to, from).find("only some features have names"), std::string::npos);
  EXPECT_EQ(rejection(from, from), "accepted");
  to.set_feature_names(1, {});
  EXPECT_EQ(rejection(from, to), "accepted");
}

TEST(SchemaMapping, ComparingLayoutsDoesNotAllocate) {
  const Schema a = model_schema(), b = model_schema();
  const long before = test::allocations();
  EXPECT_TRUE(same_sample_layout(a, b));
  EXPECT_EQ(test::allocations(), before);
}

}  // namespace
}  // namespace casd
