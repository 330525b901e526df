// The terms of the training loss (docs/method.md 6).
#pragma once

#include "model/schema.h"
#include "torch/input.h"
#include "torch/law.h"

#include <ATen/core/Tensor.h>

namespace casd::torch_engine {

// Each is the sum over the given rows divided by a sum over the whole batch (LossNormalisers).

/// Cross-entropy divided by the sum of the samples' weights (classes), mean of the pairs'
/// cross-entropies (multi-label) or squared error (regression). Unlabelled samples do not count; 0
/// without a labelled sample.
at::Tensor task_loss(const at::Tensor& logits, const Targets& targets, casd_task task,
                     const LossNormalisers& normalisers);

/// Jensen-Shannon divergence of the predictions; regression: squared difference.
at::Tensor logit_loss(const at::Tensor& logits, const at::Tensor& teacher_logits, casd_task task,
                      const LossNormalisers& normalisers);

/// Squared difference of the fused uncertainties, mean over samples and dimensions.
at::Tensor uncertainty_loss(const Law& law, const at::Tensor& teacher_uncertainty,
                            const LossNormalisers& normalisers);

/// Mean over participating (sample, modality) pairs and dimensions of the Normal-Inverse-Gamma
/// negative log likelihood of `target` [samples, hidden] plus
/// regularizer |y - gamma| (2 delta + alpha).
at::Tensor evidence_loss(const Law& law, const at::Tensor& target, double regularizer,
                         const LossNormalisers& normalisers);

}  // namespace casd::torch_engine
