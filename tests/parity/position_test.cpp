// The position code of long sequences: the CPU engine and LibTorch against the formula. In a network
// whose convolution, attention and feed-forward parts are zero and whose evidence head is the
// identity, gamma is the layer norm of the last frame's position code.
#include "parity/support.h"

#include "predict/predictor.h"

namespace casd {
namespace {

using torch_engine::Law;
using torch_engine::TorchEngine;

constexpr std::int32_t hidden = 8;

ModelPtr network_of_positions() {
  Schema schema;
  schema.task = CASD_TASK_CLASSES;
  schema.modalities.push_back({"signal", 1, {}});
  schema.outputs = {"no", "yes"};
  casd_model_options options = default_model_options();
  options.hidden = hidden;
  options.heads = 2;
  options.layers = 1;
  options.max_steps = 5000;
  const ModelPtr fresh = create_model(schema, options);
  std::vector<float> values(fresh->values().begin(), fresh->values().end());
  for (const NamedTensor& tensor : named_tensors(fresh->layout())) {
    const bool norm = tensor.name.find("norm") != std::string::npos;  // weight 1, bias 0
    if (tensor.learned_offset < 0 || norm) continue;
    for (std::int64_t k = 0; k < tensor.size; ++k) {
      const bool diagonal =
          tensor.name == "signal.evidence.weight" && k % (hidden + 1) == 0 && k < hidden * hidden;
      values[static_cast<std::size_t>(tensor.offset + k)] = diagonal ? 1.0f : 0.0f;
    }
  }
  return std::make_shared<const Model>(fresh->shared_layout(), std::move(values));
}

std::vector<double> expected_location(std::int64_t steps) {
  std::vector<double> code;
  for (int i = 0; i < hidden; ++i) {
    const double angle = static_cast<double>(steps - 1) / std::pow(10000.0, i / 2 * 2.0 / hidden);
    code.push_back(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
  double mean = 0, variance = 0;
  for (const double value : code) mean += value / hidden;
  for (const double value : code) variance += (value - mean) * (value - mean) / hidden;
  for (double& value : code) value = (value - mean) / std::sqrt(variance + 1e-5);
  return code;
}

TEST(PositionCode, MatchesTheFormulaInLongSequences) {
  const ModelPtr model = network_of_positions();
  const TorchEngine wide = test::make_engine(model, at::kDouble);
  const TorchEngine narrow = test::make_engine(model, at::kFloat);
  const Predictor cpu(model, default_predictor_options());
  // Increasing and decreasing lengths, so that cached position codes are used.
  for (const std::int64_t steps :
       std::vector<std::int64_t>{3, 1024, 1025, 1026, 2, 1500, 5000, 4097}) {
    std::vector<Sample> samples = {empty_sample(model->schema())};
    set_frames(samples[0], model->schema(), 0,
               std::vector<float>(static_cast<std::size_t>(steps), 0.5f));
    const std::vector<double> expected = expected_location(steps);
    const auto input = [&](const TorchEngine& engine) {
      return test::pack(*model, samples, {1}, engine.tensor_options());
    };
    EXPECT_LE(test::distance(test::doubles(wide.law(input(wide), nullptr).location), expected),
              1e-9)
        << steps;
    EXPECT_LE(test::distance(test::doubles(narrow.law(input(narrow), nullptr).location), expected),
              1e-5)
        << steps;
    Batch batch(model->schema());
    batch.add() = samples[0];
    Prediction prediction;
    cpu.predict(prediction, batch, CASD_ALL_MODALITIES);
    const Span<const float> location = prediction.table(CASD_FIELD_REPRESENTATION);
    EXPECT_LE(test::distance({location.begin(), location.end()}, expected), 1e-5) << steps;
  }
}

}  // namespace
}  // namespace casd
