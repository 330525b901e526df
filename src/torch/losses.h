// The terms of the training loss (METHOD.md 6.2).
#pragma once

#include "model/schema.h"
#include "torch/law.h"

#include <ATen/core/Tensor.h>

namespace casd::torch_plugin {

struct Targets {
  at::Tensor values;         // classes: [samples] int64; else [samples, outputs]
  at::Tensor labelled;       // [samples] 1 or 0, floating
  at::Tensor class_weights;  // [outputs], classes only
};

/// Cross-entropy divided by the sum of the samples' weights, mean of the pairs' cross-entropies, or
/// squared error; samples without a label count not at all, none labelled: 0.
at::Tensor task_loss(const at::Tensor& logits, const Targets& targets, casd_task task);

/// Jensen-Shannon divergence of the predictions; regression: squared difference.
at::Tensor logit_loss(const at::Tensor& logits, const at::Tensor& taught, casd_task task);

/// Mean over (sample, modality taking part) and dimensions of the Normal-Inverse-Gamma negative log
/// likelihood of `target` [samples, hidden] plus regularizer |y - gamma| (2 delta + alpha).
at::Tensor evidence_loss(const Law& law, const at::Tensor& target, double regularizer);

}  // namespace casd::torch_plugin
