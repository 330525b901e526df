// The engine of the loaded plug-in against the one linked into this program.
#include "core/error.h"
#include "parity/support.h"
#include "train/learned_state.h"

namespace casd {
namespace {

using test::SyntheticStep;
using torch_engine::TorchEngine;

TEST(Plugin, StepsLikeTheEngine) {
  const std::vector<float> class_weights = {0.25f, 3};
  SyntheticStep step(default_trainer_options(), CASD_TASK_CLASSES, class_weights);
  const auto plugin = test::plugin_engine(*step.model, step.options, class_weights);
  TorchEngine engine = test::make_engine(step.model, at::kFloat, step.options, 1, class_weights);
  for (int i = 0; i < 2; ++i) {
    const StepLosses got = step.step(*plugin);
    const StepLosses expected =
        engine.step(step.input(engine, 0, SyntheticStep::samples), step.options.learning_rate);
    EXPECT_EQ(got.total, expected.total);
    EXPECT_EQ(got.task, expected.task);
    EXPECT_EQ(got.logit, expected.logit);
    EXPECT_EQ(got.evidence, expected.evidence);
    EXPECT_EQ(got.gradient_norm, expected.gradient_norm);
    EXPECT_TRUE(std::isnan(got.uncertainty));
  }
  EXPECT_TRUE(read_parameters(*plugin, step.model->layout()) == engine.read(StatePart::parameters));
}

// A batch in four parts, or divided between two processes that add their gradients.
TEST(Plugin, PartsOfABatchGiveTheStepOfTheWhole) {
  const SyntheticStep step(default_trainer_options());
  const auto gradient_of = [&](const TrainingEngine& engine) {
    std::vector<float> out(static_cast<std::size_t>(step.model->layout().learned_count));
    engine.read(StatePart::gradient, out);
    return out;
  };
  const auto whole = test::plugin_engine(*step.model, step.options);
  step.bind(*whole);
  whole->accumulate(step.request());
  const std::vector<float> expected = gradient_of(*whole);

  const auto parts = test::plugin_engine(*step.model, step.options);
  step.bind(*parts);
  for (std::size_t first = 0; first < SyntheticStep::samples; first += 32)
    parts->accumulate(step.request(first, 32));

  std::vector<float> sum;
  std::unique_ptr<TrainingEngine> ranks[2];
  for (std::size_t rank = 0; rank < 2; ++rank) {
    ranks[rank] = test::plugin_engine(*step.model, step.options);
    step.bind(*ranks[rank]);
    ranks[rank]->accumulate(step.request(64 * rank, 64));
    const std::vector<float> part = gradient_of(*ranks[rank]);
    sum.resize(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) sum[i] += part[i];
  }
  const auto distance = [&](const std::vector<float>& other) {
    double apart = 0, size = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      apart += std::pow(static_cast<double>(other[i]) - static_cast<double>(expected[i]), 2);
      size += std::pow(static_cast<double>(expected[i]), 2);
    }
    return std::sqrt(apart / size);
  };
  EXPECT_LE(distance(gradient_of(*parts)), 1e-6);
  EXPECT_LE(distance(sum), 1e-6);
  for (const auto& rank : ranks) rank->write(StatePart::gradient, sum);
  const StepLosses losses = whole->apply(0.001), of_parts = parts->apply(0.001);
  EXPECT_NEAR(of_parts.total, losses.total, 1e-5 * std::fabs(losses.total));
  const StepLosses of_ranks[] = {ranks[0]->apply(0.001), ranks[1]->apply(0.001)};
  EXPECT_NEAR(of_ranks[0].total + of_ranks[1].total, losses.total, 1e-5 * std::fabs(losses.total));
  EXPECT_NEAR(of_ranks[0].gradient_norm, losses.gradient_norm, 1e-5 * losses.gradient_norm);
  // Both processes continue with the same parameters.
  EXPECT_TRUE(read_parameters(*ranks[0], step.model->layout()) ==
              read_parameters(*ranks[1], step.model->layout()));
}

TEST(Plugin, KeepsItsStateWhenAStepDiverges) {
  casd_trainer_options options = default_trainer_options();
  options.threads = 2;
  SyntheticStep step(options);
  const NetworkLayout& layout = step.model->layout();
  const auto engine = test::plugin_engine(*step.model, options);
  step.step(*engine);
  const LearnedState before = read_learned(*engine, layout, false);
  const float location = step.location[1000];
  step.location[1000] = INFINITY;
  try {
    step.step(*engine);
    ADD_FAILURE() << "an infinite loss passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_NUMERIC) << error.what();
  }
  const LearnedState after = read_learned(*engine, layout, false);
  EXPECT_TRUE(after.parameters == before.parameters);
  EXPECT_TRUE(after.first_moment == before.first_moment);
  EXPECT_TRUE(after.second_moment == before.second_moment);
  EXPECT_TRUE(after.step_counts == before.step_counts);
  // The failed step does not affect the next one.
  step.location[1000] = location;
  const auto other = test::plugin_engine(*step.model, options);
  write_learned(*other, before);
  EXPECT_EQ(step.step(*engine).gradient_norm, step.step(*other).gradient_norm);
  EXPECT_TRUE(read_parameters(*engine, layout) == read_parameters(*other, layout));
}

TEST(Plugin, EncodesEachSequence) {
  SyntheticStep step(default_trainer_options());
  const TorchEngine engine = test::make_engine(step.model, at::kDouble);
  const InferenceEnginePtr plugin =
      find_engine("torch", CASD_DEVICE_CPU, false).infer(step.model, {CASD_DEVICE_CPU, 0, 2});
  const auto& samples = step.data.splits[0].samples;
  const std::size_t size = 4 * static_cast<std::size_t>(step.model->options().hidden);
  std::vector<std::vector<float>> nig;
  std::vector<std::vector<double>> expected;
  std::vector<EncodeItem> items;
  for (std::int32_t m = 0; m < 3; ++m) {
    const std::vector<ModalityMask> masks(samples.size(), ModalityMask{1} << m);
    const torch_engine::Input input =
        test::pack(*step.model, samples, masks, engine.tensor_options());
    const at::Tensor rows = engine.encode(input)[static_cast<std::size_t>(m)];
    std::int64_t row = 0;
    for (const std::int32_t i : input.modalities[static_cast<std::size_t>(m)].sample) {
      const Sample& sample = samples[static_cast<std::size_t>(i)];
      items.push_back({sample.frames[static_cast<std::size_t>(m)].data(), nullptr,
                       static_cast<std::int32_t>(sample.steps(step.data.schema, m)), m});
      expected.push_back(test::doubles(rows.select(0, row++)));
    }
  }
  nig.assign(items.size(), std::vector<float>(size, -1));
  for (std::size_t k = 0; k < items.size(); ++k) items[k].nig = nig[k].data();
  ASSERT_GT(items.size(), 2 * samples.size());
  plugin->encode(items, nullptr);
  for (std::size_t k = 0; k < items.size(); ++k)
    EXPECT_LE(test::distance({nig[k].begin(), nig[k].end()}, expected[k]), 1e-5) << k;
}

TEST(Plugin, SnapshotsDoNotFollowTheTraining) {
  const SyntheticStep step(default_trainer_options());
  const auto engine = test::plugin_engine(*step.model, step.options);
  const Sample& sample = step.data.splits[0].samples[0];
  std::int32_t m = 0;
  while (!(sample.given >> m & 1u)) ++m;
  const auto encode = [&](const InferenceEngine& with) {
    std::vector<float> nig(4 * static_cast<std::size_t>(step.model->options().hidden));
    const EncodeItem item = {sample.frames[static_cast<std::size_t>(m)].data(), nig.data(),
                             static_cast<std::int32_t>(sample.steps(step.data.schema, m)), m};
    with.encode({&item, 1}, nullptr);
    return nig;
  };
  const InferenceEnginePtr before = engine->snapshot();
  const std::vector<float> expected = encode(*before);
  step.step(*engine);
  EXPECT_EQ(encode(*before), expected);
  EXPECT_NE(encode(*engine->snapshot()), expected);
}

TEST(Plugin, RejectsWhatItsEngineIsNotMadeFor) {
  const SyntheticStep step(default_trainer_options());
  const auto engine = test::plugin_engine(*step.model, step.options);
  std::vector<float> one(1);
  const auto status_of = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.status();
    }
    return casd_status{CASD_OK};
  };
  EXPECT_EQ(status_of([&] { engine->read(StatePart::parameters, one); }),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { engine->write(StatePart::parameters, one); }),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { engine->read(StatePart::ema_teacher, one); }), CASD_ERROR_STATE);
}

}  // namespace
}  // namespace casd
