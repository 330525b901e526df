#include "data/hold_out.h"
#include "data/synthetic.h"

#include "core/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace casd {
namespace {

Dataset empty_dataset(casd_task task = CASD_TASK_CLASSES, int outputs = 3) {
  Dataset data;
  data.schema.add_modality("audio", 1);
  data.schema.set_task(task);
  for (int k = 0; k < outputs; ++k) data.schema.add_output("k" + std::to_string(k));
  data.split("train");
  return data;
}

void add(Dataset& data, std::vector<float> target, const std::string& group = "") {
  auto& samples = data.split("train").samples;
  Sample sample = empty_sample(data.schema);
  sample.target = std::move(target);
  sample.name = std::to_string(samples.size());
  sample.group = group;
  samples.push_back(std::move(sample));
}

std::vector<std::string> names(const Dataset& data, const std::string& split) {
  std::vector<std::string> out;
  for (const Sample& sample : data.find(split)->samples) out.push_back(sample.name);
  return out;
}

std::map<float, int> class_counts(const Dataset& data, const std::string& split) {
  std::map<float, int> counts;
  for (const Sample& sample : data.find(split)->samples) ++counts[sample.target[0]];
  return counts;
}

std::string rejection(Dataset data, const std::string& from, const std::string& to, double share,
                      casd_status status = CASD_ERROR_INVALID_ARGUMENT) {
  const std::size_t splits = data.splits.size();
  const auto before = data.find("train") ? names(data, "train") : std::vector<std::string>();
  try {
    hold_out(data, from, to, share, 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_EQ(data.splits.size(), splits);
    if (data.find("train")) {
      EXPECT_EQ(names(data, "train"), before);
    }
    return error.what();
  }
  return "accepted";
}

TEST(HoldOut, EachClassContributesItsShare) {
  Dataset data = empty_dataset();
  for (int i = 0; i < 200; ++i)
    add(data, {static_cast<float>(i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2)});
  const auto all = names(data, "train");
  hold_out(data, "train", "valid", 0.15, 7);
  EXPECT_EQ(class_counts(data, "valid"), (std::map<float, int>{{0, 18}, {1, 9}, {2, 3}}));
  EXPECT_EQ(class_counts(data, "train"), (std::map<float, int>{{0, 102}, {1, 51}, {2, 17}}));
  // Every sample is in one of the two splits, in the original order.
  auto kept = names(data, "train"), held = names(data, "valid");
  const auto in_order = [](const std::string& a, const std::string& b) {
    return std::stoi(a) < std::stoi(b);
  };
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), in_order));
  EXPECT_TRUE(std::is_sorted(held.begin(), held.end(), in_order));
  std::vector<std::string> both;
  std::merge(kept.begin(), kept.end(), held.begin(), held.end(), std::back_inserter(both),
             in_order);
  EXPECT_EQ(both, all);
}

TEST(HoldOut, TheSeedSelectsTheSamples) {
  Dataset data = empty_dataset();
  for (int i = 0; i < 60; ++i) add(data, {static_cast<float>(i % 3)});
  Dataset a = data, b = data, c = data;
  hold_out(a, "train", "valid", 0.2, 7);
  hold_out(b, "train", "valid", 0.2, 7);
  hold_out(c, "train", "valid", 0.2, 8);
  EXPECT_EQ(names(a, "valid"), names(b, "valid"));
  EXPECT_NE(names(a, "valid"), names(c, "valid"));
  EXPECT_EQ(names(c, "valid").size(), 12u);
}

TEST(HoldOut, ManySmallClassesReachTheTotalShare) {
  Dataset data = empty_dataset(CASD_TASK_CLASSES, 100);
  for (int i = 0; i < 300; ++i) add(data, {static_cast<float>(i % 100)});
  hold_out(data, "train", "valid", 0.15, 1);
  EXPECT_EQ(data.find("valid")->samples.size(), 45u);
  for (const auto& [label, count] : class_counts(data, "valid")) EXPECT_EQ(count, 1);
}

TEST(HoldOut, NoClassLeavesTheSplit) {
  Dataset data = empty_dataset(CASD_TASK_CLASSES, 4);
  for (int i = 0; i < 20; ++i) add(data, {0});
  add(data, {1});
  add(data, {2});
  add(data, {2});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Dataset copy = data;
    hold_out(copy, "train", "valid", 0.9, seed);
    const auto left = class_counts(copy, "train");
    EXPECT_GE(left.count(0), 1u);
    EXPECT_EQ(left.count(1), 1u);
    EXPECT_EQ(left.count(2), 1u);
  }
}

TEST(HoldOut, GroupsStayTogether) {
  Dataset data = empty_dataset(CASD_TASK_CLASSES, 2);
  for (int i = 0; i < 400; ++i)
    add(data, {static_cast<float>(i / 7 % 2)}, "speaker" + std::to_string(i % 40));
  for (int i = 0; i < 20; ++i) add(data, {static_cast<float>(i % 2)});  // without a group
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Dataset copy = data;
    hold_out(copy, "train", "valid", 0.2, seed);
    std::set<std::string> kept, held;
    for (const Sample& s : copy.find("train")->samples) kept.insert(s.group);
    for (const Sample& s : copy.find("valid")->samples) held.insert(s.group);
    for (const std::string& group : held)
      EXPECT_TRUE(group.empty() || kept.count(group) == 0) << group;
    EXPECT_NEAR(static_cast<double>(copy.find("valid")->samples.size()), 84, 5);
    const auto counts = class_counts(copy, "valid");
    EXPECT_NEAR(counts.at(0), 42, 8);
    EXPECT_NEAR(counts.at(1), 42, 8);
  }
}

TEST(HoldOut, OneOfTwoLargeGroupsIsHeldOut) {
  Dataset data = empty_dataset(CASD_TASK_CLASSES, 2);
  for (int i = 0; i < 100; ++i) add(data, {static_cast<float>(i % 2)}, i < 60 ? "a" : "b");
  hold_out(data, "train", "valid", 0.15, 3);
  EXPECT_EQ(data.find("valid")->samples.size(), 40u);
}

TEST(HoldOut, RegressionIsStratifiedByTarget) {
  Dataset data = empty_dataset(CASD_TASK_REGRESSION, 1);
  for (int i = 0; i < 200; ++i) add(data, {static_cast<float>(i * 37 % 200)});
  hold_out(data, "train", "valid", 0.1, 5);
  ASSERT_EQ(data.find("valid")->samples.size(), 20u);
  std::map<int, int> deciles;
  for (const Sample& s : data.find("valid")->samples) ++deciles[static_cast<int>(s.target[0]) / 20];
  EXPECT_EQ(deciles.size(), 10u);
  for (const auto& [decile, count] : deciles) EXPECT_EQ(count, 2) << decile;
}

TEST(HoldOut, MultiLabelKeepsTheShareOfEachLabel) {
  Dataset data = empty_dataset(CASD_TASK_MULTILABEL, 3);
  for (int i = 0; i < 240; ++i)
    add(data, {static_cast<float>(i % 2), static_cast<float>(i % 3 == 0),
               static_cast<float>(i % 8 == 1)});
  hold_out(data, "train", "valid", 0.25, 5);
  int counts[3] = {};
  for (const Sample& s : data.find("valid")->samples)
    for (std::size_t k = 0; k < 3; ++k) counts[k] += s.target[k] != 0;
  EXPECT_EQ(data.find("valid")->samples.size(), 60u);
  EXPECT_NEAR(counts[0], 30, 2);
  EXPECT_NEAR(counts[1], 20, 2);
  EXPECT_NEAR(counts[2], 8, 2);
}

TEST(HoldOut, SamplesWithoutATargetStay) {
  Dataset data = empty_dataset();
  for (int i = 0; i < 40; ++i) add(data, {static_cast<float>(i % 2)});
  for (int i = 0; i < 100; ++i) add(data, {});
  Dataset unlabelled = empty_dataset();
  for (int i = 0; i < 20; ++i) add(unlabelled, {});
  hold_out(data, "train", "valid", 0.25, 1);
  EXPECT_EQ(class_counts(data, "valid"), (std::map<float, int>{{0, 5}, {1, 5}}));
  EXPECT_EQ(data.find("train")->samples.size(), 130u);
  hold_out(unlabelled, "train", "valid", 0.25, 1);  // without strata
  EXPECT_EQ(unlabelled.find("valid")->samples.size(), 5u);
}

TEST(HoldOut, TheNoiseOfSyntheticSamplesIsMoved) {
  casd_synthetic_options options = default_synthetic_options();
  options.train_samples = 50;
  options.valid_samples = 0;
  Dataset data = make_synthetic(options);
  const Dataset before = data;
  hold_out(data, "train", "valid", 0.3, 2);
  for (const char* name : {"train", "valid"}) {
    const Split& split = *data.find(name);
    ASSERT_EQ(split.noise.size(), split.samples.size() * 3);
    for (std::size_t i = 0; i < split.samples.size(); ++i) {
      const auto origin = static_cast<std::size_t>(std::stoi(split.samples[i].name));
      for (std::size_t m = 0; m < 3; ++m)
        EXPECT_EQ(split.noise[i * 3 + m], before.splits[0].noise[origin * 3 + m]);
    }
  }
  EXPECT_EQ(data.find("test")->samples.size(), 200u);
}

TEST(HoldOut, AnEmptySplitIsFilled) {
  Dataset data = empty_dataset();
  for (int i = 0; i < 20; ++i) add(data, {static_cast<float>(i % 2)});
  data.split("valid");
  hold_out(data, "train", "valid", 0.1, 1);
  EXPECT_EQ(data.splits.size(), 2u);
  EXPECT_EQ(data.find("valid")->samples.size(), 2u);
}

TEST(HoldOut, InvalidRequestsAreRejected) {
  Dataset data = empty_dataset();
  for (int i = 0; i < 20; ++i) add(data, {static_cast<float>(i % 2)});
  for (const double share : {0.0, 1.0, -0.5, 1.5, std::nan("")})
    EXPECT_NE(rejection(data, "train", "valid", share).find("share"), std::string::npos);
  EXPECT_NE(rejection(data, "none", "valid", 0.1, CASD_ERROR_NOT_FOUND).find("'none'"),
            std::string::npos);
  EXPECT_NE(rejection(data, "train", "train", 0.1).find("20 samples already"), std::string::npos);
  EXPECT_NE(rejection(data, "train", "", 0.1).find("64"), std::string::npos);
  Dataset single = empty_dataset();
  add(single, {0});
  EXPECT_NE(rejection(single, "train", "valid", 0.5).find("1 samples"), std::string::npos);
  EXPECT_NE(rejection(single, "train", "valid", 0.5).find("at least 2"), std::string::npos);
  add(single, {1});
  add(single, {2});
  EXPECT_NE(rejection(single, "train", "valid", 0.5).find("at least 2 samples"), std::string::npos);
  Dataset grouped = empty_dataset();
  for (int i = 0; i < 10; ++i) add(grouped, {static_cast<float>(i % 2)}, "anna");
  EXPECT_NE(rejection(grouped, "train", "valid", 0.5).find("1 groups"), std::string::npos);
}

}  // namespace
}  // namespace casd
