// A network that learns: forward, losses, gradient, clipping, Adam; in float32 for the product, in
// float64 where the tests compare with the reference.
//
// A step on the CPU runs in micro-batches, which the threads share out. How the batch is divided does
// not depend on the number of threads, and the gradients are added in the order of the rows, so the
// bits do not depend on it either.
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

  const Network& network() const { return parameters_.network(); }
  at::TensorOptions tensor_options() const { return options_; }
  const at::Tensor& class_weights() const { return class_weights_; }
  const Parameters& parameters() const { return parameters_; }
  double dropout() const { return training_ ? training_->dropout : 0; }

  /// [rows, 4, hidden] per modality, undefined where it has no rows; without gradient, no dropout.
  std::vector<at::Tensor> encode(const Input& input) const;
  /// Law and logits at mu_F, without gradient, no dropout.
  Law law(const Input& input, at::Tensor* logits) const;

  /// Forward and backward: adds the gradient of the rows' share in the loss to gradient() and returns
  /// their shares in the terms, which add up too; the gradient's norm is 0. `normalisers` are those
  /// of the whole batch, step.random.first_row the place of these rows in it.
  casd_torch_losses accumulate(const StepInput& step, const LossNormalisers& normalisers);
  const at::Tensor& gradient() const { return gradient_; }
  /// Clipping, Adam, the averaged teacher; clears the gradient. Returns the gradient's norm. Throws
  /// NUMERIC before anything is changed when the norm is not finite.
  double apply(double learning_rate);
  /// A whole step on a whole batch. Throws NUMERIC before anything is changed when the loss or its
  /// gradient is not finite.
  casd_torch_losses step(const StepInput& step, double learning_rate);

  void start_phase(casd_phase phase);
  std::vector<float> read(std::int32_t what) const;
  void write(std::int32_t what, Span<const float> values);

 private:
  /// What one micro-batch in progress needs for itself.
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
  bool whole_batch_;  // no micro-batches: one kernel for many rows is what a GPU is good at
  Parameters parameters_;
  ParameterLeaves plain_leaves_;
  Encoders encoders_;                    // for inference
  std::unique_ptr<Parameters> average_;  // teacher ema
  std::unique_ptr<ParameterLeaves> average_leaves_;
  bool average_written_ = false;
  at::Tensor class_weights_, gradient_;
  std::vector<bool> present_;  // [modalities]: seen since the gradient was cleared
  std::unique_ptr<Adam> adam_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace casd::torch_engine
