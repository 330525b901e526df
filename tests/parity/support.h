// Shared by the tests of the training graph: engines in both types, packed samples, golden steps.
#pragma once

#include "data/dataset.h"
#include "data/statistics.h"
#include "data/synthetic.h"
#include "engine/packed_batch.h"
#include "model/normaliser.h"
#include "support/golden.h"
#include "torch/aten_threads.h"
#include "torch/torch_engine.h"
#include "train/corruption.h"
#include "train/options.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

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
                                             int threads = 1) {
  torch_engine::use_one_aten_thread();
  torch_engine::TorchEngineSetup setup;
  setup.model = model;
  setup.type = type;
  setup.training = training;
  setup.threads = threads;
  return torch_engine::TorchEngine(setup);
}

inline std::vector<const Sample*> pointers(const std::vector<Sample>& samples) {
  std::vector<const Sample*> out;
  for (const Sample& sample : samples) out.push_back(&sample);
  return out;
}

/// The input that the plug-in creates from a PackedBatch. In float64 the frames are standardised again
/// in double, because PackedBatch rounds them to float32, which is too coarse for the comparison with
/// the reference. Checks that the two differ by rounding only.
inline torch_engine::Input pack(const Model& model, const std::vector<Sample>& samples,
                                const std::vector<ModalityMask>& masks,
                                const at::TensorOptions& options) {
  const Schema& schema = model.schema();
  Corruption corruption;
  corruption.kept = masks;
  PackedBatch packed;
  packed.pack(model, pointers(samples), schema.all(), &corruption);
  torch_engine::Input input = torch_engine::make_input(packed.view(), schema, options);
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    torch_engine::ModalityInput& modality = input.modalities[static_cast<std::size_t>(m)];
    if (modality.rows() == 0) continue;
    modality.frames = modality.frames.clone();
    if (options.dtype() != at::kDouble) continue;
    const Modality& info = schema.modalities[static_cast<std::size_t>(m)];
    const Span<const float> mean = model.tensor(info.name + ".normalizer.mean");
    const Span<const float> deviation = model.tensor(info.name + ".normalizer.std");
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

/// A student step on synthetic samples, as libcasd passes it to the plug-in: ragged lengths, missing
/// modalities, corruption, samples without a label, random teacher outputs.
class SyntheticStep {
 public:
  static constexpr std::size_t samples = 128;

  explicit SyntheticStep(casd_trainer_options trainer_options, casd_task task = CASD_TASK_CLASSES)
      : options(trainer_options) {
    casd_synthetic_options wanted = default_synthetic_options();
    wanted.task = task;
    wanted.train_samples = samples;
    wanted.missing_rate = 0.2;
    data = make_synthetic(wanted);
    std::vector<Sample>& all = data.splits[0].samples;
    for (std::size_t i = 0; i < samples; i += 5) all[i].target.clear();
    casd_model_options sizes = default_model_options();
    sizes.hidden = 12;
    sizes.heads = 3;
    model = create_model(data.schema, sizes);
    model = with_statistics(*model, fit_statistics(data.schema, pointers(all)));
    corruption = draw_corruption(data.schema, pointers(all), options.frame_drop, 1, 2);
    const auto columns = static_cast<std::size_t>(data.schema.target_columns());
    for (const Sample& sample : all) {
      labelled.push_back(sample.target.empty() ? 0 : 1);
      for (std::size_t c = 0; c < columns; ++c)
        target.push_back(sample.target.empty() ? 0 : sample.target[c]);
    }
    const RandomStream random(3, 0, RandomSite::synthetic);
    const auto fill = [&](std::vector<float>& out, std::int64_t width, std::uint64_t first) {
      out.resize(samples * static_cast<std::size_t>(width));
      random.fill_uniform(out, first);
    };
    fill(location, sizes.hidden, 0);
    fill(uncertainty, sizes.hidden, 1u << 20);
    fill(logits, data.schema.logit_count(), 2u << 20);
  }

  /// The rows first .. first + count - 1, packed separately. Valid until the next call.
  casd_torch_step rows(std::size_t first, std::size_t count) {
    const std::vector<const Sample*> all = pointers(data.splits[0].samples);
    const Span<const Sample* const> some(all.data() + first, count);
    const auto modalities = data.schema.modalities.size();
    Corruption part;
    part.kept.assign(corruption.kept.begin() + static_cast<std::ptrdiff_t>(first),
                     corruption.kept.begin() + static_cast<std::ptrdiff_t>(first + count));
    for (std::size_t i = first * modalities; i < (first + count) * modalities; ++i)
      part.dropped.push_back(corruption.dropped[i]);
    input_.pack(*model, some, data.schema.all(), &part);
    complete_.pack(*model, some, data.schema.all(), nullptr);
    casd_torch_step step{};
    step.phase = CASD_PHASE_STUDENT;
    step.seed = 5;
    step.step = 6;
    step.learning_rate = options.learning_rate;
    step.input = &input_.view();
    if (options.teacher == CASD_TEACHER_EMA || options.teacher == CASD_TEACHER_SHARED)
      step.complete = &complete_.view();
    step.target = target.data() + first * target.size() / samples;
    step.labelled = labelled.data() + first;
    if (options.teacher == CASD_TEACHER_FROZEN) {
      step.teacher_location = location.data() + first * location.size() / samples;
      step.teacher_uncertainty = uncertainty.data() + first * uncertainty.size() / samples;
      step.teacher_logits = logits.data() + first * logits.size() / samples;
    }
    return step;
  }

  /// The same as input of the engine; `first_row` is the position of the rows in the batch.
  torch_engine::StepInput input(const torch_engine::TorchEngine& engine, std::size_t first,
                                std::size_t count) {
    torch_engine::StepInput step =
        torch_engine::make_step(rows(first, count), data.schema, model->options().hidden,
                                engine.class_weights(), engine.tensor_options());
    step.random.dropout = engine.dropout();
    step.random.first_row = first;
    return step;
  }

  Dataset data;
  ModelPtr model;
  casd_trainer_options options;
  Corruption corruption;
  std::vector<float> target, location, uncertainty, logits;
  std::vector<std::uint8_t> labelled;

 private:
  PackedBatch input_, complete_;
};

}  // namespace casd::test
