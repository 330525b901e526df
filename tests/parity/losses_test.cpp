// The loss against formulas in this file: task terms with class weights and missing labels, the
// weights of the terms, and the gradient as their linear combination.
#include "parity/support.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/log_softmax.h>

namespace casd {
namespace {

using test::doubles;
using test::SyntheticStep;
using torch_engine::Law;
using torch_engine::StepInput;
using torch_engine::TorchEngine;

struct Result {
  StepLosses losses;
  at::Tensor gradient;
};

Result run(SyntheticStep& step, const casd_trainer_options& options) {
  TorchEngine engine = test::make_engine(step.model, at::kDouble, options);
  const StepInput input = step.input(engine, 0, SyntheticStep::samples);
  const auto normalisers = torch_engine::normalisers(input, step.data.schema.task);
  const StepLosses losses = engine.accumulate(input, normalisers);
  return {losses, engine.gradient().clone()};
}

double apart(const at::Tensor& a, const at::Tensor& b) {
  return (at::linalg_vector_norm(a - b) / at::linalg_vector_norm(b)).item<double>();
}

TEST(LossWeights, ScaleTheLossTerms) {
  casd_trainer_options options = default_trainer_options();
  SyntheticStep step(options);
  const auto weighted = [&](double logit, double uncertainty, double evidence) {
    options.logit_weight = logit;
    options.uncertainty_weight = uncertainty;
    options.evidence_weight = evidence;
    return run(step, options);
  };
  const Result all = weighted(0.7, 0.3, 1.9);
  EXPECT_NEAR(all.losses.total,
              all.losses.task + 0.7 * all.losses.logit + 0.3 * all.losses.uncertainty +
                  1.9 * all.losses.evidence,
              1e-12 * std::fabs(all.losses.total));
  for (const double term : {all.losses.logit, all.losses.uncertainty, all.losses.evidence})
    EXPECT_GT(std::fabs(term), 1e-4);  // large enough to be detected

  const Result task = weighted(0, 0, 0);
  EXPECT_DOUBLE_EQ(task.losses.total, task.losses.task);
  EXPECT_TRUE(std::isnan(task.losses.uncertainty));
  EXPECT_TRUE(std::isnan(task.losses.evidence));
  const Result logit = weighted(1, 0, 0), uncertainty = weighted(0, 1, 0),
               evidence = weighted(0, 0, 1);
  EXPECT_NEAR(logit.losses.logit, all.losses.logit, 1e-12);
  EXPECT_NEAR(uncertainty.losses.uncertainty, all.losses.uncertainty, 1e-10);
  EXPECT_NEAR(evidence.losses.evidence, all.losses.evidence, 1e-10);
  EXPECT_LE(apart(all.gradient, task.gradient + 0.7 * (logit.gradient - task.gradient) +
                                    0.3 * (uncertainty.gradient - task.gradient) +
                                    1.9 * (evidence.gradient - task.gradient)),
            1e-12);
  for (const Result& one : {logit, uncertainty, evidence})
    EXPECT_GT(apart(one.gradient, task.gradient), 1e-4);
}

/// Law of the student's input without dropout, and the outputs at its location.
Law law_of(SyntheticStep& step, TorchEngine& engine, at::Tensor* logits) {
  return engine.law(step.input(engine, 0, SyntheticStep::samples).input, logits);
}

TEST(EvidenceLoss, AddsTheRegularizer) {
  casd_trainer_options options = default_trainer_options();
  options.dropout = 0;
  SyntheticStep step(options);
  const auto evidence = [&](double regularizer) {
    options.evidence_regularizer = regularizer;
    return run(step, options).losses.evidence;
  };
  TorchEngine engine = test::make_engine(step.model, at::kDouble, options);
  const Law law = law_of(step, engine, nullptr);
  const std::vector<double> gamma = doubles(law.gamma), delta = doubles(law.delta),
                            alpha = doubles(law.alpha), beta = doubles(law.beta),
                            present = doubles(law.present);
  const std::size_t modalities = step.data.schema.modalities.size();
  const auto d = static_cast<std::size_t>(step.model->options().hidden);
  double likelihood = 0, regularizer = 0, pairs = 0;
  for (std::size_t i = 0; i < SyntheticStep::samples; ++i)
    for (std::size_t m = 0; m < modalities; ++m) {
      if (present[i * modalities + m] == 0) continue;
      ++pairs;
      for (std::size_t k = 0; k < d; ++k) {
        const std::size_t at = (i * modalities + m) * d + k;
        const double y = static_cast<double>(step.location[i * d + k]), a = alpha[at];
        const double omega = 2 * beta[at] * (1 + delta[at]);
        const double distance = std::fabs(y - gamma[at]);
        likelihood += 0.5 * std::log(3.14159265358979323846 / delta[at]) - a * std::log(omega) +
                      (a + 0.5) * std::log(delta[at] * distance * distance + omega) +
                      std::lgamma(a) - std::lgamma(a + 0.5);
        regularizer += distance * (2 * delta[at] + a);
      }
    }
  likelihood /= pairs * static_cast<double>(d);
  regularizer /= pairs * static_cast<double>(d);
  EXPECT_LT(pairs, static_cast<double>(SyntheticStep::samples * modalities));
  for (const double weight : {0.0, 0.05, 2.0})
    EXPECT_NEAR(evidence(weight), likelihood + weight * regularizer, 1e-10) << weight;
}

/// Teacher `shared`: the second pass has its own random numbers, its own task loss, and is the
/// teacher at its location, without gradient.
TEST(SharedTeacher, RunsASecondPassOnTheCompleteSamples) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = CASD_TEACHER_SHARED;
  SyntheticStep step(options);
  const auto run_on = [&](casd_teacher_mode teacher, bool both, std::uint32_t pass) {
    options.teacher = teacher;
    TorchEngine engine = test::make_engine(step.model, at::kDouble, options);
    StepInput input = step.input(engine, 0, SyntheticStep::samples);
    input.complete = input.input;  // the same samples in both passes
    if (!both) input.complete.reset();
    input.random.pass = pass;
    return engine.accumulate(input, torch_engine::normalisers(input, CASD_TASK_CLASSES)).task;
  };
  const double first = run_on(CASD_TEACHER_NONE, false, 0);
  const double second = run_on(CASD_TEACHER_NONE, false, 1);
  EXPECT_GT(std::fabs(first - second), 1e-3);
  EXPECT_NEAR(run_on(CASD_TEACHER_SHARED, true, 0), first + second, 1e-12);
}

TEST(SharedTeacher, TrainsModalitiesThatOnlyTheCompleteSamplesHave) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = CASD_TEACHER_SHARED;
  SyntheticStep step(options);
  TorchEngine engine = test::make_engine(step.model, at::kFloat, options);
  std::size_t row = 0;
  while (step.kept(row) & 1u || !(step.data.splits[0].samples[row].given & 1u)) ++row;
  const std::vector<float> before = engine.read(StatePart::parameters);
  engine.step(step.input(engine, row, 1), 0.01);
  const std::vector<float> after = engine.read(StatePart::parameters);
  const TensorPlace tensor =
      find_tensor(engine.layout(), step.data.schema.modalities[0].name + ".conv.bias");
  for (std::int64_t k = 0; k < tensor.size; ++k) {
    const auto i = static_cast<std::size_t>(tensor.learned_offset + k);
    EXPECT_NE(before[i], after[i]) << k;
  }
}

class TaskLoss : public testing::TestWithParam<casd_task> {};

TEST_P(TaskLoss, CountsLabelledSamplesByTheirClassWeight) {
  casd_trainer_options options = default_trainer_options();
  options.dropout = 0;
  options.sampling = CASD_SAMPLING_NONE;
  SyntheticStep step(options, GetParam());
  torch_engine::TorchEngineSetup setup;
  setup.model = step.model;
  setup.type = at::kDouble;
  setup.training = training_options(options);
  const std::vector<float> class_weights = {0.25f, 3};
  if (GetParam() == CASD_TASK_CLASSES) setup.class_weights = class_weights;
  torch_engine::use_one_aten_thread();
  TorchEngine engine(setup);
  at::Tensor logits;
  law_of(step, engine, &logits);
  const std::size_t columns = step.builder.data().target.size() / SyntheticStep::samples;
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < SyntheticStep::samples; ++i) {
    if (!step.builder.data().labelled[i]) continue;
    const at::Tensor row = logits.select(0, static_cast<std::int64_t>(i));
    const auto label = [&](std::size_t c) {
      return static_cast<double>(step.builder.data().target[i * columns + c]);
    };
    if (GetParam() == CASD_TASK_CLASSES) {
      const auto of_class = static_cast<std::size_t>(label(0));
      const double weight = static_cast<double>(class_weights[of_class]);
      sum -= weight * doubles(at::log_softmax(row, 0))[of_class];
      weights += weight;
    } else if (GetParam() == CASD_TASK_MULTILABEL) {
      const std::vector<double> log_p = doubles(at::log_softmax(row.view({-1, 2}), 1));
      for (std::size_t c = 0; c < columns; ++c)
        sum -= log_p[2 * c + static_cast<std::size_t>(label(c))];
      weights += static_cast<double>(columns);
    } else {
      const std::vector<double> output = doubles(row);
      for (std::size_t c = 0; c < columns; ++c)
        sum += (output[c] - label(c)) * (output[c] - label(c));
      weights += static_cast<double>(columns);
    }
  }
  const StepInput input = step.input(engine, 0, SyntheticStep::samples);
  const StepLosses losses = engine.accumulate(input, torch_engine::normalisers(input, GetParam()));
  EXPECT_NEAR(losses.task, sum / weights, 1e-12 * sum / weights);
}

TEST_P(TaskLoss, IsZeroWithoutAnyLabel) {
  casd_trainer_options options = default_trainer_options();
  SyntheticStep step(options, GetParam());
  step.remove_labels();
  const Result result = run(step, options);
  EXPECT_EQ(result.losses.task, 0);
  EXPECT_TRUE(std::isfinite(result.losses.total));
}

INSTANTIATE_TEST_SUITE_P(All, TaskLoss,
                         testing::Values(CASD_TASK_CLASSES, CASD_TASK_MULTILABEL,
                                         CASD_TASK_REGRESSION));

}  // namespace
}  // namespace casd
