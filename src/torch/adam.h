// The optimiser: gradient clipping by norm, Adam with L2 weight decay in the gradient.
#pragma once

#include "engine/training_engine.h"
#include "torch/parameters.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace casd::torch_engine {

class Adam {
 public:
  Adam(const Parameters& parameters, const TrainingOptions& options);

  /// Clips `gradient` in place and updates the parameters. present: [modalities]; the groups of a
  /// modality that is absent from the batch keep their values, moments and step count.
  void apply(const at::Tensor& gradient, double gradient_norm, const std::vector<bool>& present,
             double learning_rate);
  void reset();

  /// Flat, in the layout of the parameters; the step counts per group.
  at::Tensor first_moment, second_moment, step_counts;

 private:
  const Parameters& parameters_;
  TrainingOptions options_;
};

}  // namespace casd::torch_engine
