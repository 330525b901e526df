// Training on data with another order of modalities or features than the model, or with fewer.
#include "core/error.h"
#include "data/synthetic.h"
#include "predict/predictor.h"
#include "train/trainer.h"
#include "unit/train/recording_engine.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace casd {
namespace {

using test::engine_record;
using test::recording_engine;

Dataset named_data() {
  casd_synthetic_options options = default_synthetic_options();
  options.train_samples = 40;
  options.valid_samples = 20;
  options.test_samples = 0;
  options.max_steps = 4;
  options.missing_rate = 0.2;
  Dataset data = make_synthetic(options);
  std::vector<std::string> names;
  for (std::int32_t i = 0; i < data.schema.modalities[0].features; ++i)
    names.push_back("word" + std::to_string(i));
  data.schema.set_feature_names(0, names);
  return data;
}

/// The same samples in a schema with the modalities `order`, columns of modality 0 reversed.
Dataset rearranged(const Dataset& data, const std::vector<std::size_t>& order) {
  Dataset out;
  out.schema.task = data.schema.task;
  out.schema.outputs = data.schema.outputs;
  for (const std::size_t m : order) {
    out.schema.modalities.push_back(data.schema.modalities[m]);
    std::vector<std::string>& names = out.schema.modalities.back().feature_names;
    std::reverse(names.begin(), names.end());
  }
  for (const Split& split : data.splits)
    for (const Sample& from : split.samples) {
      Sample to = empty_sample(out.schema);
      for (std::size_t k = 0; k < order.size(); ++k) {
        std::vector<float> frames(from.frames[order[k]].begin(), from.frames[order[k]].end());
        const auto features = static_cast<std::ptrdiff_t>(out.schema.modalities[k].features);
        if (!out.schema.modalities[k].feature_names.empty())
          for (auto row = frames.begin(); row != frames.end(); row += features)
            std::reverse(row, row + features);
        set_frames(to, out.schema, static_cast<std::int32_t>(k), frames);
      }
      to.target = from.target;
      to.name = from.name;
      out.split(split.name).samples.push_back(std::move(to));
    }
  return out;
}

std::string rejection(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_INVALID_ARGUMENT);
    return error.what();
  }
  return "accepted";
}

class MappedData : public testing::Test {
 protected:
  void SetUp() override { engine_record() = {}; }

  std::unique_ptr<Trainer> make() const {
    casd_trainer_options options = default_trainer_options();
    options.teacher_epochs = 1;
    options.epochs = 2;
    options.select_from = 0;
    options.batch_size = 8;
    options.seed = 3;
    return std::make_unique<Trainer>(model_, options, &recording_engine());
  }
  static ModelPtr model_for(const Schema& schema) {
    casd_model_options options = default_model_options();
    options.hidden = 8;
    options.heads = 2;
    options.layers = 1;
    return create_model(schema, options);
  }
  static std::vector<float> weights(Trainer& trainer) {
    const ModelPtr model = trainer.snapshot();
    return {model->values().begin(), model->values().end()};
  }

  const Dataset data_ = named_data();
  const ModelPtr model_ = model_for(data_.schema);
};

TEST_F(MappedData, AnotherOrderGivesTheSameBits) {
  const auto expected = make(), found = make();
  expected->fit(data_, nullptr, nullptr, nullptr);
  found->fit(rearranged(data_, {2, 0, 1}), nullptr, nullptr, nullptr);
  EXPECT_EQ(weights(*expected), weights(*found));
  EXPECT_EQ(expected->snapshot()->calibration().temperatures,
            found->snapshot()->calibration().temperatures);
}

TEST_F(MappedData, AnotherOrderHasTheSameFingerprint) {
  const auto trainer = make();
  trainer->epoch(data_);
  EXPECT_NO_THROW(trainer->epoch(rearranged(data_, {1, 2, 0})));
  EXPECT_NO_THROW(trainer->epoch(data_));
}

TEST_F(MappedData, FewerModalitiesTrainTheRest) {
  const auto trainer = make();
  trainer->fit(rearranged(data_, {2, 0}), nullptr, nullptr, nullptr);
  ASSERT_FALSE(engine_record().steps.empty());
  std::int32_t rows[3] = {};
  for (const auto& step : engine_record().steps)
    for (std::size_t m = 0; m < 3; ++m) rows[m] += step.rows[m];
  EXPECT_GT(rows[0], 0);
  EXPECT_EQ(rows[1], 0);
  EXPECT_GT(rows[2], 0);
}

TEST_F(MappedData, StepsTakeBatchesInAnotherOrder) {
  const auto expected = make(), found = make();
  const Dataset other = rearranged(data_, {2, 1, 0});
  expected->prepare(data_);
  found->prepare(other);
  Batch batch(data_.schema), turned(other.schema);
  for (std::size_t i = 0; i < 8; ++i) {
    batch.add() = data_.splits[0].samples[i];
    turned.add() = other.splits[0].samples[i];
  }
  for (const casd_phase phase : {CASD_PHASE_TEACHER, CASD_PHASE_STUDENT}) {
    expected->set_phase(phase);
    found->set_phase(phase);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(expected->step(batch).loss, found->step(turned).loss);
  }
  EXPECT_EQ(weights(*expected), weights(*found));
}

TEST_F(MappedData, UnknownModalitiesAreNamed) {
  const auto trainer = make();
  Dataset other = rearranged(data_, {0, 1, 2});
  other.schema.modalities[1].name = "smell";
  EXPECT_NE(rejection([&] { trainer->prepare(other); }).find("'smell'"), std::string::npos);
  EXPECT_NE(rejection([&] { trainer->epoch(other); }).find("'smell'"), std::string::npos);
  other = rearranged(data_, {0, 1, 2});
  other.schema.modalities[0].feature_names[3] = "unknown";
  EXPECT_NE(rejection([&] { trainer->epoch(other); }).find("'unknown'"), std::string::npos);
  other = data_;
  other.schema.outputs[1] = "neither";
  EXPECT_NE(rejection([&] { trainer->epoch(other); }).find("'neither'"), std::string::npos);
}

TEST_F(MappedData, ATeacherNeedsTheSameFeatureOrder) {
  const auto trainer = make();
  trainer->prepare(data_);
  const ModelPtr teacher = model_for(rearranged(data_, {0, 1, 2}).schema);
  EXPECT_NE(rejection([&] { trainer->set_teacher(teacher); }).find("features"), std::string::npos);
}

}  // namespace
}  // namespace casd
