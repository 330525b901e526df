// A step does not depend on the division of its batch or on the number of threads: random numbers are
// keyed by the row of the whole batch, and losses are divided by sums over the whole batch.
#include "parity/support.h"

#include <ATen/ops/linalg_vector_norm.h>

namespace casd {
namespace {

using test::SyntheticStep;
using torch_engine::LossNormalisers;
using torch_engine::StepInput;
using torch_engine::TorchEngine;

struct Setting {
  const char* name;
  casd_recipe recipe;
  casd_task task;
  casd_teacher_mode teacher;
  casd_sampling_mode sampling;
};

casd_trainer_options options_of(const Setting& setting) {
  casd_trainer_options options = default_trainer_options();
  use_recipe(options, setting.recipe);
  options.teacher = setting.teacher;
  options.sampling = setting.sampling;
  return options;
}

class MicroBatches : public testing::TestWithParam<Setting> {};

/// The gradient of the whole batch against the sum over separately packed parts, which have other
/// padding.
void compare_parts(const Setting& setting, at::ScalarType type, double tolerance) {
  SyntheticStep step(options_of(setting), setting.task);
  TorchEngine engine = test::make_engine(step.model, type, step.options);
  StepInput input = step.input(engine, 0, SyntheticStep::samples);
  const LossNormalisers normalisers = torch_engine::normalisers(input, setting.task);
  const StepLosses whole = engine.accumulate(input, normalisers);
  const at::Tensor expected = engine.gradient().clone();
  EXPECT_GT(at::linalg_vector_norm(expected).item<double>(), 0);

  for (const std::vector<std::size_t>& sizes :
       {std::vector<std::size_t>{32, 32, 32, 32}, std::vector<std::size_t>{1, 40, 7, 80}}) {
    TorchEngine other = test::make_engine(step.model, type, step.options);
    StepLosses sum{};
    std::size_t first = 0;
    for (const std::size_t count : sizes) {
      const StepLosses part = other.accumulate(step.input(other, first, count), normalisers);
      sum.total += part.total;
      sum.task += part.task;
      sum.logit += part.logit;
      sum.uncertainty += part.uncertainty;
      sum.evidence += part.evidence;
      first += count;
    }
    EXPECT_EQ(first, SyntheticStep::samples);
    const double apart =
        (at::linalg_vector_norm(other.gradient() - expected) / at::linalg_vector_norm(expected))
            .item<double>();
    EXPECT_LE(apart, tolerance);
    const auto same = [&](double a, double b) {
      EXPECT_EQ(std::isnan(a), std::isnan(b));
      if (!std::isnan(b)) EXPECT_NEAR(a, b, tolerance * std::max(1.0, std::fabs(b)));
    };
    same(sum.total, whole.total);
    same(sum.task, whole.task);
    same(sum.logit, whole.logit);
    same(sum.uncertainty, whole.uncertainty);
    same(sum.evidence, whole.evidence);
  }
}

TEST_P(MicroBatches, AddUpToTheBatchInFloat64) { compare_parts(GetParam(), at::kDouble, 1e-12); }
TEST_P(MicroBatches, AddUpToTheBatchInFloat32) { compare_parts(GetParam(), at::kFloat, 1e-6); }

TEST_P(MicroBatches, GiveTheSameBitsForAnyNumberOfThreads) {
  std::vector<float> expected;
  for (const int threads : {1, 2, 3, 5}) {
    SyntheticStep step(options_of(GetParam()), GetParam().task);
    TorchEngine engine = test::make_engine(step.model, at::kFloat, step.options, threads);
    for (int i = 0; i < 3; ++i)
      engine.step(step.input(engine, 0, SyntheticStep::samples), step.options.learning_rate);
    const std::vector<float> parameters = engine.read(StatePart::parameters);
    if (threads == 1) expected = parameters;
    EXPECT_TRUE(parameters == expected) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MicroBatches,
    testing::Values(Setting{"evidential", CASD_RECIPE_EVIDENTIAL, CASD_TASK_CLASSES,
                            CASD_TEACHER_FROZEN, CASD_SAMPLING_STUDENT_T},
                    Setting{"paper", CASD_RECIPE_PAPER, CASD_TASK_CLASSES, CASD_TEACHER_FROZEN,
                            CASD_SAMPLING_GAUSSIAN},
                    Setting{"ema", CASD_RECIPE_EVIDENTIAL, CASD_TASK_REGRESSION, CASD_TEACHER_EMA,
                            CASD_SAMPLING_IMPLICIT},
                    Setting{"shared", CASD_RECIPE_EVIDENTIAL, CASD_TASK_MULTILABEL,
                            CASD_TEACHER_SHARED, CASD_SAMPLING_STUDENT_T}),
    [](const auto& parameters) { return std::string(parameters.param.name); });

}  // namespace
}  // namespace casd
