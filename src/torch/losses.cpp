#include "torch/losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/lgamma.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logaddexp.h>

#include <cmath>

namespace casd::torch_engine {
namespace {

constexpr double pi = 3.14159265358979323846;

/// log_softmax over the classes, or over each pair of a multi-label task: [..., classes].
at::Tensor log_probabilities(const at::Tensor& logits, casd_task task) {
  return at::log_softmax(
      task == CASD_TASK_MULTILABEL ? logits.view({logits.size(0), -1, 2}) : logits, -1);
}

}  // namespace

at::Tensor task_loss(const at::Tensor& logits, const Targets& targets, casd_task task,
                     const LossNormalisers& normalisers) {
  if (task == CASD_TASK_REGRESSION) {
    const at::Tensor error = (logits - targets.values).pow(2) * targets.labelled.unsqueeze(1);
    return error.sum() / (normalisers.targets * static_cast<double>(logits.size(1)));
  }
  const at::Tensor log_p = log_probabilities(logits, task);
  if (task == CASD_TASK_CLASSES) {
    const at::Tensor weight =
        targets.class_weights.index_select(0, targets.values) * targets.labelled;
    const at::Tensor of_class = at::gather(log_p, 1, targets.values.unsqueeze(1)).squeeze(1);
    return -(of_class * weight).sum() / normalisers.targets;
  }
  const at::Tensor truth = targets.values.to(at::kLong).unsqueeze(2);
  const at::Tensor of_class =
      at::gather(log_p, 2, truth).squeeze(2) * targets.labelled.unsqueeze(1);
  return -of_class.sum() / (normalisers.targets * static_cast<double>(of_class.size(1)));
}

at::Tensor logit_loss(const at::Tensor& logits, const at::Tensor& teacher_logits, casd_task task,
                      const LossNormalisers& normalisers) {
  if (task == CASD_TASK_REGRESSION)
    return (logits - teacher_logits).pow(2).sum() /
           (normalisers.samples * static_cast<double>(logits.size(1)));
  const at::Tensor p = log_probabilities(logits, task);
  const at::Tensor q = log_probabilities(teacher_logits, task);
  const at::Tensor middle = at::logaddexp(p, q) - std::log(2.0);
  const at::Tensor divergence =
      (p.exp() * (p - middle) + q.exp() * (q - middle)).sum(-1) * 0.5;  // [samples(, pairs)]
  const auto per_sample = static_cast<double>(divergence.numel() / divergence.size(0));
  return divergence.sum() / (normalisers.samples * per_sample);
}

at::Tensor uncertainty_loss(const Law& law, const at::Tensor& teacher_uncertainty,
                            const LossNormalisers& normalisers) {
  return (law.uncertainty - teacher_uncertainty).pow(2).sum() /
         (normalisers.samples * static_cast<double>(law.uncertainty.size(1)));
}

at::Tensor evidence_loss(const Law& law, const at::Tensor& target, double regularizer,
                         const LossNormalisers& normalisers) {
  const at::Tensor distance = target.unsqueeze(1) - law.gamma;
  const at::Tensor omega = law.beta * (law.delta + 1) * 2;
  const at::Tensor half = law.alpha + 0.5;
  const at::Tensor loss = at::log(law.delta.reciprocal() * pi) * 0.5 - law.alpha * omega.log() +
                          at::lgamma(law.alpha) - at::lgamma(half) +
                          half * at::log(law.delta * distance * distance + omega) +
                          distance.abs() * (law.delta * 2 + law.alpha) * regularizer;
  return (loss * law.present).sum() / (normalisers.pairs * static_cast<double>(law.gamma.size(2)));
}

}  // namespace casd::torch_engine
