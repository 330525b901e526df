// A network in training: forward pass, losses, gradient, clipping, Adam. The library uses float32;
// tests that compare with the reference use float64.
//
// A step on the CPU runs in micro-batches, which are distributed over the threads. The division of
// the batch does not depend on the number of threads, and the gradients are added in the order of the
// rows. The result has therefore the same bits for any number of threads.
#pragma once

#include "torch/adam.h"
#include "torch/losses.h"
#include "torch/network.h"

#include "core/plugin_torch.h"
#include "core/thread_pool.h"
#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

namespace casd::torch_engine {

struct TorchEngineSetup {
  ModelPtr model;
  std::optional<casd_trainer_options> training;  // none: inference only
  std::vector<float> class_weights;              // empty: all 1
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  int threads = 1;  // CPU only
};

/// One thread at a time.
class TorchEngine {
 public:
  explicit TorchEngine(const TorchEngineSetup& setup);

  const NetworkLayout& layout() const { return parameters_.layout(); }
  at::TensorOptions tensor_options() const { return options_; }
  const at::Tensor& class_weights() const { return class_weights_; }
  const Parameters& parameters() const { return parameters_; }
  double dropout() const { return training_ ? training_->dropout : 0; }

  /// [rows, 4, hidden] per modality, undefined where it has no rows; without gradient, no dropout.
  std::vector<at::Tensor> encode(const Input& input) const;
  /// Law and logits at mu_F, without gradient, no dropout.
  Law law(const Input& input, at::Tensor* logits) const;

  /// Forward and backward pass for some rows of a batch. Adds their part of the gradient to
  /// gradient() and returns their part of each loss term; gradient_norm is 0. `normalisers` are
  /// those of the whole batch; step.random.first_row is the position of the rows in it.
  casd_torch_losses accumulate(const StepInput& step, const LossNormalisers& normalisers);
  const at::Tensor& gradient() const { return gradient_; }
  /// Clips the gradient, updates parameters and averaged teacher, clears the gradient. Returns the
  /// gradient's norm. Throws NUMERIC and changes nothing if the norm is not finite.
  double apply(double learning_rate);
  /// One step on a whole batch. Throws NUMERIC and changes no parameter if the loss or its gradient
  /// is not finite.
  casd_torch_losses step(const StepInput& step, double learning_rate);

  void start_phase(casd_phase phase);
  std::vector<float> read(std::int32_t what) const;
  void write(std::int32_t what, Span<const float> values);

 private:
  /// Data of one micro-batch in progress.
  struct Slot {
    ParameterLeaves leaves;
    Encoders encoders;
    std::optional<Encoders> average;  // teacher ema
    casd_torch_losses losses;
  };
  struct Losses {
    at::Tensor total, task, logit, uncertainty, evidence;  // undefined: no such term
  };

  Law fuse_all(const Encoders& encoders, const Input& input, const RandomContext& random) const;
  Losses losses(const Slot& slot, const StepInput& step, const LossNormalisers& normalisers) const;
  void clear_gradient();
  void require_training() const;
  const at::Tensor& state(std::int32_t what) const;

  std::optional<casd_trainer_options> training_;
  at::TensorOptions options_;
  bool whole_batch_;  // no micro-batches: a GPU is fastest with one kernel for all rows
  Parameters parameters_;
  ParameterLeaves plain_leaves_;
  Encoders encoders_;                    // for inference
  std::unique_ptr<Parameters> average_;  // teacher ema
  std::unique_ptr<ParameterLeaves> average_leaves_;
  bool average_written_ = false;
  at::Tensor class_weights_, gradient_;
  std::vector<bool> present_;  // [modalities]: present in a row since the gradient was cleared
  std::unique_ptr<Adam> adam_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace casd::torch_engine
