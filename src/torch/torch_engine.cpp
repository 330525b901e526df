#include "torch/torch_engine.h"

#include "core/error.h"
#include "torch/aten_threads.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd::torch_engine {
namespace {

at::Tensor from_floats(Span<const float> values, const at::TensorOptions& options) {
  return at::from_blob(const_cast<float*>(values.data()),
                       {static_cast<std::int64_t>(values.size())},
                       at::TensorOptions().dtype(at::kFloat))
      .to(options, /*non_blocking=*/false, /*copy=*/true);
}

std::vector<float> to_floats(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU, at::kFloat).contiguous();
  const float* from = flat.const_data_ptr<float>();
  return std::vector<float>(from, from + flat.numel());
}

/// Depends on the batch size only. Batches of 64 samples or more are split, so that two or more
/// threads can work. Smaller micro-batches are slower: a micro-batch of the default network has a
/// fixed cost of about 5 ms, a row costs 0.7 ms (measured on one Zen core).
std::int64_t micro_batch_rows(std::int64_t samples) {
  return std::clamp<std::int64_t>((samples + 1) / 2, 32, 64);
}

double number(const at::Tensor& term) {
  return term.defined() ? term.item<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

TorchEngine::TorchEngine(const TorchEngineSetup& setup)
    : training_(setup.training),
      options_(at::TensorOptions().device(setup.device).dtype(setup.type)),
      whole_batch_(!setup.device.is_cpu()),
      parameters_(setup.model->shared_layout(), options_),
      plain_leaves_(parameters_, false),
      encoders_(plain_leaves_) {
  write(CASD_TORCH_PARAMETERS, learned_values(layout(), setup.model->values()));
  if (!training_) return;
  gradient_ = at::zeros_like(parameters_.values());
  present_.assign(layout().schema.modalities.size(), false);
  adam_ = std::make_unique<Adam>(parameters_, *training_);
  class_weights_ =
      setup.class_weights.empty()
          ? at::ones({static_cast<std::int64_t>(layout().schema.outputs.size())}, options_)
          : from_floats(setup.class_weights, options_);
  if (training_->teacher == CASD_TEACHER_EMA) {
    average_ = std::make_unique<Parameters>(setup.model->shared_layout(), options_);
    average_leaves_ = std::make_unique<ParameterLeaves>(*average_, false);
    const at::NoGradGuard no_grad;
    average_->values().copy_(parameters_.values());
  }
  pool_ = std::make_unique<ThreadPool>(setup.device.is_cpu() ? setup.threads : 1);
  // Two per thread: the other threads can continue while one is interrupted.
  const int slots = pool_->threads() == 1 ? 1 : 2 * pool_->threads();
  for (int i = 0; i < slots; ++i) {
    ParameterLeaves leaves(parameters_, true);
    Encoders encoders(leaves);
    std::optional<Encoders> average;
    if (average_leaves_) average.emplace(*average_leaves_);
    slots_.push_back(std::make_unique<Slot>(
        Slot{std::move(leaves), std::move(encoders), std::move(average), {}}));
  }
}

Law TorchEngine::fuse_all(const Encoders& encoders, const Input& input,
                          const RandomContext& random) const {
  const std::int64_t d = layout().options.hidden;
  std::vector<at::Tensor> nig, present;
  for (std::size_t m = 0; m < input.modalities.size(); ++m) {
    const ModalityInput& modality = input.modalities[m];
    if (modality.rows() == input.samples) {
      nig.push_back(encoders.encode(modality, static_cast<std::int32_t>(m), random));
      present.push_back(at::ones({input.samples}, options_));
      continue;
    }
    // Absent rows are multiplied by 0. They only need valid, finite numbers.
    at::Tensor all = at::ones({input.samples, 4, d}, options_);
    all.select(1, 2).fill_(2);
    at::Tensor here = at::zeros({input.samples}, options_);
    if (modality.rows() > 0) {
      const at::Tensor sample =
          at::tensor(modality.sample, at::TensorOptions().dtype(at::kLong)).to(here.device());
      here.index_fill_(0, sample, 1);
      all = all.index_copy(0, sample,
                           encoders.encode(modality, static_cast<std::int32_t>(m), random));
    }
    nig.push_back(all);
    present.push_back(here);
  }
  return fuse(at::stack(nig, 1), at::stack(present, 1).unsqueeze(2), layout().options);
}

std::vector<at::Tensor> TorchEngine::encode(const Input& input) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> out(input.modalities.size());
  for (std::size_t m = 0; m < out.size(); ++m)
    if (input.modalities[m].rows() > 0)
      out[m] = encoders_.encode(input.modalities[m], static_cast<std::int32_t>(m), {});
  return out;
}

Law TorchEngine::law(const Input& input, at::Tensor* logits) const {
  const at::NoGradGuard no_grad;
  Law law = fuse_all(encoders_, input, {});
  if (logits) *logits = encoders_.classify(law.location);
  return law;
}

TorchEngine::Losses TorchEngine::losses(const Slot& slot, const StepInput& step,
                                        const LossNormalisers& normalisers) const {
  const casd_trainer_options& o = *training_;
  const casd_task task = layout().schema.task;
  const Encoders& encoders = slot.encoders;
  const Law law = fuse_all(encoders, step.input, step.random);
  const at::Tensor logits = encoders.classify(sample(law, o, step.random, step.noise));
  Losses out;
  out.task = task_loss(logits, step.targets, task, normalisers);
  out.total = out.task;
  if (step.phase != CASD_PHASE_STUDENT) return out;

  TeacherOutputs teacher = step.teacher;
  if (o.teacher == CASD_TEACHER_EMA && step.complete) {
    const at::NoGradGuard no_grad;
    const Law complete = fuse_all(*slot.average, *step.complete, {});
    teacher = {complete.location, complete.uncertainty, slot.average->classify(complete.location)};
  } else if (o.teacher == CASD_TEACHER_SHARED && step.complete) {
    RandomContext second = step.random;
    second.pass = 1;
    const Law complete = fuse_all(encoders, *step.complete, second);
    out.task = out.task + task_loss(encoders.classify(sample(complete, o, second)), step.targets,
                                    task, normalisers);
    out.total = out.task;
    teacher = {complete.location.detach(), complete.uncertainty.detach(),
               encoders.classify(complete.location.detach()).detach()};
  }
  if (teacher.location.defined()) {
    out.logit = logit_loss(logits, teacher.logits, task, normalisers);
    out.total = out.total + out.logit * o.logit_weight;
    if (o.uncertainty_weight > 0) {
      out.uncertainty = uncertainty_loss(law, teacher.uncertainty, normalisers);
      out.total = out.total + out.uncertainty * o.uncertainty_weight;
    }
  }
  if (o.evidence_weight > 0) {
    const at::Tensor target = teacher.location.defined() ? teacher.location : law.location.detach();
    out.evidence = evidence_loss(law, target, o.evidence_regularizer, normalisers);
    out.total = out.total + out.evidence * o.evidence_weight;
  }
  return out;
}

casd_torch_losses TorchEngine::accumulate(const StepInput& step,
                                          const LossNormalisers& normalisers) {
  require_training();
  const std::int64_t samples = step.input.samples;
  const std::int64_t rows = whole_batch_ ? samples : micro_batch_rows(samples);
  const std::int64_t pieces = (samples + rows - 1) / rows;
  const auto slots = static_cast<std::int64_t>(slots_.size());
  casd_torch_losses sum{};
  for (std::int64_t first = 0; first < pieces; first += slots) {
    const std::int64_t count = std::min(slots, pieces - first);
    pool_->run(count, [&](std::int64_t piece, int worker) {
      if (worker != 0) use_one_aten_thread();
      Slot& slot = *slots_[static_cast<std::size_t>(piece)];
      {
        const at::NoGradGuard no_grad;
        slot.leaves.gradient().zero_();
      }
      const std::int64_t begin = (first + piece) * rows;
      const StepInput part =
          pieces == 1 ? step : step.slice(begin, std::min(rows, samples - begin));
      const Losses terms = losses(slot, part, normalisers);
      terms.total.backward();
      slot.losses = {number(terms.total),       number(terms.task),     number(terms.logit),
                     number(terms.uncertainty), number(terms.evidence), 0};
    });
    const at::NoGradGuard no_grad;
    for (std::int64_t piece = 0; piece < count; ++piece) {
      const Slot& slot = *slots_[static_cast<std::size_t>(piece)];
      gradient_.add_(slot.leaves.gradient());
      sum.total += slot.losses.total;
      sum.task += slot.losses.task;
      sum.logit += slot.losses.logit;
      sum.uncertainty += slot.losses.uncertainty;
      sum.evidence += slot.losses.evidence;
    }
  }
  {
    const at::NoGradGuard no_grad;
    gradient_.mul_(parameters_.gradient_mask());
  }
  for (std::size_t m = 0; m < present_.size(); ++m)
    if (step.input.modalities[m].rows() > 0 ||
        (training_->teacher == CASD_TEACHER_SHARED && step.complete &&
         step.complete->modalities[m].rows() > 0))
      present_[m] = true;
  return sum;
}

void TorchEngine::clear_gradient() {
  const at::NoGradGuard no_grad;
  gradient_.zero_();
  present_.assign(present_.size(), false);
}

double TorchEngine::apply(double learning_rate) {
  require_training();
  const at::NoGradGuard no_grad;
  const double norm = at::linalg_vector_norm(gradient_).item<double>();
  if (!std::isfinite(norm))
    fail(CASD_ERROR_NUMERIC, "training diverged: the gradient's norm is ", norm);
  adam_->apply(gradient_, norm, present_, learning_rate);
  clear_gradient();
  if (average_)
    average_->values()
        .mul_(training_->ema_decay)
        .add_(parameters_.values(), 1 - training_->ema_decay);
  return norm;
}

casd_torch_losses TorchEngine::step(const StepInput& step, double learning_rate) {
  require_training();
  clear_gradient();
  casd_torch_losses out = accumulate(step, normalisers(step, layout().schema.task));
  if (!std::isfinite(out.total))
    fail(CASD_ERROR_NUMERIC, "training diverged: the loss is ", out.total);
  out.gradient_norm = apply(learning_rate);
  return out;
}

void TorchEngine::start_phase(casd_phase phase) {
  require_training();
  adam_->reset();
  const at::NoGradGuard no_grad;
  if (average_ && phase == CASD_PHASE_STUDENT && !average_written_)
    average_->values().copy_(parameters_.values());
}

void TorchEngine::require_training() const {
  if (!training_) fail(CASD_ERROR_STATE, "this network was created for inference only");
}

const at::Tensor& TorchEngine::state(std::int32_t what) const {
  if (what == CASD_TORCH_FIRST_MOMENT) return adam_->first_moment;
  if (what == CASD_TORCH_SECOND_MOMENT) return adam_->second_moment;
  return adam_->step_counts;
}

std::vector<float> TorchEngine::read(std::int32_t what) const {
  if (what == CASD_TORCH_PARAMETERS)
    return to_floats(parameters_.in_file_order(parameters_.values()));
  require_training();
  if (what == CASD_TORCH_EMA_TEACHER) {
    if (!average_) fail(CASD_ERROR_STATE, "there is no averaged teacher");
    return to_floats(average_->in_file_order(average_->values()));
  }
  const at::Tensor& flat = state(what);
  return to_floats(what == CASD_TORCH_STEP_COUNTS ? flat : parameters_.in_file_order(flat));
}

void TorchEngine::write(std::int32_t what, Span<const float> values) {
  const at::NoGradGuard no_grad;
  const bool counts = what == CASD_TORCH_STEP_COUNTS;
  const auto expected =
      counts ? layout().groups.size() : static_cast<std::size_t>(layout().learned_count);
  require(values.size() == expected, "state ", what, " has ", values.size(), " numbers, expected ",
          expected);
  const at::Tensor given = from_floats(values, at::TensorOptions().dtype(at::kFloat));
  if (what == CASD_TORCH_PARAMETERS) {
    parameters_.from_file_order(given, parameters_.values());
    return;
  }
  require_training();
  if (counts) {
    state(what).copy_(given);
  } else if (what == CASD_TORCH_EMA_TEACHER) {
    if (!average_) fail(CASD_ERROR_STATE, "there is no averaged teacher");
    average_->from_file_order(given, average_->values());
    average_written_ = true;
  } else {
    parameters_.from_file_order(given, state(what));
  }
}

}  // namespace casd::torch_engine
