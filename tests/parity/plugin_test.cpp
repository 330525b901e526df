// The function table of the loaded plug-in against the engine linked into this program.
#include "core/plugin.h"
#include "core/error.h"
#include "parity/support.h"
#include "train/backend.h"

namespace casd {
namespace {

using test::SyntheticStep;
using torch_engine::TorchEngine;

TEST(Plugin, StepsLikeTheEngine) {
  casd_trainer_options options = default_trainer_options();
  SyntheticStep step(options);
  const std::vector<float> class_weights = {0.25f, 3};
  Backend backend(torch_plugin(), *step.model, options, class_weights);
  torch_engine::use_one_aten_thread();
  torch_engine::TorchEngineSetup setup;
  setup.model = step.model;
  setup.training = options;
  setup.class_weights = class_weights;
  TorchEngine engine(setup);
  for (int i = 0; i < 2; ++i) {
    const casd_torch_losses got = backend.step(step.rows(0, SyntheticStep::samples));
    const casd_torch_losses expected =
        engine.step(step.input(engine, 0, SyntheticStep::samples), options.learning_rate);
    EXPECT_EQ(got.total, expected.total);
    EXPECT_EQ(got.task, expected.task);
    EXPECT_EQ(got.logit, expected.logit);
    EXPECT_EQ(got.evidence, expected.evidence);
    EXPECT_EQ(got.gradient_norm, expected.gradient_norm);
    EXPECT_TRUE(std::isnan(got.uncertainty));
  }
  EXPECT_TRUE(backend.parameters() == engine.read(CASD_TORCH_PARAMETERS));
}

TEST(Plugin, KeepsItsStateWhenAStepDiverges) {
  casd_trainer_options options = default_trainer_options();
  options.threads = 2;
  SyntheticStep step(options);
  Backend backend(torch_plugin(), *step.model, options, {});
  backend.step(step.rows(0, SyntheticStep::samples));
  const LearnedState before = backend.read(CASD_PHASE_STUDENT);
  const float location = step.location[1000];
  step.location[1000] = INFINITY;
  try {
    backend.step(step.rows(0, SyntheticStep::samples));
    ADD_FAILURE() << "an infinite loss passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_NUMERIC) << error.what();
  }
  const LearnedState after = backend.read(CASD_PHASE_STUDENT);
  EXPECT_TRUE(after.parameters == before.parameters);
  EXPECT_TRUE(after.first_moment == before.first_moment);
  EXPECT_TRUE(after.second_moment == before.second_moment);
  EXPECT_TRUE(after.step_counts == before.step_counts);
  // The failed step does not affect the next one.
  step.location[1000] = location;
  Backend other(torch_plugin(), *step.model, options, {});
  other.write(before);
  EXPECT_EQ(backend.step(step.rows(0, SyntheticStep::samples)).gradient_norm,
            other.step(step.rows(0, SyntheticStep::samples)).gradient_norm);
  EXPECT_TRUE(backend.parameters() == other.parameters());
}

TEST(Plugin, EncodesIntoTheRowsOfTheSamples) {
  casd_trainer_options options = default_trainer_options();
  SyntheticStep step(options);
  const TorchEngine engine = test::make_engine(step.model, at::kFloat);
  const casd_torch_plugin& plugin = torch_plugin();
  const std::vector<std::uint8_t> bytes = serialise_model(*step.model);
  casd_torch_setup setup{};
  setup.model = bytes.data();
  setup.model_size = bytes.size();
  setup.threads = 1;
  casd_torch_network* network = nullptr;
  casd_plugin_error error{};
  ASSERT_EQ(plugin.create(&network, &setup, &error), CASD_OK) << error.message;
  const casd_torch_step rows = step.rows(0, SyntheticStep::samples);
  const auto modalities = step.data.schema.modalities.size();
  const std::size_t size = 4 * static_cast<std::size_t>(step.model->options().hidden);
  std::vector<float> nig(SyntheticStep::samples * modalities * size, -1);
  EXPECT_EQ(plugin.encode(network, rows.input, nig.data(), &error), CASD_OK) << error.message;
  const torch_engine::Input input =
      torch_engine::make_input(*rows.input, step.data.schema, engine.tensor_options());
  const std::vector<at::Tensor> expected = engine.encode(input);
  for (std::size_t m = 0; m < modalities; ++m) {
    const std::vector<std::int32_t>& samples = input.modalities[m].sample;
    EXPECT_LT(samples.size(), SyntheticStep::samples);
    std::size_t row = 0;
    for (std::size_t i = 0; i < SyntheticStep::samples; ++i) {
      const float* got = nig.data() + (i * modalities + m) * size;
      std::vector<double> wanted(size, -1);  // rows of absent modalities are not written
      if (row < samples.size() && samples[row] == static_cast<std::int32_t>(i))
        wanted = test::doubles(expected[m].select(0, static_cast<std::int64_t>(row++)));
      EXPECT_EQ(std::vector<double>(got, got + size), wanted) << i << " " << m;
    }
  }
  // Created for inference only.
  casd_torch_losses losses{};
  EXPECT_EQ(plugin.step(network, &rows, &losses, &error), CASD_ERROR_STATE);
  EXPECT_EQ(plugin.start_phase(network, CASD_PHASE_STUDENT, &error), CASD_ERROR_STATE);
  float value = 0;
  EXPECT_EQ(plugin.read(network, CASD_TORCH_PARAMETERS, &value, 1, &error),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(plugin.write(network, CASD_TORCH_PARAMETERS, &value, 1, &error),
            CASD_ERROR_INVALID_ARGUMENT);
  plugin.destroy(network);
}

}  // namespace
}  // namespace casd
