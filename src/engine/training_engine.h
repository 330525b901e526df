// An engine that trains: forward pass, losses, gradient and optimiser (docs/method.md 6).
#pragma once

#include "engine/inference_engine.h"
#include "engine/input_table.h"
#include "model/model.h"

#include <cstdint>
#include <memory>

namespace casd {

// The numbers are those of casd_phase, casd_teacher_mode and casd_sampling_mode.
enum class TrainingPhase : std::int32_t { teacher = 0, student = 1 };
enum class TeacherMode : std::int32_t { frozen = 0, ema = 1, shared = 2, none = 3 };
enum class SamplingMode : std::int32_t { student_t = 0, implicit = 1, gaussian = 2, none = 3 };

/// What an engine needs of casd_trainer_options; the fields have its names and meanings.
struct TrainingOptions {
  TeacherMode teacher = TeacherMode::frozen;
  SamplingMode sampling = SamplingMode::student_t;
  double dropout = 0, frame_drop = 0, sigma_scale = 1, ema_decay = 0;
  double logit_weight = 0, uncertainty_weight = 0, evidence_weight = 0, evidence_regularizer = 0;
  double evidence_rate = 1, weight_decay = 0, gradient_clip = 0;
};

/// Copies teacher, sampling and the numbers between TrainingOptions, casd_trainer_options and the
/// plug-in's casd_engine_training.
template <class To, class From>
To copy_training_options(const From& from) {
  To to{};
  to.teacher = static_cast<decltype(to.teacher)>(from.teacher);
  to.sampling = static_cast<decltype(to.sampling)>(from.sampling);
  to.dropout = from.dropout;
  to.frame_drop = from.frame_drop;
  to.sigma_scale = from.sigma_scale;
  to.ema_decay = from.ema_decay;
  to.logit_weight = from.logit_weight;
  to.uncertainty_weight = from.uncertainty_weight;
  to.evidence_weight = from.evidence_weight;
  to.evidence_regularizer = from.evidence_regularizer;
  to.evidence_rate = from.evidence_rate;
  to.weight_decay = from.weight_decay;
  to.gradient_clip = from.gradient_clip;
  return to;
}

/// Samples to train on. The engine may read the arrays until the next bind().
struct TrainingData {
  const InputTable& input;
  Span<const float> target;           // [samples, columns]: class index; 0 or 1; standardised value
  Span<const std::uint8_t> labelled;  // [samples]; 0: no target, the row of `target` is ignored
};

/// Sums over a whole batch. Losses are divided by them, so that neither micro-batches nor the
/// division of a batch between processes change the mathematics.
struct BatchTotals {
  double samples = 0;
  double targets = 0;  // labelled samples; classes: their class weights
  double pairs = 0;    // (sample, participating modality)
  /// Modalities that participate in a sample, complete passes of the teacher `shared` included. The
  /// parameters of the others are not updated.
  ModalityMask present = 0;
};

/// Some rows of a batch. Random numbers depend on seed, step, a row's position in the whole batch and
/// its time steps only.
struct StepRequest {
  TrainingPhase phase = TrainingPhase::teacher;
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::int64_t first_row = 0;     // position of rows[0] in the whole batch
  Span<const std::int64_t> rows;  // of the bound samples, in the order of the batch
  BatchTotals batch;
};

using StepLosses = casd_engine_losses;

/// What read() and write() move.
enum class StatePart : std::int32_t {
  parameters = 0,     // learned tensors, concatenated in the order of the model file
  first_moment = 1,   // of Adam, as parameters
  second_moment = 2,  // as parameters
  step_counts = 3,    // one per group of the layout
  ema_teacher = 4,    // teacher = ema only, as parameters
  gradient = 5        // sum since the last apply(), as parameters
};

/// One thread at a time. Engines throw casd::Error: UNAVAILABLE, DEVICE, NUMERIC, OUT_OF_MEMORY.
class TrainingEngine {
 public:
  virtual ~TrainingEngine() = default;
  virtual const EngineCapabilities& capabilities() const = 0;
  /// Also drops the outputs of set_teacher_outputs().
  virtual void bind(const TrainingData& data) = 0;
  /// Outputs of the frozen teacher on the complete bound samples, copied: [samples, hidden] mu_F,
  /// [samples, hidden] U_F, [samples, K].
  virtual void set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                                   Span<const float> logits) = 0;
  /// Zeroes moments and step counts. Teacher `ema`: at the beginning of the student's phase the
  /// teacher becomes a copy of the parameters unless it was written.
  virtual void begin_phase(TrainingPhase phase) = 0;
  /// Corruption (student), forward and backward pass; adds to the gradient and to the step's losses.
  virtual void accumulate(const StepRequest& request) = 0;
  /// Clips the gradient, updates parameters and averaged teacher, zeroes gradient and losses. Returns
  /// the losses of the step. Throws NUMERIC if the loss or the gradient's norm is not finite; then
  /// only gradient and losses have changed, to zero.
  virtual StepLosses apply(double learning_rate) = 0;
  virtual void read(StatePart part, Span<float> values) const = 0;
  virtual void write(StatePart part, Span<const float> values) = 0;
  /// The current parameters for inference; later steps do not change it.
  virtual InferenceEnginePtr snapshot() const = 0;
};

}  // namespace casd
