#include "data/dataset.h"

#include "core/error.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

namespace casd {
namespace {

Dataset empty_dataset() {
  Dataset data;
  data.schema.add_modality("audio", 2);
  data.schema.add_output("negative");
  data.schema.add_output("positive");
  return data;
}

Batch one_sample(const Schema& schema) {
  Batch batch(schema);
  const std::vector<float> frames = {1, 2, 3, 4};
  set_frames(batch.add(), schema, 0, frames);
  return batch;
}

TEST(AddSamples, AddingOneSampleTakesConstantTime) {
  Dataset data = empty_dataset();
  const Batch batch = one_sample(data.schema);
  const auto add = [&](int count) {
    const long before = test::allocated_bytes();
    for (int i = 0; i < count; ++i) add_samples(data, "train", batch);
    return static_cast<double>(test::allocated_bytes() - before);
  };
  add(1000);
  const double first = add(4000);   // up to 5000 samples
  const double second = add(8000);  // up to 13000
  const double third = add(16000);  // up to 29000
  EXPECT_LT(second / first, 2.6);
  EXPECT_LT(third / second, 2.6);
}

TEST(AddSamples, OnlyNewSamplesAreNamed) {
  Dataset data = empty_dataset();
  const Batch batch = one_sample(data.schema);
  add_samples(data, "train", batch);
  add_samples(data, "train", batch);
  EXPECT_EQ(data.splits[0].samples[1].name, "1");
  data.splits[0].samples[0].name.clear();  // a pass over all samples would set it again
  add_samples(data, "valid", batch);
  add_samples(data, "train", batch);
  EXPECT_EQ(data.splits[0].samples[0].name, "");
  EXPECT_EQ(data.splits[0].samples[2].name, "2");
  EXPECT_EQ(data.splits[1].samples[0].name, "0");
}

TEST(AddSamples, AFailureLeavesTheDatasetUnchanged) {
  Dataset data = empty_dataset();
  add_samples(data, "train", one_sample(data.schema));
  Schema other = data.schema;
  other.add_modality("smell", 1);
  EXPECT_THROW(add_samples(data, "new", one_sample(other)), Error);
  EXPECT_THROW(add_samples(data, "", one_sample(data.schema)), Error);
  EXPECT_EQ(data.splits.size(), 1u);
  EXPECT_EQ(data.splits[0].samples.size(), 1u);
}

// The third split has a name that is too long: what was added before is removed again.
TEST(AddSplits, AFailureInTheMiddleLeavesTheDatasetUnchanged) {
  Dataset data = empty_dataset(), more = empty_dataset();
  add_samples(data, "train", one_sample(data.schema));
  add_samples(more, "new", one_sample(data.schema));
  add_samples(more, "train", one_sample(data.schema));
  more.splits.push_back({std::string(65, 'x'), {}, {}});
  EXPECT_THROW(add_splits(data, more, "more"), Error);
  ASSERT_EQ(data.splits.size(), 1u);
  EXPECT_EQ(data.splits[0].name, "train");
  EXPECT_EQ(data.splits[0].samples.size(), 1u);
}

TEST(AddSplits, SamplesKeepTheirAddresses) {
  Dataset data = empty_dataset();
  add_samples(data, "train", one_sample(data.schema));
  const Sample* const first = &data.splits[0].samples[0];
  for (int i = 0; i < 10; ++i) add_splits(data, data, "itself");
  EXPECT_EQ(data.splits[0].samples.size(), 1024u);
  EXPECT_EQ(data.splits[0].samples[1023].name, "0");
  EXPECT_EQ(first, &data.splits[0].samples[0]);
}

TEST(SetFrames, DoesNotAllocateIfTheCapacitySuffices) {
  const Schema schema = empty_dataset().schema;
  Batch batch(schema);
  const std::vector<float> ring(40, 1.0f);
  const FrameView packed{ring.data(), 10, 2, 2}, strided{ring.data(), 10, 2, 4};
  const std::vector<float> target = {1};
  set_frames(batch.add(), schema, 0, packed);
  set_target(batch.at(0), schema, target);
  const long before = test::allocations();
  for (int i = 0; i < 3; ++i) {
    batch.clear();
    Sample& sample = batch.add();
    set_frames(sample, schema, 0, packed);
    set_frames(batch.at(0), schema, 0, strided);
    set_target(batch.at(0), schema, target);
  }
  EXPECT_EQ(test::allocations(), before);
}

}  // namespace
}  // namespace casd
