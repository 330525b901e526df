// The built-in engine's training: forward and backward pass on Highway kernels, Adam. Rows of a batch
// run one at a time at their own length.
//
// A batch is divided into chunks; each has its own gradient, and the gradients are added in the order
// of the rows. The division does not depend on the number of threads, so the result has the same bits
// for any number of threads.
#pragma once

#include "core/live_bytes.h"
#include "core/thread_pool.h"
#include "cpu/training_step.h"
#include "engine/corruption.h"
#include "engine/packed_batch.h"
#include "engine/registry.h"

#include <memory>
#include <vector>

namespace casd::cpu {

class CpuTraining final : public TrainingEngine {
 public:
  CpuTraining(const Model& model, const EngineSetup& setup, const TrainingSetup& training,
              Target target);

  const EngineCapabilities& capabilities() const override;
  void bind(const TrainingData& data) override;
  void set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                           Span<const float> logits) override;
  void begin_phase(TrainingPhase phase) override;
  void accumulate(const StepRequest& request) override;
  StepLosses apply(double learning_rate) override;
  void read(StatePart part, Span<float> values) const override;
  void write(StatePart part, Span<const float> values) override;
  InferenceEnginePtr snapshot() const override;

 private:
  /// Frames and sequences of the row that a worker is at.
  struct Worker {
    std::unique_ptr<RowRunner> runner;
    std::vector<Floats> frames;  // [modalities]: with dropped frames
    std::vector<RowSequence> input, complete;
  };
  /// Gradient of one chunk.
  struct Slot {
    Floats gradient;
    bool clear = false;  // all 0
    LossSums losses;
  };

  void reserve(const InputTable& table);
  void run_row(const StepContext& step, const StepRequest& request, const Corruption* corruption,
               std::int64_t i, Worker& worker, float* gradient, LossSums& losses);
  /// The sequences of a row; corruption NULL: complete.
  void sequences(std::int64_t row, std::int64_t i, const Corruption* corruption, Worker& worker,
                 std::vector<RowSequence>& out) const;
  const Floats& state(StatePart part) const;
  void clear_step();
  /// Learned tensors, concatenated, with eight floats more than their number.
  std::size_t parameter_count() const { return static_cast<std::size_t>(layout().learned_count); }
  const NetworkLayout& layout() const { return model_->layout(); }

  ModelPtr model_;  // its learned tensors may be outdated
  EngineSetup setup_;
  TrainingOptions options_;
  const TrainingKernels& kernels_;
  std::vector<float> class_weights_;
  Floats parameters_, gradient_, first_moment_, second_moment_, ema_teacher_;
  Floats step_counts_;  // [groups]
  bool ema_teacher_written_ = false;
  ConvolutionGradients convolutions_;  // gradient_ is in their order except within apply()

  StandardisedSamples bound_;
  Floats target_;  // [samples, columns]
  std::vector<std::uint8_t> labelled_;
  Floats teacher_location_, teacher_uncertainty_, teacher_logits_;

  std::vector<std::int64_t> longest_;  // [modalities]
  Floats position_;                    // [hidden, position_stride]
  std::int64_t position_stride_ = 0;
  Floats zeros_;  // frames of an absent modality
  ThreadPool pool_;
  std::vector<Worker> workers_;  // [threads]
  std::vector<Slot> slots_;
  Corruption corruption_;  // of the rows of a call
  LossSums losses_;
  bool has_logit_ = false, has_uncertainty_ = false, has_evidence_ = false;
  ModalityMask present_ = 0;
};

/// The registry's way to make it, with the fastest instruction set.
std::unique_ptr<TrainingEngine> make_cpu_training(const Model& model, const EngineSetup& setup,
                                                  const TrainingSetup& training);

}  // namespace casd::cpu
