// The samples of a training step, as tensors.
#pragma once

#include "engine/packed_batch.h"
#include "engine/training_engine.h"
#include "model/schema.h"
#include "torch/noise.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace casd::torch_engine {

/// The frames of one modality, for the samples in which it participates.
struct ModalityInput {
  std::vector<std::int32_t> sample;  // [rows] ascending: row of the input
  std::vector<std::int32_t> length;  // [rows]
  at::Tensor frames;  // [rows, steps, features] standardised; zeros beyond the length

  std::int64_t rows() const { return static_cast<std::int64_t>(sample.size()); }
  std::int64_t steps() const { return frames.size(1); }
  bool ragged() const;  // lengths differ from the number of steps
};

struct Input {
  std::int64_t samples = 0;
  std::vector<ModalityInput> modalities;

  /// Samples first .. first + count - 1, padded to the longest of them only.
  Input slice(std::int64_t first, std::int64_t count) const;
};

struct Targets {
  at::Tensor values;         // classes: [samples] int64; else [samples, outputs]
  at::Tensor labelled;       // [samples] 1 or 0, floating
  at::Tensor class_weights;  // [outputs], classes only
};

/// The frozen teacher's outputs on the complete samples; undefined without a frozen teacher.
struct TeacherOutputs {
  at::Tensor location, uncertainty, logits;  // [samples, hidden] twice, [samples, K]
};

/// One step's batch, or some of its rows, on the engine's device and in its type.
struct StepInput {
  TrainingPhase phase = TrainingPhase::student;
  Input input;
  std::optional<Input> complete;  // teacher ema or shared
  Targets targets;
  TeacherOutputs teacher;
  RandomContext random;
  at::Tensor
      noise;  // [samples, hidden]: t of the sampled representation, given by tests; else drawn

  StepInput slice(std::int64_t first, std::int64_t count) const;
};

/// Lower bound of LossNormalisers::targets: a batch without any label has the loss 0, not 0 / 0.
constexpr double least_targets = 1e-12;

/// Divisors of the loss terms. They are sums over the whole batch, so that the loss of a batch is
/// the sum of the losses of its micro-batches.
struct LossNormalisers {
  double samples = 0;
  double targets = 0;  // labelled samples; classes: their class weights
  double pairs = 0;    // (sample, participating modality)
};

LossNormalisers normalisers(const StepInput& step, casd_task task);

/// The arrays as a tensor of the given device and type. Does not copy if they already have both.
at::Tensor array_tensor(const float* values, at::IntArrayRef shape,
                        const at::TensorOptions& wanted);

/// On the CPU in float32 the frames are not copied.
Input make_input(const PackedBatch& batch, const Schema& schema, const at::TensorOptions& options);

/// target: [samples, columns], labelled: [samples]; class_weights: [outputs], classes only.
Targets make_targets(Span<const float> target, Span<const float> labelled, const Schema& schema,
                     const at::Tensor& class_weights, const at::TensorOptions& options);

}  // namespace casd::torch_engine
