// A network that learns: forward, losses, gradient, clipping, Adam; in float32 for the product, in
// float64 where the tests compare with the reference.
#pragma once

#include "torch/losses.h"
#include "torch/network.h"

#include "core/plugin_torch.h"
#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

namespace casd::torch_plugin {

struct SessionSetup {
  ModelPtr model;
  std::optional<casd_trainer_options> training;  // none: inference only
  std::vector<float> class_weights;              // empty: all 1
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  int threads = 1;
};

/// The frozen teacher's answers; undefined where there is none.
struct Taught {
  at::Tensor location, uncertainty, logits;
};

/// One step's input on the session's device and in its type.
struct StepInput {
  casd_phase phase = CASD_PHASE_STUDENT;
  Input input;
  std::optional<Input> complete;  // teacher ema or shared
  Targets targets;
  Taught taught;
  Chance chance;
  at::Tensor noise;  // t of the sampled representation, given by tests; else drawn
  double learning_rate = 0;
};

struct Losses {
  at::Tensor total, task, logit, uncertainty, evidence;  // undefined: no such term
};

class Session {
 public:
  explicit Session(const SessionSetup& setup);

  const Network& network() const { return parameters_.network(); }
  at::TensorOptions tensor_options() const { return options_; }
  const at::Tensor& class_weights() const { return class_weights_; }
  const Parameters& parameters() const { return parameters_; }
  int threads() const { return threads_; }
  double dropout() const { return training_ ? training_->dropout : 0; }

  /// [rows, 4, hidden] per modality, undefined where it has no rows; without gradient, no dropout.
  std::vector<at::Tensor> encode(const Input& input) const;
  /// Law and logits at mu_F, without gradient, no dropout.
  Law law(const Input& input, at::Tensor* logits) const;

  /// The losses with their graph; what step() minimises.
  Losses losses(const StepInput& step) const;
  /// Throws Error NUMERIC before anything is changed when the total or its gradient is not finite.
  casd_torch_losses step(const StepInput& step);

  void start_phase(casd_phase phase);
  std::vector<float> read(std::int32_t what) const;
  void write(std::int32_t what, Span<const float> values);

 private:
  Law fuse_all(const Encoders& encoders, const Input& input, const Chance& chance) const;
  void adam(const StepInput& step);
  at::Tensor& state(std::int32_t what);
  const at::TensorOptions& require_training() const;

  std::optional<casd_trainer_options> training_;
  at::TensorOptions options_;
  int threads_;
  Parameters parameters_;
  Encoders encoders_;
  std::unique_ptr<Parameters> average_;  // teacher ema
  std::unique_ptr<Encoders> average_encoders_;
  bool average_written_ = false;
  at::Tensor class_weights_, first_moment_, second_moment_, step_counts_;
};

}  // namespace casd::torch_plugin
