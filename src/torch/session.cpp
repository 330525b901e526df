#include "torch/session.h"

#include "core/error.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <limits>

namespace casd::torch_plugin {
namespace {

constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

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

double number(const at::Tensor& term) {
  return term.defined() ? term.item<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Session::Session(const SessionSetup& setup)
    : training_(setup.training),
      options_(at::TensorOptions().device(setup.device).dtype(setup.type)),
      threads_(setup.threads),
      parameters_(setup.model->shared_network(), options_, setup.training.has_value()),
      encoders_(parameters_) {
  write(CASD_TORCH_PARAMETERS, learned_values(network(), setup.model->values()));
  if (!training_) return;
  first_moment_ = at::zeros_like(parameters_.values());
  second_moment_ = at::zeros_like(parameters_.values());
  step_counts_ = at::zeros({static_cast<std::int64_t>(parameters_.segments().size())},
                           options_.dtype(at::kFloat));
  class_weights_ =
      setup.class_weights.empty()
          ? at::ones({static_cast<std::int64_t>(network().schema().outputs.size())}, options_)
          : from_floats(setup.class_weights, options_);
  if (training_->teacher == CASD_TEACHER_EMA) {
    average_ = std::make_unique<Parameters>(setup.model->shared_network(), options_, false);
    average_encoders_ = std::make_unique<Encoders>(*average_);
    const at::NoGradGuard no_grad;
    average_->values().copy_(parameters_.values());
  }
}

Law Session::fuse_all(const Encoders& encoders, const Input& input, const Chance& chance) const {
  const std::int64_t d = network().options().hidden;
  const at::TensorOptions plain = options_;
  std::vector<at::Tensor> nig, part;
  for (std::size_t m = 0; m < input.modalities.size(); ++m) {
    const ModalityInput& modality = input.modalities[m];
    if (modality.whole) {
      nig.push_back(encoders.encode(modality, static_cast<std::int32_t>(m), chance));
      part.push_back(at::ones({input.samples}, plain));
      continue;
    }
    // Any valid numbers where it takes no part: they are multiplied by 0, but must be finite.
    at::Tensor all = at::ones({input.samples, 4, d}, plain);
    all.select(1, 2).fill_(2);
    at::Tensor here = at::zeros({input.samples}, plain);
    if (modality.rows() > 0) {
      here.index_fill_(0, modality.sample, 1);
      all = all.index_copy(0, modality.sample,
                           encoders.encode(modality, static_cast<std::int32_t>(m), chance));
    }
    nig.push_back(all);
    part.push_back(here);
  }
  return fuse(at::stack(nig, 1), at::stack(part, 1).unsqueeze(2), network().options());
}

std::vector<at::Tensor> Session::encode(const Input& input) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> out(input.modalities.size());
  for (std::size_t m = 0; m < out.size(); ++m)
    if (input.modalities[m].rows() > 0)
      out[m] = encoders_.encode(input.modalities[m], static_cast<std::int32_t>(m), {});
  return out;
}

Law Session::law(const Input& input, at::Tensor* logits) const {
  const at::NoGradGuard no_grad;
  Law law = fuse_all(encoders_, input, {});
  if (logits) *logits = encoders_.classify(law.location);
  return law;
}

Losses Session::losses(const StepInput& step) const {
  require_training();
  const casd_trainer_options& o = *training_;
  const casd_task task = network().schema().task;
  const bool student = step.phase == CASD_PHASE_STUDENT;
  const Law law = fuse_all(encoders_, step.input, step.chance);
  const at::Tensor logits = encoders_.classify(sample(law, o, step.chance, step.noise));
  Losses out;
  out.task = task_loss(logits, step.targets, task);
  out.total = out.task;
  if (!student) return out;

  Taught taught = step.taught;
  if (o.teacher == CASD_TEACHER_EMA && step.complete) {
    const at::NoGradGuard no_grad;
    const Law whole = fuse_all(*average_encoders_, *step.complete, {});
    taught = {whole.location, whole.uncertainty, average_encoders_->classify(whole.location)};
  } else if (o.teacher == CASD_TEACHER_SHARED && step.complete) {
    Chance second = step.chance;
    second.pass = 1;
    const Law whole = fuse_all(encoders_, *step.complete, second);
    out.task =
        out.task + task_loss(encoders_.classify(sample(whole, o, second)), step.targets, task);
    out.total = out.task;
    taught = {whole.location.detach(), whole.uncertainty.detach(),
              encoders_.classify(whole.location.detach()).detach()};
  }
  if (taught.location.defined()) {
    out.logit = logit_loss(logits, taught.logits, task);
    out.total = out.total + out.logit * o.logit_weight;
    if (o.uncertainty_weight > 0) {
      out.uncertainty = (law.uncertainty - taught.uncertainty).pow(2).mean();
      out.total = out.total + out.uncertainty * o.uncertainty_weight;
    }
  }
  if (o.evidence_weight > 0) {
    const at::Tensor target = taught.location.defined() ? taught.location : law.location.detach();
    out.evidence = evidence_loss(law, target, o.evidence_regularizer);
    out.total = out.total + out.evidence * o.evidence_weight;
  }
  return out;
}

casd_torch_losses Session::step(const StepInput& step) {
  parameters_.gradient().zero_();
  const Losses terms = losses(step);
  casd_torch_losses out{number(terms.total),       number(terms.task),     number(terms.logit),
                        number(terms.uncertainty), number(terms.evidence), 0};
  if (!std::isfinite(out.total))
    fail(CASD_ERROR_NUMERIC, "training diverged: the loss is ", out.total);
  terms.total.backward();

  const at::NoGradGuard no_grad;
  const at::Tensor gradient = parameters_.gradient();
  out.gradient_norm = at::linalg_vector_norm(gradient).item<double>();
  if (!std::isfinite(out.gradient_norm))
    fail(CASD_ERROR_NUMERIC, "training diverged: the gradient's norm is ", out.gradient_norm);
  const double clip = training_->gradient_clip;
  if (clip > 0) {
    const double factor = clip / (out.gradient_norm + 1e-6);
    if (factor < 1) gradient.mul_(factor);
  }
  adam(step);
  if (average_)
    average_->values()
        .mul_(training_->ema_decay)
        .add_(parameters_.values(), 1 - training_->ema_decay);
  return out;
}

/// Adam with L2 in the gradient, over the segments that this batch gave a gradient.
void Session::adam(const StepInput& step) {
  const auto& segments = parameters_.segments();
  const auto shown = [&](std::int32_t modality) {
    if (modality < 0) return true;
    const auto m = static_cast<std::size_t>(modality);
    return step.input.modalities[m].rows() > 0 ||
           (training_->teacher == CASD_TEACHER_SHARED && step.complete &&
            step.complete->modalities[m].rows() > 0);
  };
  for (const bool evidence : {false, true}) {
    std::vector<at::Tensor> values, gradients, first, second, counts;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const Segment& s = segments[i];
      if (s.evidence != evidence || !shown(s.modality)) continue;
      const auto part = [&](const at::Tensor& flat) {
        return flat.narrow(0, s.begin, s.end - s.begin);
      };
      values.push_back(part(parameters_.values()));
      gradients.push_back(part(parameters_.gradient()));
      first.push_back(part(first_moment_));
      second.push_back(part(second_moment_));
      counts.push_back(step_counts_.select(0, static_cast<std::int64_t>(i)));
      counts.back().add_(1);
    }
    if (values.empty()) continue;
    const double rate = step.learning_rate * (evidence ? training_->evidence_rate : 1);
    at::_fused_adam_(values, gradients, first, second, {}, counts, rate, beta1, beta2,
                     training_->weight_decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
  }
}

void Session::start_phase(casd_phase phase) {
  require_training();
  const at::NoGradGuard no_grad;
  first_moment_.zero_();
  second_moment_.zero_();
  step_counts_.zero_();
  if (average_ && phase == CASD_PHASE_STUDENT && !average_written_)
    average_->values().copy_(parameters_.values());
}

const at::TensorOptions& Session::require_training() const {
  if (!training_) fail(CASD_ERROR_STATE, "this network was made for inference only");
  return options_;
}

at::Tensor& Session::state(std::int32_t what) {
  if (what == CASD_TORCH_FIRST_MOMENT) return first_moment_;
  if (what == CASD_TORCH_SECOND_MOMENT) return second_moment_;
  return step_counts_;
}

std::vector<float> Session::read(std::int32_t what) const {
  if (what == CASD_TORCH_PARAMETERS)
    return to_floats(parameters_.in_file_order(parameters_.values()));
  require_training();
  if (what == CASD_TORCH_EMA_TEACHER) {
    if (!average_) fail(CASD_ERROR_STATE, "there is no averaged teacher");
    return to_floats(average_->in_file_order(average_->values()));
  }
  const at::Tensor& flat = const_cast<Session*>(this)->state(what);
  return to_floats(what == CASD_TORCH_STEP_COUNTS ? flat : parameters_.in_file_order(flat));
}

void Session::write(std::int32_t what, Span<const float> values) {
  const at::NoGradGuard no_grad;
  const bool counts = what == CASD_TORCH_STEP_COUNTS;
  const auto expected =
      counts ? parameters_.segments().size() : static_cast<std::size_t>(network().learned_count());
  require(values.size() == expected, "state ", what, " has ", values.size(), " numbers, expected ",
          expected);
  const at::Tensor given = from_floats(values, at::TensorOptions().dtype(at::kFloat));
  if (what == CASD_TORCH_PARAMETERS) {
    parameters_.from_file_order(given, parameters_.values());
    return;
  }
  require_training();
  if (counts) {
    step_counts_.copy_(given);
  } else if (what == CASD_TORCH_EMA_TEACHER) {
    if (!average_) fail(CASD_ERROR_STATE, "there is no averaged teacher");
    average_->from_file_order(given, average_->values());
    average_written_ = true;
  } else {
    parameters_.from_file_order(given, state(what));
  }
}

}  // namespace casd::torch_plugin
