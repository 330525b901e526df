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

#include "core/thread_pool.h"
#include "engine/packed_batch.h"
#include "engine/training_engine.h"
#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

namespace casd::torch_engine {

struct TorchEngineSetup {
  ModelPtr model;
  std::optional<TrainingOptions> training;  // none: inference only
  std::vector<float> class_weights;         // empty: all 1
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
  /// InferenceEngine::encode(). The items are packed in pieces of a fixed number.
  void encode(Span<const EncodeItem> items);
  /// Law and logits at mu_F, without gradient, no dropout.
  Law law(const Input& input, at::Tensor* logits) const;

  /// Forward and backward pass for some rows of a batch. Adds their part of the gradient to
  /// gradient() and returns their part of each loss term; gradient_norm is 0. `normalisers` are
  /// those of the whole batch; step.random.first_row is the position of the rows in it.
  StepLosses accumulate(const StepInput& step, const LossNormalisers& normalisers);

  /// Copies the samples, standardised.
  void bind(const TrainingData& data);
  void set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                           Span<const float> logits);
  /// The input of the request's rows of the bound samples; valid until the next call.
  StepInput make_step(const StepRequest& request);
  /// accumulate() of make_step(); adds to the losses that take_losses() returns.
  void accumulate(const StepRequest& request);
  std::size_t bound_samples() const { return labelled_.size(); }
  /// TrainingEngine::apply().
  StepLosses finish_step(double learning_rate);
  const at::Tensor& gradient() const { return gradient_; }
  /// Clips the gradient, updates parameters and averaged teacher, clears the gradient. Returns the
  /// gradient's norm. Throws NUMERIC and changes nothing if the norm is not finite.
  double apply(double learning_rate);
  /// One step on a whole batch. Throws NUMERIC and changes no parameter if the loss or its gradient
  /// is not finite.
  StepLosses step(const StepInput& step, double learning_rate);
  void clear_gradient();

  void begin_phase(TrainingPhase phase);
  std::vector<float> read(StatePart part) const;
  void write(StatePart part, Span<const float> values);
  /// Set-up of an engine for inference with the current parameters.
  TorchEngineSetup inference_setup() const;

 private:
  /// Data of one micro-batch in progress.
  struct Slot {
    ParameterLeaves leaves;
    Encoders encoders;
    std::optional<Encoders> average;  // teacher ema
    StepLosses losses;
  };
  struct Losses {
    at::Tensor total, task, logit, uncertainty, evidence;  // undefined: no such term
  };

  Law fuse_all(const Encoders& encoders, const Input& input, const RandomContext& random) const;
  Losses losses(const Slot& slot, const StepInput& step, const LossNormalisers& normalisers) const;
  void require_training() const;
  const at::Tensor& moments(StatePart part) const;

  ModelPtr model_;  // its learned tensors may be outdated
  std::optional<TrainingOptions> training_;
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
  std::vector<std::unique_ptr<Encoders>> readers_;  // inference, one per thread

  // The bound samples, and arrays of the current step.
  StandardisedSamples bound_;
  std::vector<float> target_, labelled_;  // [samples, columns], [samples]
  std::vector<float> teacher_location_, teacher_uncertainty_, teacher_logits_;  // of all samples
  PackedBatch input_, complete_;
  std::vector<float> step_target_, step_labelled_, step_location_, step_uncertainty_, step_logits_;
  StepLosses losses_{};
};

}  // namespace casd::torch_engine
