#include "model/network_layout.h"

#include "core/error.h"
#include "model/model.h"
#include "model/options.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

Schema one_modality(casd_task task) {
  Schema schema;
  schema.add_modality("voice", 3);
  schema.set_task(task);
  schema.add_output("a");
  schema.add_output("b");
  return schema;
}

casd_model_options small() {
  casd_model_options options = default_model_options();
  options.hidden = 4;
  options.heads = 2;
  options.layers = 1;
  return checked(options);
}

// Names, order and shapes of docs/model-file.md.
TEST(NetworkLayout, TensorsMatchTheFileFormat) {
  const NetworkLayout network(one_modality(CASD_TASK_REGRESSION), small());
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> expected = {
      {"voice.normalizer.mean", {3}},
      {"voice.normalizer.std", {3}},
      {"voice.conv.weight", {4, 3, 3}},
      {"voice.conv.bias", {4}},
      {"voice.encoder.0.norm1.weight", {4}},
      {"voice.encoder.0.norm1.bias", {4}},
      {"voice.encoder.0.attention.query.weight", {4, 4}},
      {"voice.encoder.0.attention.query.bias", {4}},
      {"voice.encoder.0.attention.key.weight", {4, 4}},
      {"voice.encoder.0.attention.key.bias", {4}},
      {"voice.encoder.0.attention.value.weight", {4, 4}},
      {"voice.encoder.0.attention.value.bias", {4}},
      {"voice.encoder.0.attention.output.weight", {4, 4}},
      {"voice.encoder.0.attention.output.bias", {4}},
      {"voice.encoder.0.norm2.weight", {4}},
      {"voice.encoder.0.norm2.bias", {4}},
      {"voice.encoder.0.feed_forward.0.weight", {8, 4}},
      {"voice.encoder.0.feed_forward.0.bias", {8}},
      {"voice.encoder.0.feed_forward.1.weight", {4, 8}},
      {"voice.encoder.0.feed_forward.1.bias", {4}},
      {"voice.norm.weight", {4}},
      {"voice.norm.bias", {4}},
      {"voice.evidence.weight", {16, 4}},
      {"voice.evidence.bias", {16}},
      {"voice.linear.weight", {2, 9}},
      {"voice.linear.bias", {2}},
      {"voice.guard", {3}},
      {"classifier.weight", {2, 4}},
      {"classifier.bias", {2}},
      {"target.mean", {2}},
      {"target.std", {2}},
  };
  const std::vector<NamedTensor> tensors = named_tensors(network);
  ASSERT_EQ(tensors.size(), expected.size());
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const NamedTensor& tensor = tensors[i];
    EXPECT_EQ(tensor.name, expected[i].first);
    EXPECT_EQ(tensor.shape, expected[i].second) << tensor.name;
    EXPECT_EQ(tensor.offset, offset);
    offset += tensor.size;
  }
  EXPECT_EQ(network.value_count, offset);
  EXPECT_EQ(NetworkLayout::tensor_count(network.schema, network.options), expected.size());
  EXPECT_EQ(network.learned_count, offset - 3 - 3 - 18 - 2 - 3 - 2 - 2);
  EXPECT_THROW(find_tensor(network, "voice.nothing"), Error);
}

TEST(NetworkLayout, GroupsDivideTheLearnedTensors) {
  Schema schema = one_modality(CASD_TASK_REGRESSION);
  schema.add_modality("face", 2);
  const NetworkLayout network(schema, small());
  ASSERT_EQ(network.groups.size(), 5u);
  std::int64_t end = 0;
  for (std::size_t i = 0; i < network.groups.size(); ++i) {
    const ParameterGroup& group = network.groups[i];
    EXPECT_EQ(group.begin, end);
    EXPECT_EQ(group.modality, i < 4 ? static_cast<std::int32_t>(i) / 2 : -1);
    EXPECT_EQ(group.evidence, i == 1 || i == 3);
    end = group.end;
    for (const NamedTensor& tensor : named_tensors(network)) {
      if (tensor.learned_offset < group.begin || tensor.learned_offset >= group.end) continue;
      EXPECT_LE(tensor.learned_offset + tensor.size, group.end) << tensor.name;
      EXPECT_EQ(tensor.modality, group.modality) << tensor.name;
      EXPECT_EQ(tensor.role == TensorRole::evidence, group.evidence) << tensor.name;
    }
  }
  EXPECT_EQ(end, network.learned_count);
}

TEST(NetworkLayout, InitialWeightsAreWithinBounds) {
  const ModelPtr model = create_model(one_modality(CASD_TASK_CLASSES), small());
  for (const NamedTensor& tensor : named_tensors(model->layout())) {
    double most = 0;
    for (const float value : model->tensor(tensor.name)) {
      if (tensor.fan_in == 0) {
        EXPECT_EQ(value, tensor.initial) << tensor.name;
      }
      most = std::max(most, std::fabs(static_cast<double>(value)));
    }
    if (tensor.fan_in > 0) {
      EXPECT_LE(most, 1 / std::sqrt(static_cast<double>(tensor.fan_in))) << tensor.name;
      EXPECT_GT(most, 0) << tensor.name;
    }
  }
  EXPECT_EQ(find_tensor(model->layout(), "voice.conv.weight").fan_in, 9);
  EXPECT_EQ(find_tensor(model->layout(), "voice.conv.bias").fan_in, 9);
  EXPECT_EQ(find_tensor(model->layout(), "voice.encoder.0.feed_forward.1.weight").fan_in, 8);
  EXPECT_FALSE(model->trained());
}

TEST(NetworkLayout, LearnedValuesRoundTrip) {
  const ModelPtr model = create_model(one_modality(CASD_TASK_REGRESSION), small());
  std::vector<float> learned = learned_values(model->layout(), model->values());
  EXPECT_EQ(learned.size(), static_cast<std::size_t>(model->layout().learned_count));
  for (float& value : learned) value = 7;
  const std::vector<float> values = with_learned(model->layout(), model->values(), learned);
  for (const NamedTensor& tensor : named_tensors(model->layout()))
    for (auto i = static_cast<std::size_t>(tensor.offset);
         i < static_cast<std::size_t>(tensor.offset + tensor.size); ++i)
      EXPECT_EQ(values[i], tensor.learned_offset < 0 ? model->values()[i] : 7.0f)
          << tensor.name;
}

TEST(NetworkLayout, SizesThatAreTooLargeAreRejected) {
  Schema schema;
  for (int m = 0; m < 32; ++m) schema.add_modality("m" + std::to_string(m), 65536);
  schema.add_output("a");
  schema.add_output("b");
  casd_model_options options = default_model_options();
  options.hidden = 4096;
  options.feed_forward = 65536;
  options.layers = 64;
  EXPECT_THROW(NetworkLayout(schema, checked(options)), Error);
}

TEST(Model, TemperaturesDependOnTheParticipatingModalities) {
  Schema schema;
  for (const char* name : {"a", "b", "c"}) schema.add_modality(name, 2);
  schema.add_output("x");
  schema.add_output("y");
  const ModelPtr model = create_model(schema, small());
  EXPECT_EQ(temperature_key(schema, 5), 5u);
  EXPECT_EQ(model->temperature(5), 1);
  Calibration calibration;
  calibration.temperatures = {{5, 2.5}, {7, 0.5}};
  calibration.trust = {1, 2, 3};
  const Model calibrated = model->with_calibration(calibration);
  EXPECT_EQ(calibrated.temperature(5), 2.5);
  EXPECT_EQ(calibrated.temperature(1), 1);
  EXPECT_EQ(calibrated.trust(2), 3);
  for (const char* name : {"d", "e", "f", "g"}) schema.add_modality(name, 2);
  EXPECT_EQ(temperature_key(schema, 5), 2u);
}

}  // namespace
}  // namespace casd
