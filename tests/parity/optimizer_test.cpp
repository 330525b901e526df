// Clipping, Adam and the averaged teacher against calculations in this file, in float64.
#include "parity/support.h"

namespace casd {
namespace {

using test::doubles;
using test::SyntheticStep;
using torch_engine::StepInput;
using torch_engine::TorchEngine;

std::vector<double> values_of(const TorchEngine& engine) {
  return doubles(engine.parameters().in_file_order(engine.parameters().values()));
}

/// Adam with L2 weight decay after Kingma and Ba (arXiv 1412.6980), algorithm 1.
class ExpectedAdam {
 public:
  ExpectedAdam(const NetworkLayout& network, const casd_trainer_options& options,
               std::vector<double> start)
      : values(std::move(start)),
        network_(network),
        options_(options),
        first_(values.size()),
        second_(values.size()),
        count_(values.size()) {}

  double step(std::vector<double> gradient, ModalityMask present) {
    double squares = 0;
    for (const double g : gradient) squares += g * g;
    const double norm = std::sqrt(squares);
    const double clip = options_.gradient_clip;
    if (clip > 0 && norm > clip)
      for (double& g : gradient) g *= clip / (norm + 1e-6);
    for (const NamedTensor& tensor : named_tensors(network_)) {
      if (tensor.learned_offset < 0) continue;
      if (tensor.modality >= 0 && !(present >> tensor.modality & 1u)) continue;
      const double rate = options_.learning_rate *
                          (tensor.role == TensorRole::evidence ? options_.evidence_rate : 1);
      for (std::int64_t k = 0; k < tensor.size; ++k) {
        const auto i = static_cast<std::size_t>(tensor.learned_offset + k);
        const double g = gradient[i] + options_.weight_decay * values[i];
        const int t = ++count_[i];
        first_[i] = 0.9 * first_[i] + 0.1 * g;
        second_[i] = 0.999 * second_[i] + 0.001 * g * g;
        values[i] -= rate * (first_[i] / (1 - std::pow(0.9, t))) /
                     (std::sqrt(second_[i] / (1 - std::pow(0.999, t))) + 1e-8);
      }
    }
    return norm;
  }

  std::vector<double> values;

 private:
  const NetworkLayout& network_;
  const casd_trainer_options& options_;
  std::vector<double> first_, second_;
  std::vector<int> count_;
};

struct Rates {
  const char* name;
  double clip_factor;  // of the first gradient's norm; 0: off
  double weight_decay, evidence_rate;
};

class Optimizer : public testing::TestWithParam<Rates> {};

TEST_P(Optimizer, MatchesTheReferenceSteps) {
  casd_trainer_options options = default_trainer_options();
  options.learning_rate = 0.01;
  options.weight_decay = GetParam().weight_decay;
  options.evidence_rate = GetParam().evidence_rate;
  SyntheticStep step(options);
  {
    TorchEngine probe = test::make_engine(step.model, at::kDouble, options);
    const StepInput input = step.input(probe, 0, SyntheticStep::samples);
    options.gradient_clip = GetParam().clip_factor * probe.step(input, 0).gradient_norm;
  }
  TorchEngine engine = test::make_engine(step.model, at::kDouble, options);
  const NetworkLayout& network = engine.layout();
  ExpectedAdam expected(network, options, values_of(engine));
  // In the second step no sample has the first modality: it keeps its values and its step count.
  for (const bool without_first : {false, true, false}) {
    StepInput shown = step.input(engine, 0, SyntheticStep::samples);
    for (std::size_t i = 0; without_first && shown.input.modalities[0].rows() > 0; ++i)
      if (!(step.kept(i) & 1u)) shown = step.input(engine, i, 1);
    ModalityMask present = 0;
    for (std::size_t m = 0; m < shown.input.modalities.size(); ++m)
      if (shown.input.modalities[m].rows() > 0) present |= ModalityMask{1} << m;
    EXPECT_EQ((present & 1u) == 0, without_first);
    engine.accumulate(shown, torch_engine::normalisers(shown, CASD_TASK_CLASSES));
    const double norm =
        expected.step(doubles(engine.parameters().in_file_order(engine.gradient())), present);
    EXPECT_NEAR(engine.apply(options.learning_rate), norm, 1e-12 * norm);
    const std::vector<double> got = values_of(engine);
    for (const NamedTensor& tensor : named_tensors(network))
      for (std::int64_t k = 0; k < (tensor.learned_offset < 0 ? 0 : tensor.size); ++k) {
        const auto i = static_cast<std::size_t>(tensor.learned_offset + k);
        ASSERT_NEAR(got[i], expected.values[i], 1e-10) << tensor.name << " " << k;
      }
  }
}

TEST_P(Optimizer, ResetsItsStateAtThePhaseStart) {
  casd_trainer_options options = default_trainer_options();
  SyntheticStep step(options);
  TorchEngine engine = test::make_engine(step.model, at::kFloat, options);
  engine.step(step.input(engine, 0, SyntheticStep::samples), 0.01);
  engine.begin_phase(TrainingPhase::student);
  for (const StatePart what :
       {StatePart::first_moment, StatePart::second_moment, StatePart::step_counts})
    for (const float value : engine.read(what)) ASSERT_EQ(value, 0.0f) << static_cast<int>(what);
}

INSTANTIATE_TEST_SUITE_P(All, Optimizer,
                         testing::Values(Rates{"clipped", 0.3, 0.05, 10},
                                         Rates{"barely_not_clipped", 1.0001, 0, 3},
                                         Rates{"unlimited", 0, 0.2, 0.5}),
                         [](const auto& rates) { return std::string(rates.param.name); });

TEST(AveragedTeacher, IsTheExponentialMovingAverage) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = CASD_TEACHER_EMA;
  options.ema_decay = 0.9;
  SyntheticStep step(options);
  TorchEngine engine = test::make_engine(step.model, at::kFloat, options);
  engine.begin_phase(TrainingPhase::student);
  std::vector<float> average = engine.read(StatePart::ema_teacher);
  EXPECT_TRUE(average == engine.read(StatePart::parameters));
  for (int i = 0; i < 3; ++i) {
    engine.step(step.input(engine, 0, SyntheticStep::samples), 0.01);
    const std::vector<float> student = engine.read(StatePart::parameters);
    const std::vector<float> got = engine.read(StatePart::ema_teacher);
    for (std::size_t k = 0; k < got.size(); ++k) {
      average[k] = static_cast<float>(0.9 * static_cast<double>(average[k]) +
                                      0.1 * static_cast<double>(student[k]));
      ASSERT_NEAR(got[k], average[k], 1e-6) << k;
    }
  }
}

/// The averaged teacher is the network of its own weights on complete input, without dropout.
TEST(AveragedTeacher, IsTheTeacherOfTheStudent) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = CASD_TEACHER_EMA;
  options.uncertainty_weight = 0.5;
  SyntheticStep step(options);
  TorchEngine engine = test::make_engine(step.model, at::kDouble, options);
  StepInput input = step.input(engine, 0, SyntheticStep::samples);
  const auto normalisers = torch_engine::normalisers(input, CASD_TASK_CLASSES);
  casd_model_options sizes = step.model->options();
  sizes.seed = 99;
  const ModelPtr other = create_model(step.data.schema, sizes);
  engine.write(StatePart::ema_teacher, learned_values(other->layout(), other->values()));
  const StepLosses averaged = engine.accumulate(input, normalisers);

  options.teacher = CASD_TEACHER_FROZEN;
  TorchEngine frozen = test::make_engine(step.model, at::kDouble, options);
  const TorchEngine teacher = test::make_engine(other, at::kDouble);
  const torch_engine::Law law = teacher.law(*input.complete, &input.teacher.logits);
  input.teacher.location = law.location;
  input.teacher.uncertainty = law.uncertainty;
  const StepLosses expected = frozen.accumulate(input, normalisers);
  EXPECT_NEAR(averaged.logit, expected.logit, 1e-12);
  EXPECT_NEAR(averaged.uncertainty, expected.uncertainty, 1e-10 * expected.uncertainty);
  EXPECT_NEAR(averaged.evidence, expected.evidence, 1e-10 * std::fabs(expected.evidence));
  EXPECT_NEAR(averaged.total, expected.total, 1e-10 * std::fabs(expected.total));
}

}  // namespace
}  // namespace casd
