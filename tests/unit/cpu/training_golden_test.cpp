// One student step of the golden cases on every instruction set: losses and gradients against the
// double-precision reference, with its random numbers.
#include "cpu/engine.h"
#include "cpu/training_step.h"
#include "method/position_code.h"
#include "model/normaliser.h"
#include "support/golden.h"
#include "train/options.h"
#include "train/step_builder.h"
#include "unit/cpu/training_support.h"

namespace casd::cpu {
namespace {

using casd::test::distance;
using casd::test::golden_path;
using casd::test::golden_samples;

/// A sample's frames, standardised.
struct Frames {
  std::vector<std::vector<float>> values;
  std::vector<RowSequence> sequences;

  Frames(const Model& model, const Sample& sample, ModalityMask kept) {
    const Schema& schema = model.schema();
    values.resize(schema.modalities.size());
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      const auto at = static_cast<std::size_t>(m);
      const std::int32_t features = schema.modalities[at].features;
      const ModalityPlaces& places = model.layout().modalities[at];
      const bool zeros = model.options().absent == CASD_ABSENT_ZEROS;
      const bool given = (sample.given & kept) >> m & 1u;
      const std::int64_t steps = std::max<std::int64_t>(sample.steps(schema, m), 1);
      values[at].assign(static_cast<std::size_t>(steps * features), 0.0f);
      for (std::int64_t t = 0; given && t < steps; ++t)
        standardise(sample.frames[at].data() + t * features, model.tensor(places.mean).data(),
                    model.tensor(places.deviation).data(), features,
                    static_cast<float>(model.options().input_clip),
                    values[at].data() + t * features);
      sequences.push_back({given || zeros ? values[at].data() : nullptr, steps});
    }
  }
};

class GoldenTraining : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { CASD_NEEDS_FILE(golden_path(GetParam() + ".safetensors")); }
};

/// mu_F, U_F and logits of the frozen teacher.
struct TeacherRow {
  std::vector<float> location, uncertainty, logits;

  TeacherRow(const ModelPtr& model, const Sample& sample) {
    const Schema& schema = model->schema();
    const auto hidden = static_cast<std::size_t>(model->options().hidden);
    const InferenceEnginePtr engine = cpu_engine().infer(model, {});
    std::vector<std::vector<float>> nig;
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      const bool given = sample.given >> m & 1u;
      if (!given && model->options().absent != CASD_ABSENT_ZEROS) continue;
      nig.emplace_back(4 * hidden);
      const EncodeItem item{
          given ? sample.frames[static_cast<std::size_t>(m)].data() : nullptr, nig.back().data(),
          static_cast<std::int32_t>(std::max<std::int64_t>(sample.steps(schema, m), 1)), m};
      engine->encode({&item, 1}, engine->workspace().get());
    }
    for (std::size_t c = 0; c < hidden; ++c) {
      NormalInverseGamma<double> law[32];
      double weight[32];
      for (std::size_t m = 0; m < nig.size(); ++m) {
        const auto value = [&](std::size_t k) {
          return static_cast<double>(nig[m][k * hidden + c]);
        };
        law[m] = {value(0), value(1), value(2), value(3)};
      }
      const FusedLaw<double> fused =
          fuse(law, static_cast<std::int32_t>(nig.size()),
               {model->options().weights, model->options().fused_variance},
               static_cast<const ModalityFactors<double>*>(nullptr), weight);
      location.push_back(static_cast<float>(fused.location));
      uncertainty.push_back(static_cast<float>(fused.variance));
    }
    const Span<const float> matrix = model->tensor(model->layout().classifier.weight);
    const Span<const float> bias = model->tensor(model->layout().classifier.bias);
    for (std::size_t k = 0; k < bias.size(); ++k) {
      double sum = static_cast<double>(bias[k]);
      for (std::size_t c = 0; c < hidden; ++c)
        sum += static_cast<double>(matrix[k * hidden + c]) * static_cast<double>(location[c]);
      logits.push_back(static_cast<float>(sum));
    }
  }
};

TEST_P(GoldenTraining, LossesAndGradients) {
  const casd::test::TensorFile stored(golden_path(GetParam() + ".safetensors"));
  const ModelPtr student = load_model(golden_path(GetParam() + ".student.casd"));
  const ModelPtr teacher = load_model(golden_path(GetParam() + ".teacher.casd"));
  const NetworkLayout& layout = student->layout();
  const Schema& schema = student->schema();
  casd_trainer_options trainer = default_trainer_options();
  use_recipe(trainer, GetParam() == "loss_paper" ? CASD_RECIPE_PAPER : CASD_RECIPE_EVIDENTIAL);
  trainer.dropout = 0;
  const TrainingOptions options = training_options(trainer);
  const std::vector<Sample> complete = golden_samples(stored, schema);
  const std::vector<Sample> corrupted = golden_samples(stored, schema, "corrupted");
  const std::vector<float> weights = stored.floats("class_weight");
  std::vector<float> target = stored.floats("target");
  const auto columns = static_cast<std::size_t>(schema.target_columns());
  if (schema.task == CASD_TASK_REGRESSION)
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = (target[i] - student->tensor(layout.target->mean)[i % columns]) /
                  student->tensor(layout.target->deviation)[i % columns];

  std::vector<Frames> frames;
  std::vector<TeacherRow> teachers;
  StepContext step{};
  std::vector<std::int64_t> longest(schema.modalities.size(), 1);
  for (std::size_t i = 0; i < complete.size(); ++i) {
    frames.emplace_back(
        *student, corrupted[i],
        static_cast<ModalityMask>(stored.values("mask." + std::to_string(i)).at(0)));
    teachers.emplace_back(teacher, complete[i]);
    step.batch.samples += 1;
    step.batch.targets += schema.task == CASD_TASK_CLASSES
                              ? static_cast<double>(weights[static_cast<std::size_t>(target[i])])
                              : 1;
    for (std::size_t m = 0; m < longest.size(); ++m) {
      step.batch.pairs += frames[i].sequences[m].frames ? 1 : 0;
      longest[m] = std::max(longest[m], frames[i].sequences[m].steps);
    }
  }
  const std::int64_t hidden = layout.options.hidden;
  step.position_stride = padded(*std::max_element(longest.begin(), longest.end()));
  test::Aligned position(static_cast<std::size_t>(hidden * step.position_stride));
  for (std::int64_t c = 0; c < hidden; ++c)
    for (std::int64_t t = 0; t < step.position_stride; ++t)
      position.data()[c * step.position_stride + t] =
          static_cast<float>(position_code(t, c, hidden));
  std::vector<float> parameters = learned_values(layout, student->values());
  parameters.resize(parameters.size() + 8);
  step.layout = &layout;
  step.options = &options;
  step.class_weights = weights.data();
  step.parameters = parameters.data();
  step.position = position.data();
  step.phase = TrainingPhase::student;

  test::on_every_target([&](const TrainingKernels& kernels) {
    RowRunner runner(kernels, layout, options.teacher, longest);
    std::vector<float> gradient(static_cast<std::size_t>(layout.learned_count));
    LossSums losses;
    for (std::size_t i = 0; i < complete.size(); ++i) {
      const std::vector<float> noise = stored.floats("noise." + std::to_string(i));
      TrainingRow row;
      row.position = i;
      row.input = frames[i].sequences.data();
      row.target = target.data() + i * columns;
      row.teacher_location = teachers[i].location.data();
      row.teacher_uncertainty = teachers[i].uncertainty.data();
      row.teacher_logits = teachers[i].logits.data();
      row.noise = noise.data();
      runner.run(step, row, gradient.data(), losses);
    }
    ConvolutionGradients(layout).to_file_order(gradient.data());
    const auto check = [&](const char* term, double value) {
      EXPECT_LE(distance({value}, stored.values(std::string("loss.") + term)), 1e-5) << term;
    };
    check("task", losses.task);
    check("logit", losses.logit);
    check("total", losses.total);
    if (GetParam() == "loss_paper")
      check("uncertainty", losses.uncertainty);
    else
      check("evidence", losses.evidence);
    for_each_tensor(layout, [&](const std::string& name, const TensorPlace& place) {
      if (place.learned_offset < 0) return;
      const auto from = gradient.begin() + static_cast<std::ptrdiff_t>(place.learned_offset);
      EXPECT_LE(distance({from, from + static_cast<std::ptrdiff_t>(place.size)},
                         stored.values("gradient." + name)),
                1e-4)
          << name;
    });
  });
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTraining, testing::ValuesIn(casd::test::loss_cases()),
                         [](const auto& parameters) { return parameters.param; });

}  // namespace
}  // namespace casd::cpu
