// Shared by the tests of the training graph: engines in both types, packed samples, golden steps.
#pragma once

#include "data/dataset.h"
#include "data/statistics.h"
#include "data/synthetic.h"
#include "engine/packed_batch.h"
#include "engine/registry.h"
#include "model/normaliser.h"
#include "support/golden.h"
#include "torch/aten_threads.h"
#include "torch/torch_engine.h"
#include "train/options.h"
#include "train/step_builder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <numeric>

namespace casd::test {

inline std::vector<double> doubles(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous();
  const double* from = flat.const_data_ptr<double>();
  return std::vector<double>(from, from + flat.numel());
}

inline at::Tensor tensor_of(const std::vector<double>& values, at::IntArrayRef shape,
                            const at::TensorOptions& options) {
  return at::from_blob(const_cast<double*>(values.data()), shape,
                       at::TensorOptions().dtype(at::kDouble))
      .to(options, false, true);
}

/// Makes LibTorch use one thread, as in the plug-in's threads.
inline torch_engine::TorchEngine make_engine(const ModelPtr& model, at::ScalarType type,
                                             std::optional<casd_trainer_options> training = {},
                                             int threads = 1,
                                             const std::vector<float>& class_weights = {}) {
  torch_engine::use_one_aten_thread();
  torch_engine::TorchEngineSetup setup;
  setup.model = model;
  setup.type = type;
  if (training) setup.training = training_options(*training);
  setup.threads = threads;
  setup.class_weights = class_weights;
  return torch_engine::TorchEngine(setup);
}

template <class Samples>
std::vector<const Sample*> pointers(const Samples& samples) {
  std::vector<const Sample*> out;
  for (const Sample& sample : samples) out.push_back(&sample);
  return out;
}

/// The input that the plug-in creates from a PackedBatch. In float64 the frames are standardised again
/// in double, because PackedBatch rounds them to float32, which is too coarse for the comparison with
/// the reference. Checks that the two differ by rounding only.
template <class Samples>
torch_engine::Input pack(const Model& model, const Samples& samples,
                         const std::vector<ModalityMask>& masks, const at::TensorOptions& options) {
  const Schema& schema = model.schema();
  Corruption corruption;
  corruption.kept = masks;
  InputTable table;
  const std::vector<const Sample*> all = pointers(samples);
  table.assign(schema, all);
  std::vector<std::int64_t> rows(samples.size());
  std::iota(rows.begin(), rows.end(), 0);
  PackedBatch packed;
  packed.pack(model.layout(), StandardisedSamples(model, table).table(), rows, &corruption);
  torch_engine::Input input = torch_engine::make_input(packed, schema, options);
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    torch_engine::ModalityInput& modality = input.modalities[static_cast<std::size_t>(m)];
    if (modality.rows() == 0) continue;
    modality.frames = modality.frames.clone();
    if (options.dtype() != at::kDouble) continue;
    const Modality& info = schema.modalities[static_cast<std::size_t>(m)];
    const Span<const float> mean =
        model.tensor(model.layout().modalities[static_cast<std::size_t>(m)].mean);
    const Span<const float> deviation =
        model.tensor(model.layout().modalities[static_cast<std::size_t>(m)].deviation);
    double* const frames = modality.frames.mutable_data_ptr<double>();
    for (std::int64_t r = 0; r < modality.rows(); ++r) {
      const auto i = static_cast<std::size_t>(modality.sample[static_cast<std::size_t>(r)]);
      if (!((samples[i].given & masks[i]) >> m & 1u)) continue;
      for (std::int64_t t = 0; t < samples[i].steps(schema, m); ++t) {
        std::vector<double> exact(static_cast<std::size_t>(info.features));
        standardise(samples[i].frames[static_cast<std::size_t>(m)].data() + t * info.features,
                    mean.data(), deviation.data(), info.features, model.options().input_clip,
                    exact.data());
        double* const to = frames + (r * modality.steps() + t) * info.features;
        for (std::size_t f = 0; f < exact.size(); ++f) {
          EXPECT_NEAR(to[f], exact[f], 1e-6 * std::max(1.0, std::fabs(exact[f])));
          to[f] = exact[f];
        }
      }
    }
  }
  return input;
}

/// The student step of a golden case with all its random numbers, and the models it uses.
struct GoldenStep {
  GoldenStep(const std::string& name, at::ScalarType type)
      : stored(golden_path(name + ".safetensors")),
        student(load_model(golden_path(name + ".student.casd"))) {
    const ModelPtr teacher_model = load_model(golden_path(name + ".teacher.casd"));
    const torch_engine::TorchEngine teacher = make_engine(teacher_model, type);
    const Schema& schema = student->schema();
    const at::TensorOptions real = teacher.tensor_options();
    use_recipe(options, name == "loss_paper" ? CASD_RECIPE_PAPER : CASD_RECIPE_EVIDENTIAL);
    options.dropout = 0;

    const std::vector<Sample> complete = golden_samples(stored, schema);
    const std::vector<Sample> corrupted = golden_samples(stored, schema, "corrupted");
    const auto count = static_cast<std::int64_t>(complete.size());
    std::vector<ModalityMask> masks;
    std::vector<double> noise;
    for (std::int64_t i = 0; i < count; ++i) {
      masks.push_back(static_cast<ModalityMask>(stored.values("mask." + std::to_string(i)).at(0)));
      const std::vector<double> one = stored.values("noise." + std::to_string(i));
      noise.insert(noise.end(), one.begin(), one.end());
    }
    step.input = pack(*student, corrupted, masks, real);
    step.noise = tensor_of(noise, {count, student->options().hidden}, real);
    const torch_engine::Law law =
        teacher.law(pack(*teacher_model, complete,
                         std::vector<ModalityMask>(complete.size(), schema.all()), real),
                    &step.teacher.logits);
    step.teacher.location = law.location;
    step.teacher.uncertainty = law.uncertainty;
    step.targets.values =
        tensor_of(stored.values("target"), {count, schema.target_columns()}, real);
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
    step.targets.class_weights =
        tensor_of(weight, {static_cast<std::int64_t>(weight.size())}, real);
  }

  torch_engine::LossNormalisers normalisers() const {
    return torch_engine::normalisers(step, student->schema().task);
  }

  TensorFile stored;
  ModelPtr student;
  casd_trainer_options options = default_trainer_options();
  torch_engine::StepInput step;
};

/// A student step on synthetic samples, as libcasd requests it: ragged lengths, missing modalities,
/// corruption, samples without a label, random outputs of a frozen teacher.
class SyntheticStep {
 public:
  static constexpr std::size_t samples = 128;

  explicit SyntheticStep(casd_trainer_options trainer_options, casd_task task = CASD_TASK_CLASSES,
                         const std::vector<float>& class_weights = {})
      : options(trainer_options), rows_(samples) {
    options.seed = 5;
    casd_synthetic_options wanted = default_synthetic_options();
    wanted.task = task;
    wanted.train_samples = samples;
    wanted.missing_rate = 0.2;
    data = make_synthetic(wanted);
    auto& all = data.splits[0].samples;
    for (std::size_t i = 0; i < samples; i += 5) all[i].target.clear();
    casd_model_options sizes = default_model_options();
    sizes.hidden = 12;
    sizes.heads = 3;
    model = create_model(data.schema, sizes);
    model = with_statistics(*model, fit_statistics(data.schema, pointers(all)));
    pointers_ = pointers(all);
    builder = StepBuilder(*model, pointers_, class_weights);
    std::iota(rows_.begin(), rows_.end(), 0);
    const RandomStream random(3, 0, RandomSite::synthetic);
    const auto fill = [&](std::vector<float>& out, std::int64_t width, std::uint64_t first) {
      out.resize(samples * static_cast<std::size_t>(width));
      random.fill_uniform(out, first);
    };
    fill(location, sizes.hidden, 0);
    fill(uncertainty, sizes.hidden, 1u << 20);
    fill(logits, data.schema.logit_count(), 2u << 20);
  }

  /// Binds the samples, with the teacher's outputs if it is frozen. Engine: TorchEngine or
  /// TrainingEngine.
  template <class Engine>
  void bind(Engine& engine) const {
    engine.bind(builder.data());
    if (options.teacher == CASD_TEACHER_FROZEN)
      engine.set_teacher_outputs(location, uncertainty, logits);
  }

  /// Some rows of the batch of all samples.
  StepRequest request(std::size_t first = 0, std::size_t count = samples) const {
    StepRequest out = builder.request(options, CASD_PHASE_STUDENT, 6, rows_);
    out.first_row = static_cast<std::int64_t>(first);
    out.rows = {rows_.data() + first, count};
    return out;
  }

  void remove_labels() {
    for (Sample& sample : data.splits[0].samples) sample.target.clear();
    builder = StepBuilder(*model, pointers_, {});
  }

  /// Modalities of a sample that the corruption keeps.
  ModalityMask kept(std::size_t row) const {
    const StepRequest of = request();
    return draw_kept_modalities({of.seed, of.step}, static_cast<std::int64_t>(row),
                                data.splits[0].samples[row].given);
  }

  /// One step with all samples.
  StepLosses step(TrainingEngine& engine) const {
    bind(engine);
    engine.accumulate(request());
    return engine.apply(options.learning_rate);
  }

  /// The rows as input of the engine; valid until the next call for this engine.
  torch_engine::StepInput input(torch_engine::TorchEngine& engine, std::size_t first,
                                std::size_t count) const {
    bind(engine);
    return engine.make_step(request(first, count));
  }

  Dataset data;
  ModelPtr model;
  casd_trainer_options options;
  StepBuilder builder;
  std::vector<float> location, uncertainty, logits;

 private:
  std::vector<const Sample*> pointers_;
  std::vector<std::int64_t> rows_;
};

/// An engine of the loaded plug-in.
inline std::unique_ptr<TrainingEngine> plugin_engine(const Model& model,
                                                     const casd_trainer_options& options,
                                                     Span<const float> class_weights = {}) {
  EngineSetup setup;
  setup.threads = options.threads;
  return find_engine("torch", CASD_DEVICE_CPU, true)
      .train(model, setup, {training_options(options), class_weights});
}

}  // namespace casd::test
