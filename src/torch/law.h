// The fused law of a batch, with gradient (docs/method.md 3 to 5).
#pragma once

#include "engine/training_engine.h"
#include "torch/noise.h"

#include <ATen/core/Tensor.h>

namespace casd::torch_engine {

/// All tensors are [samples, hidden] unless noted.
struct Law {
  at::Tensor location, degrees_of_freedom, scale, uncertainty;
  at::Tensor gamma, delta, alpha, beta;  // [samples, modalities, hidden]; unspecified where absent
  at::Tensor weight;                     // [samples, modalities, hidden]: C_m
  at::Tensor present;                    // [samples, modalities, 1]: 1 if it participates, else 0
};

/// nig: [samples, modalities, 4, hidden]; present: [samples, modalities, 1].
Law fuse(const at::Tensor& nig, const at::Tensor& present, const casd_model_options& rules);

/// The sampled representation s. `noise`: the value of t (tests); undefined: t is drawn.
at::Tensor sample(const Law& law, const TrainingOptions& options, const RandomContext& random,
                  const at::Tensor& noise = {});

}  // namespace casd::torch_engine
