// The built-in engine against LibTorch's automatic differentiation: whole steps with dropout, corruption
// and sampling, for every teacher, sampling mode, recipe and task.
#include "cpu/training_engine.h"
#include "parity/support.h"

namespace casd {
namespace {

using cpu::CpuTraining;
using test::SyntheticStep;
using torch_engine::TorchEngine;

std::vector<double> doubles(const std::vector<float>& from) { return {from.begin(), from.end()}; }

/// |a - b| / |b|
double apart(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, square = 0;
  EXPECT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    square += b[i] * b[i];
  }
  return std::sqrt(difference / square);
}

std::vector<double> read(const CpuTraining& engine, const NetworkLayout& layout, StatePart part) {
  std::vector<float> out(static_cast<std::size_t>(layout.learned_count));
  engine.read(part, out);
  return doubles(out);
}

std::unique_ptr<CpuTraining> cpu_engine_of(const SyntheticStep& step, cpu::Target target,
                                           Span<const float> class_weights = {}) {
  return std::make_unique<CpuTraining>(*step.model, EngineSetup{},
                                       TrainingSetup{training_options(step.options), class_weights},
                                       target);
}

void expect_same(const StepLosses& got, const StepLosses& expected, double tolerance) {
  const auto same = [&](const char* name, double a, double b) {
    EXPECT_EQ(std::isnan(a), std::isnan(b)) << name;
    if (!std::isnan(b)) EXPECT_NEAR(a, b, tolerance * std::max(1.0, std::fabs(b))) << name;
  };
  same("total", got.total, expected.total);
  same("task", got.task, expected.task);
  same("logit", got.logit, expected.logit);
  same("uncertainty", got.uncertainty, expected.uncertainty);
  same("evidence", got.evidence, expected.evidence);
  same("gradient norm", got.gradient_norm, expected.gradient_norm);
}

using Setting = std::tuple<casd_teacher_mode, casd_sampling_mode, casd_task, casd_recipe>;

casd_trainer_options options_of(const Setting& setting) {
  casd_trainer_options out = default_trainer_options();
  use_recipe(out, std::get<3>(setting));
  out.teacher = std::get<0>(setting);
  out.sampling = std::get<1>(setting);
  return out;
}

class CpuAgainstTorch : public testing::TestWithParam<Setting> {};

TEST_P(CpuAgainstTorch, GradientAndLosses) {
  const SyntheticStep step(options_of(GetParam()), std::get<2>(GetParam()));
  constexpr std::size_t first = 11, count = 30;  // part of a batch
  TorchEngine torch = test::make_engine(step.model, at::kDouble, step.options);
  step.bind(torch);
  torch.begin_phase(TrainingPhase::student);
  torch.accumulate(step.request(first, count));
  const std::vector<double> expected =
      test::doubles(torch.parameters().in_file_order(torch.gradient()));
  const auto engine = cpu_engine_of(step, cpu::supported_targets()[0]);
  step.bind(*engine);
  engine->begin_phase(TrainingPhase::student);
  engine->accumulate(step.request(first, count));
  EXPECT_LE(apart(read(*engine, step.model->layout(), StatePart::gradient), expected), 1e-5);
  expect_same(engine->apply(1e-3), torch.finish_step(1e-3), 1e-5);
}

// Adam divides a gradient by its size, so that rounding in tiny gradients is visible in the parameters.
TEST(CpuTraining, ParametersAfterSteps) {
  for (const casd_teacher_mode teacher :
       {CASD_TEACHER_FROZEN, CASD_TEACHER_EMA, CASD_TEACHER_SHARED, CASD_TEACHER_NONE}) {
    SCOPED_TRACE(teacher);
    const SyntheticStep step(
        options_of({teacher, CASD_SAMPLING_STUDENT_T, CASD_TASK_CLASSES, CASD_RECIPE_EVIDENTIAL}));
    TorchEngine torch = test::make_engine(step.model, at::kDouble, step.options);
    const auto engine = cpu_engine_of(step, cpu::supported_targets()[0]);
    step.bind(torch);
    step.bind(*engine);
    torch.begin_phase(TrainingPhase::student);
    engine->begin_phase(TrainingPhase::student);
    for (std::uint64_t number = 0; number < 4; ++number) {
      StepRequest request = step.request();
      request.step += number;
      torch.accumulate(request);
      engine->accumulate(request);
      expect_same(engine->apply(1e-2), torch.finish_step(1e-2), 1e-3);
    }
    const std::vector<double> begin =
        doubles(learned_values(step.model->layout(), step.model->values()));
    const auto moved = [&](std::vector<double> now) {
      for (std::size_t i = 0; i < now.size(); ++i) now[i] -= begin[i];
      return now;
    };
    const auto check = [&](StatePart part) {
      EXPECT_LE(
          apart(moved(read(*engine, step.model->layout(), part)), moved(doubles(torch.read(part)))),
          1e-2);
    };
    check(StatePart::parameters);
    if (teacher == CASD_TEACHER_EMA) check(StatePart::ema_teacher);
  }
}

// A training continues on the other engine from its state.
TEST(CpuTraining, ContinuesATrainingOfTorchAndBack) {
  const SyntheticStep step(default_trainer_options());
  const NetworkLayout& layout = step.model->layout();
  TorchEngine torch = test::make_engine(step.model, at::kFloat, step.options);
  const auto engine = cpu_engine_of(step, cpu::supported_targets()[0]);
  step.bind(torch);
  step.bind(*engine);
  torch.begin_phase(TrainingPhase::student);
  torch.accumulate(step.request());
  torch.finish_step(1e-2);
  const StatePart parts[] = {StatePart::parameters, StatePart::first_moment,
                             StatePart::second_moment, StatePart::step_counts};
  for (const StatePart part : parts) engine->write(part, torch.read(part));
  torch.accumulate(step.request());
  engine->accumulate(step.request());
  expect_same(engine->apply(1e-2), torch.finish_step(1e-2), 1e-4);
  for (const StatePart part : parts) {
    std::vector<float> values(part == StatePart::step_counts
                                  ? layout.groups.size()
                                  : static_cast<std::size_t>(layout.learned_count));
    engine->read(part, values);
    EXPECT_LE(apart(doubles(values), doubles(torch.read(part))), 1e-3);
    torch.write(part, values);
  }
  torch.accumulate(step.request());
  engine->accumulate(step.request());
  expect_same(engine->apply(1e-2), torch.finish_step(1e-2), 1e-4);
}

TEST(CpuTraining, UsesClassWeights) {
  const std::vector<float> weights = {0.5f, 3.0f};
  const SyntheticStep step(default_trainer_options(), CASD_TASK_CLASSES, weights);
  torch_engine::TorchEngineSetup setup;
  setup.model = step.model;
  setup.type = at::kDouble;
  setup.training = training_options(step.options);
  setup.class_weights = weights;
  torch_engine::use_one_aten_thread();
  TorchEngine torch(setup);
  step.bind(torch);
  torch.accumulate(step.request());
  const auto engine = cpu_engine_of(step, cpu::supported_targets()[0], weights);
  step.bind(*engine);
  engine->accumulate(step.request());
  expect_same(engine->apply(1e-3), torch.finish_step(1e-3), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(
    All, CpuAgainstTorch,
    testing::Combine(testing::Values(CASD_TEACHER_FROZEN, CASD_TEACHER_EMA, CASD_TEACHER_SHARED,
                                     CASD_TEACHER_NONE),
                     testing::Values(CASD_SAMPLING_STUDENT_T, CASD_SAMPLING_IMPLICIT,
                                     CASD_SAMPLING_GAUSSIAN, CASD_SAMPLING_NONE),
                     testing::Values(CASD_TASK_CLASSES, CASD_TASK_MULTILABEL, CASD_TASK_REGRESSION),
                     testing::Values(CASD_RECIPE_PAPER, CASD_RECIPE_EVIDENTIAL)));

}  // namespace
}  // namespace casd
