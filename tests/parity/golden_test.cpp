// LibTorch against the double-precision reference: outputs, losses and gradients of every case, in
// float64 to 1e-9 and in float32 to 1e-5 (gradients 1e-4).
#include "parity/support.h"

#include <ATen/ops/softmax.h>

#include <cstdio>

namespace casd {
namespace {

using test::doubles;
using test::TensorFile;
using torch_engine::Input;
using torch_engine::Law;
using torch_engine::TorchEngine;

class GoldenTorch : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { CASD_NEEDS_FILE(test::golden_path(GetParam() + ".safetensors")); }
};
class GoldenOutputs : public GoldenTorch {};
class GoldenGradients : public GoldenTorch {};

/// Calibrated probabilities; regression: the values in target units.
at::Tensor outputs_of(const at::Tensor& logits, const Model& model,
                      const std::vector<ModalityMask>& taking_part) {
  const at::TensorOptions real = logits.options();
  if (model.schema().task == CASD_TASK_REGRESSION) {
    const auto mean = model.tensor("target.mean"), deviation = model.tensor("target.std");
    const std::vector<double> m(mean.begin(), mean.end()), s(deviation.begin(), deviation.end());
    const auto columns = static_cast<std::int64_t>(m.size());
    return logits * test::tensor_of(s, {columns}, real) + test::tensor_of(m, {columns}, real);
  }
  std::vector<double> temperature;
  for (const ModalityMask mask : taking_part) temperature.push_back(model.temperature(mask));
  const at::Tensor divided = logits / test::tensor_of(temperature, {logits.size(0), 1}, real);
  if (model.schema().task == CASD_TASK_CLASSES) return at::softmax(divided, 1);
  return at::softmax(divided.view({logits.size(0), -1, 2}), 2).select(2, 1);
}

/// Largest distance over all masks and stored fields.
double worst_output(const std::string& name, at::ScalarType type) {
  const ModelPtr model = load_model(test::golden_path(name + ".casd"));
  const TensorFile stored(test::golden_path(name + ".safetensors"));
  const std::vector<Sample> samples = test::golden_samples(stored, model->schema());
  const Schema& schema = model->schema();
  const TorchEngine engine = test::make_engine(model, type);
  double worst = 0;
  int masks = 0;
  for (ModalityMask mask = 1; mask <= schema.all(); ++mask) {
    const std::string prefix = "mask." + std::to_string(mask) + ".";
    if (!stored.has(prefix + "logits")) continue;
    ++masks;
    const std::vector<double> valid = stored.values(prefix + "valid");
    // Samples without modalities are rejected earlier.
    std::vector<Sample> kept;
    std::vector<std::size_t> rows;
    std::vector<ModalityMask> taking_part;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ(valid[i] != 0, (samples[i].given & mask) != 0);
      if (valid[i] == 0) continue;
      kept.push_back(samples[i]);
      rows.push_back(i);
      taking_part.push_back(samples[i].given & mask);
    }
    const Input input = test::pack(*model, kept, std::vector<ModalityMask>(kept.size(), mask),
                                   engine.tensor_options());
    at::Tensor logits;
    const Law law = engine.law(input, &logits);
    const auto per_modality = [&](const at::Tensor& x) {
      return x.mean(2).masked_fill(law.present.squeeze(2) == 0, NAN);
    };
    const at::Tensor aleatoric = law.beta / (law.alpha - 1);
    const at::Tensor epistemic = aleatoric / law.delta;
    const at::Tensor from_fused = law.gamma - law.location.unsqueeze(1);
    const std::pair<const char*, at::Tensor> fields[] = {
        {"logits", logits},
        {"probabilities", outputs_of(logits, *model, taking_part)},
        {"uncertainty", law.uncertainty.mean(1)},
        {"disagreement", (law.weight * from_fused * from_fused).sum(1).mean(1)},
        {"representation", law.location},
        {"scale", law.scale},
        {"nu", law.degrees_of_freedom},
        {"aleatoric", per_modality(aleatoric)},
        {"epistemic", per_modality(epistemic)},
        {"weight", per_modality(law.weight)},
        {"modality_variance", per_modality(aleatoric + epistemic)},
        {"degrees_of_freedom", per_modality(law.alpha * 2)},
    };
    for (const auto& [field, tensor] : fields) {
      const std::vector<double> all = stored.values(prefix + field);
      const std::size_t columns = all.size() / valid.size();
      std::vector<double> expected;
      for (const std::size_t row : rows)
        expected.insert(expected.end(), all.begin() + static_cast<std::ptrdiff_t>(row * columns),
                        all.begin() + static_cast<std::ptrdiff_t>((row + 1) * columns));
      const double far = test::distance(doubles(tensor), expected);
      EXPECT_LE(far, type == at::kDouble ? 1e-9 : 1e-5) << name << " mask " << mask << " " << field;
      worst = std::max(worst, far);
    }
  }
  EXPECT_GT(masks, 0);
  return worst;
}

TEST_P(GoldenOutputs, MatchInBothTypes) {
  const double wide = worst_output(GetParam(), at::kDouble);
  const double narrow = worst_output(GetParam(), at::kFloat);
  std::printf("%s: largest distance %.2g in float64, %.2g in float32\n", GetParam().c_str(), wide,
              narrow);
}

void check_step(const std::string& name, at::ScalarType type) {
  const test::GoldenStep golden(name, type);
  TorchEngine engine = test::make_engine(golden.student, type, golden.options);
  const StepLosses losses = engine.accumulate(golden.step, golden.normalisers());

  const double tolerance = type == at::kDouble ? 1e-9 : 1e-5;
  const auto check_loss = [&](const char* term, double value) {
    EXPECT_LE(test::distance({value}, golden.stored.values(std::string("loss.") + term)), tolerance)
        << name << " " << term;
  };
  check_loss("task", losses.task);
  check_loss("logit", losses.logit);
  check_loss("total", losses.total);
  EXPECT_EQ(std::isnan(losses.uncertainty), name != "loss_paper");
  EXPECT_EQ(std::isnan(losses.evidence), name == "loss_paper");
  if (name == "loss_paper")
    check_loss("uncertainty", losses.uncertainty);
  else
    check_loss("evidence", losses.evidence);

  const at::Tensor gradient = engine.parameters().in_file_order(engine.gradient());
  double worst = 0;
  for (const NamedTensor& info : named_tensors(golden.student->layout())) {
    if (info.learned_offset < 0) continue;
    const double far = test::distance(doubles(gradient.narrow(0, info.learned_offset, info.size)),
                                      golden.stored.values("gradient." + info.name));
    EXPECT_LE(far, type == at::kDouble ? 1e-9 : 1e-4) << name << " " << info.name;
    worst = std::max(worst, far);
  }
  std::printf("%s: largest distance of a gradient %.2g in %s\n", name.c_str(), worst,
              type == at::kDouble ? "float64" : "float32");
}

TEST_P(GoldenGradients, MatchInFloat64) { check_step(GetParam(), at::kDouble); }
TEST_P(GoldenGradients, MatchInFloat32) { check_step(GetParam(), at::kFloat); }

INSTANTIATE_TEST_SUITE_P(All, GoldenOutputs, testing::ValuesIn(test::model_cases()),
                         [](const auto& parameters) { return parameters.param; });
INSTANTIATE_TEST_SUITE_P(All, GoldenGradients, testing::ValuesIn(test::loss_cases()),
                         [](const auto& parameters) { return parameters.param; });

}  // namespace
}  // namespace casd
