#include "torch/input.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

namespace casd::torch_engine {
namespace {

at::Tensor rows_of(const at::Tensor& tensor, std::int64_t first, std::int64_t count) {
  return tensor.defined() ? tensor.narrow(0, first, count) : tensor;
}

}  // namespace

bool ModalityInput::ragged() const {
  const std::int64_t longest = steps();
  return std::any_of(length.begin(), length.end(),
                     [&](std::int32_t one) { return one != longest; });
}

Input Input::slice(std::int64_t first, std::int64_t count) const {
  Input out;
  out.samples = count;
  for (const ModalityInput& from : modalities) {
    const auto row = [&](std::int64_t sample) {
      return std::lower_bound(from.sample.begin(), from.sample.end(), sample) - from.sample.begin();
    };
    const std::ptrdiff_t begin = row(first), end = row(first + count);
    ModalityInput to;
    if (begin < end) {
      to.length.assign(from.length.begin() + begin, from.length.begin() + end);
      for (std::ptrdiff_t r = begin; r < end; ++r)
        to.sample.push_back(from.sample[static_cast<std::size_t>(r)] -
                            static_cast<std::int32_t>(first));
      to.frames = from.frames.narrow(0, begin, end - begin)
                      .narrow(1, 0, *std::max_element(to.length.begin(), to.length.end()));
    }
    out.modalities.push_back(std::move(to));
  }
  return out;
}

StepInput StepInput::slice(std::int64_t first, std::int64_t count) const {
  StepInput out;
  out.phase = phase;
  out.input = input.slice(first, count);
  if (complete) out.complete = complete->slice(first, count);
  out.targets = {rows_of(targets.values, first, count), rows_of(targets.labelled, first, count),
                 targets.class_weights};
  out.teacher = {rows_of(teacher.location, first, count),
                 rows_of(teacher.uncertainty, first, count), rows_of(teacher.logits, first, count)};
  out.random = random;
  out.random.first_row += static_cast<std::uint64_t>(first);
  out.noise = rows_of(noise, first, count);
  return out;
}

LossNormalisers normalisers(const StepInput& step, casd_task task) {
  const at::NoGradGuard no_grad;
  const Targets& targets = step.targets;
  at::Tensor weight = targets.labelled.to(at::kDouble);
  if (task == CASD_TASK_CLASSES)
    weight = weight * targets.class_weights.to(at::kDouble).index_select(0, targets.values);
  LossNormalisers out;
  out.samples = static_cast<double>(step.input.samples);
  out.targets = std::max(weight.sum().item<double>(), least_targets);
  for (const ModalityInput& modality : step.input.modalities)
    out.pairs += static_cast<double>(modality.rows());
  return out;
}

at::Tensor array_tensor(const float* values, at::IntArrayRef shape,
                        const at::TensorOptions& wanted) {
  return at::from_blob(const_cast<float*>(values), shape, at::TensorOptions().dtype(at::kFloat))
      .to(wanted);
}

Input make_input(const PackedBatch& batch, const Schema& schema, const at::TensorOptions& options) {
  Input input;
  input.samples = batch.samples();
  for (std::size_t m = 0; m < batch.modalities().size(); ++m) {
    const PackedModality& from = batch.modalities()[m];
    ModalityInput to;
    if (from.rows > 0) {
      to.sample.assign(from.sample, from.sample + from.rows);
      to.length.assign(from.length, from.length + from.rows);
      to.frames = array_tensor(from.frames, {from.rows, from.steps, schema.modalities[m].features},
                               options);
    }
    input.modalities.push_back(std::move(to));
  }
  return input;
}

Targets make_targets(Span<const float> target, Span<const float> labelled, const Schema& schema,
                     const at::Tensor& class_weights, const at::TensorOptions& options) {
  const auto samples = static_cast<std::int64_t>(labelled.size());
  Targets to;
  to.values = array_tensor(target.data(), {samples, schema.target_columns()}, options);
  to.labelled = array_tensor(labelled.data(), {samples}, options);
  if (schema.task == CASD_TASK_CLASSES) {
    // Samples without a class get class 0 and weight 0.
    to.values = (to.values.squeeze(1) * to.labelled).to(at::kLong);
    to.class_weights = class_weights;
  }
  return to;
}

}  // namespace casd::torch_engine
