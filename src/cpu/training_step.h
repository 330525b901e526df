// One row of a training step: forward pass, losses, backward pass (docs/method.md 2 to 6). The twin of
// TorchEngine::losses().
#pragma once

#include "core/live_bytes.h"
#include "core/thread_pool.h"
#include "cpu/training_kernels.h"
#include "engine/training_engine.h"
#include "method/fusion.h"
#include "method/sampling.h"
#include "model/network_layout.h"

#include <cstdint>
#include <vector>

namespace casd::cpu {

/// One modality of a row.
struct RowSequence {
  const float* frames = nullptr;  // [steps, features], standardised; NULL: takes no part
  std::int64_t steps = 0;
};

struct TrainingRow {
  std::uint64_t position = 0;               // in the whole batch
  const RowSequence* input = nullptr;       // [modalities]
  const RowSequence* complete = nullptr;    // [modalities], teacher ema or shared; else NULL
  const float* target = nullptr;            // [columns]; NULL: not labelled
  const float* teacher_location = nullptr;  // outputs of the frozen teacher, or NULL
  const float* teacher_uncertainty = nullptr;
  const float* teacher_logits = nullptr;
  const float* noise = nullptr;  // [hidden]: t of the sampled representation; NULL: it is drawn
};

/// What is the same for all rows of a step.
struct StepContext {
  const NetworkLayout* layout;
  const TrainingOptions* options;
  const float* class_weights;  // [outputs], classes only
  const float* parameters;     // learned tensors, concatenated; eight more floats can be read
  const float* ema_teacher;    // the same, or NULL
  const float* position;       // [hidden, position_stride]: position_code()
  std::int64_t position_stride;
  TrainingPhase phase;
  std::uint64_t seed, step;
  BatchTotals batch;
  ThreadPool* pool;  // for the modalities of a row; NULL: the calling thread
};

/// Weighted sums of the loss terms.
struct LossSums {
  double total = 0, task = 0, logit = 0, uncertainty = 0, evidence = 0;
  void add(const LossSums& other) {
    total += other.total;
    task += other.task;
    logit += other.logit;
    uncertainty += other.uncertainty;
    evidence += other.evidence;
  }
};

/// Gradients of convolutions are [outputs, 3, features] while rows add to them, because their vectors hold
/// neighbouring features; the model file has [outputs, features, 3].
class ConvolutionGradients {
 public:
  explicit ConvolutionGradients(const NetworkLayout& layout);
  /// Both in place, in a gradient laid out as the parameters.
  void to_file_order(float* gradient);
  void from_file_order(float* gradient);

 private:
  /// Calls turn(from, features, to) for each row of 3 * features numbers.
  template <class Turn>
  void each_row(float* gradient, const Turn& turn);

  const NetworkLayout& layout_;
  std::vector<float> row_;
};

/// Memory of one row at a time; one for each thread.
class RowRunner {
 public:
  /// `longest`: [modalities], most steps. `teacher`: ema and shared need memory for complete input.
  RowRunner(const TrainingKernels& kernels, const NetworkLayout& layout, TeacherMode teacher,
            const std::vector<std::int64_t>& longest);

  /// Adds to gradient (as parameters, but ConvolutionGradients) and to losses. A row without a modality
  /// adds nothing.
  void run(const StepContext& step, const TrainingRow& row, float* gradient, LossSums& losses);

 private:
  using Law = NormalInverseGamma<float>;
  /// One forward pass of all modalities.
  struct Pass {
    std::vector<EncoderTape> tapes;                    // [modalities]
    std::vector<std::int32_t> present;                 // modalities that take part
    std::vector<float> raw, raw_gradient;              // [present, 4, hidden]
    std::vector<Law> law, law_gradient;                // [hidden, present]
    std::vector<FusedLaw<float>> fused;                // [hidden]
    std::vector<float> weight;                         // [hidden, present]: C_m
    std::vector<FusedGradient<float>> fused_gradient;  // [hidden]
    std::vector<UnitNoise<float>> noise;               // [hidden]
    std::vector<float> sampled;                        // [hidden]: s
    std::vector<float> logits, logit_gradient;         // [K]
  };
  struct Teacher {
    const float *location, *uncertainty, *logits;  // NULL: there is none
  };

  void forward(const StepContext& step, const RowSequence* input, const float* parameters,
               std::uint64_t row, std::uint32_t number, double dropout, Pass& pass);
  void sample(const StepContext& step, const TrainingRow& row, std::uint32_t number,
              const float* given, Pass& pass) const;
  void classify(const float* parameters, const float* representation, float* logits) const;
  double task_loss(const StepContext& step, const TrainingRow& row, Pass& pass);
  void student_losses(const StepContext& step, const Teacher& teacher, Pass& pass,
                      LossSums& losses);
  double logit_loss(const StepContext& step, const float* teacher, Pass& pass);
  void backward(const StepContext& step, const RowSequence* input, std::uint64_t row,
                std::uint32_t number, Pass& pass, float* gradient);
  /// Calls body(i) for each modality pass.present[i], with its scratch memory.
  template <class Body>
  void each_present(const StepContext& step, const RowSequence* input, const Pass& pass,
                    const Body& body);
  EncoderPass encoder_pass(const StepContext& step, const RowSequence* input,
                           const float* parameters, std::uint64_t row, std::uint32_t number,
                           double dropout, const Pass& pass, std::size_t i) const;
  /// Assigns memory for the lengths of `input`.
  void place(const RowSequence* input, Pass& pass);

  const TrainingKernels& kernels_;
  const NetworkLayout& layout_;
  std::size_t hidden_, outputs_;
  FusionRules rules_;
  EvidenceLimits<float> limits_;
  Floats memory_;
  Arena arena_;
  std::vector<EncoderScratch> scratch_;  // [modalities]
  Pass passes_[2];                       // the input; complete input
  std::vector<float> teacher_location_, teacher_uncertainty_, teacher_logits_;
  std::vector<float> log_p_, log_q_;  // [K]
};

}  // namespace casd::cpu
