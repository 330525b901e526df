// LibTorch against the double-precision reference: outputs, losses and gradients of every case, in
// float64 to 1e-9 and in float32 to 1e-5 (gradients 1e-4).
#include "support/golden.h"
#include "infer/predictor.h"
#include "model/normaliser.h"
#include "torch/session.h"
#include "train/options.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace casd {
namespace {

using test::TensorFile;
using torch_plugin::Input;
using torch_plugin::Law;
using torch_plugin::ModalityInput;
using torch_plugin::Session;
using torch_plugin::SessionSetup;
using torch_plugin::StepInput;

/// What PackedBatch does, in double.
Input pack(const Model& model, const std::vector<Sample>& samples,
           const std::vector<ModalityMask>& masks, const at::TensorOptions& options) {
  const Schema& schema = model.schema();
  const bool zeros = model.options().absent == CASD_ABSENT_ZEROS;
  Input input;
  input.samples = static_cast<std::int64_t>(samples.size());
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    const auto at = static_cast<std::size_t>(m);
    const std::int64_t features = schema.modalities[at].features;
    std::vector<std::int64_t> rows, lengths;
    std::int64_t longest = 1;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!((samples[i].given & masks[i]) >> m & 1u) && !zeros) continue;
      rows.push_back(static_cast<std::int64_t>(i));
      lengths.push_back(std::max<std::int64_t>(samples[i].steps(schema, m), 1));
      longest = std::max(longest, lengths.back());
    }
    ModalityInput out;
    if (!rows.empty()) {
      const auto count = static_cast<std::int64_t>(rows.size());
      std::vector<double> frames(static_cast<std::size_t>(count * longest * features), 0.0);
      const auto mean = model.tensor(schema.modalities[at].name + ".normalizer.mean");
      const auto deviation = model.tensor(schema.modalities[at].name + ".normalizer.std");
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const Sample& sample = samples[static_cast<std::size_t>(rows[r])];
        if (!((sample.given & masks[static_cast<std::size_t>(rows[r])]) >> m & 1u)) continue;
        for (std::int64_t t = 0; t < sample.steps(schema, m); ++t)
          standardise(sample.frames[at].data() + t * features, mean.data(), deviation.data(),
                      static_cast<std::int32_t>(features), model.options().input_clip,
                      frames.data() + (static_cast<std::int64_t>(r) * longest + t) * features);
      }
      out.sample = at::tensor(rows);
      out.length = at::tensor(lengths);
      out.frames = at::from_blob(frames.data(), {count, longest, features},
                                 at::TensorOptions().dtype(at::kDouble))
                       .to(options, false, true);
      out.ragged = std::any_of(lengths.begin(), lengths.end(),
                               [&](std::int64_t length) { return length != longest; });
      out.whole = count == input.samples;
    }
    input.modalities.push_back(std::move(out));
  }
  return input;
}

std::vector<double> doubles(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous();
  const double* from = flat.const_data_ptr<double>();
  return std::vector<double>(from, from + flat.numel());
}

at::Tensor tensor_of(const std::vector<double>& values, at::IntArrayRef shape,
                     const at::TensorOptions& options) {
  return at::from_blob(const_cast<double*>(values.data()), shape,
                       at::TensorOptions().dtype(at::kDouble))
      .to(options, false, true);
}

Session make_session(const ModelPtr& model, at::ScalarType type,
                     std::optional<casd_trainer_options> training = {}) {
  SessionSetup setup;
  setup.model = model;
  setup.type = type;
  setup.training = training;
  return Session(setup);
}

class GoldenTorch : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { CASD_NEEDS_FILE(test::golden_path(GetParam() + ".safetensors")); }
};
class GoldenOutputs : public GoldenTorch {};
class GoldenGradients : public GoldenTorch {};

/// Largest distance over all masks and stored fields.
double worst_output(const std::string& name, at::ScalarType type) {
  const ModelPtr model = load_model(test::golden_path(name + ".casd"));
  const TensorFile stored(test::golden_path(name + ".safetensors"));
  const std::vector<Sample> samples = test::golden_samples(stored, model->schema());
  const Schema& schema = model->schema();
  const Session session = make_session(model, type);
  double worst = 0;
  int masks = 0;
  for (ModalityMask mask = 1; mask <= schema.all(); ++mask) {
    const std::string prefix = "mask." + std::to_string(mask) + ".";
    if (!stored.has(prefix + "logits")) continue;
    ++masks;
    const std::vector<double> valid = stored.values(prefix + "valid");
    // Samples left with nothing are refused before they get here.
    std::vector<Sample> kept;
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ(valid[i] != 0, (samples[i].given & mask) != 0);
      if (valid[i] == 0) continue;
      kept.push_back(samples[i]);
      rows.push_back(i);
    }
    const Input input =
        pack(*model, kept, std::vector<ModalityMask>(kept.size(), mask), session.tensor_options());
    at::Tensor logits;
    const Law law = session.law(input, &logits);
    const at::Tensor part = law.part;
    const auto per_modality = [&](const at::Tensor& x) {
      return x.mean(2).masked_fill(part.squeeze(2) == 0, NAN);
    };
    const at::Tensor aleatoric = law.beta / (law.alpha - 1);
    const at::Tensor epistemic = aleatoric / law.delta;
    const std::pair<const char*, at::Tensor> fields[] = {
        {"logits", logits},
        {"uncertainty", law.uncertainty.mean(1)},
        {"representation", law.location},
        {"scale", law.scale},
        {"nu", law.degrees_of_freedom},
        {"aleatoric", per_modality(aleatoric)},
        {"epistemic", per_modality(epistemic)},
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

TEST_P(GoldenOutputs, AreMetInBothTypes) {
  const double wide = worst_output(GetParam(), at::kDouble);
  const double narrow = worst_output(GetParam(), at::kFloat);
  std::printf("%s: largest distance %.2g in float64, %.2g in float32\n", GetParam().c_str(), wide,
              narrow);
}

/// The one student step of a case, all chance given.
void check_step(const std::string& name, at::ScalarType type) {
  const ModelPtr student = load_model(test::golden_path(name + ".student.casd"));
  const ModelPtr teacher = load_model(test::golden_path(name + ".teacher.casd"));
  const TensorFile stored(test::golden_path(name + ".safetensors"));
  const Schema& schema = student->schema();
  casd_trainer_options options = default_trainer_options();
  use_recipe(options, name == "loss_paper" ? CASD_RECIPE_PAPER : CASD_RECIPE_EVIDENTIAL);
  options.dropout = 0;
  const Session session = make_session(student, type, options);
  const Session teaching = make_session(teacher, type);
  const at::TensorOptions real = session.tensor_options();

  const std::vector<Sample> whole = test::golden_samples(stored, schema);
  const std::vector<Sample> corrupted = test::golden_samples(stored, schema, "corrupted");
  const auto count = static_cast<std::int64_t>(whole.size());
  const std::int64_t d = student->options().hidden;
  std::vector<ModalityMask> masks;
  std::vector<double> noise;
  for (std::int64_t i = 0; i < count; ++i) {
    masks.push_back(static_cast<ModalityMask>(stored.values("mask." + std::to_string(i)).at(0)));
    const std::vector<double> one = stored.values("noise." + std::to_string(i));
    noise.insert(noise.end(), one.begin(), one.end());
  }
  StepInput step;
  step.input = pack(*student, corrupted, masks, real);
  step.noise = tensor_of(noise, {count, d}, real);
  const Law complete = teaching.law(
      pack(*teacher, whole, std::vector<ModalityMask>(whole.size(), schema.all()), real),
      &step.taught.logits);
  step.taught.location = complete.location;
  step.taught.uncertainty = complete.uncertainty;
  const std::vector<double> target = stored.values("target");
  step.targets.values = tensor_of(target, {count, schema.target_columns()}, real);
  if (schema.task == CASD_TASK_CLASSES)
    step.targets.values = step.targets.values.squeeze(1).to(at::kLong);
  if (schema.task == CASD_TASK_REGRESSION) {
    const auto mean = student->tensor("target.mean"), deviation = student->tensor("target.std");
    const std::vector<double> m(mean.begin(), mean.end()), s(deviation.begin(), deviation.end());
    const auto columns = static_cast<std::int64_t>(m.size());
    step.targets.values =
        (step.targets.values - tensor_of(m, {columns}, real)) / tensor_of(s, {columns}, real);
  }
  step.targets.labelled = at::zeros({count}, real).fill_(1);
  const std::vector<double> weight = stored.values("class_weight");
  step.targets.class_weights = tensor_of(weight, {static_cast<std::int64_t>(weight.size())}, real);

  const torch_plugin::Losses losses = session.losses(step);
  const double tolerance = type == at::kDouble ? 1e-9 : 1e-5;
  const auto check_loss = [&](const char* term, const at::Tensor& value) {
    if (!value.defined()) return;
    EXPECT_LE(test::distance(doubles(value), stored.values(std::string("loss.") + term)), tolerance)
        << name << " " << term;
  };
  check_loss("task", losses.task);
  check_loss("logit", losses.logit);
  check_loss("uncertainty", losses.uncertainty);
  check_loss("evidence", losses.evidence);
  check_loss("total", losses.total);
  EXPECT_EQ(losses.uncertainty.defined(), name == "loss_paper");
  EXPECT_EQ(losses.evidence.defined(), name != "loss_paper");

  losses.total.backward();
  const at::Tensor gradient = session.parameters().in_file_order(session.parameters().gradient());
  double worst = 0;
  for (const TensorInfo& info : student->network().tensors()) {
    if (info.learned_offset < 0) continue;
    const double far = test::distance(doubles(gradient.narrow(0, info.learned_offset, info.size)),
                                      stored.values("gradient." + info.name));
    EXPECT_LE(far, type == at::kDouble ? 1e-9 : 1e-4) << name << " " << info.name;
    worst = std::max(worst, far);
  }
  std::printf("%s: largest distance of a gradient %.2g in %s\n", name.c_str(), worst,
              type == at::kDouble ? "float64" : "float32");
}

TEST_P(GoldenGradients, AreMetInFloat64) { check_step(GetParam(), at::kDouble); }
TEST_P(GoldenGradients, AreMetInFloat32) { check_step(GetParam(), at::kFloat); }

INSTANTIATE_TEST_SUITE_P(All, GoldenOutputs, testing::ValuesIn(test::model_cases()),
                         [](const auto& parameters) { return parameters.param; });
INSTANTIATE_TEST_SUITE_P(All, GoldenGradients, testing::ValuesIn(test::loss_cases()),
                         [](const auto& parameters) { return parameters.param; });

}  // namespace
}  // namespace casd
