// A Trainer in use. Its functions are in trainer.cpp (public calls), epoch_loop.cpp (steps, epochs,
// phases), pooling_trial.cpp (pooling `auto`) and resume.cpp (checkpoints).
#pragma once

#include "eval/grounding.h"
#include "train/checkpoint.h"
#include "train/step_builder.h"
#include "train/teacher_outputs.h"
#include "train/trainer.h"
#include "train/training_remarks.h"
#include "train/training_samples.h"
#include "train/training_state.h"

#include <chrono>
#include <mutex>

namespace casd {

/// The engine that the options ask for.
const EngineEntry& training_engine_for(const casd_trainer_options& options);

/// Progress callback and timing of the current call.
struct TrainingCall {
  casd_progress_callback callback = nullptr;
  void* user = nullptr;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::int64_t steps = 0;
  std::int64_t samples = 0;
  bool bound = false;  // the call has bound the samples to the engine, for the current phase
};

struct Trainer::State : TrainingState {
  State(const ModelPtr& model, const casd_trainer_options& options, const EngineEntry* engine);
  State(Checkpoint checkpoint, const EngineEntry* engine);
  Checkpoint checkpoint() const;

  const Schema& schema() const { return model->schema(); }
  bool has_teacher_model() const {
    return options.teacher == CASD_TEACHER_FROZEN || options.teacher == CASD_TEACHER_EMA;
  }
  /// The model with these weights, not calibrated.
  ModelPtr model_with(Span<const float> learned) const;
  /// Not calibrated, unless it is the model that the trainer was made from.
  ModelPtr present_model() const;
  /// Samples of a batch in the model's schema; valid until the next call or step.
  std::vector<const Sample*> samples_of(const Batch& batch);
  std::unique_ptr<TrainingEngine> new_engine(const Model& initial) const;
  void start_progress();
  void enter_student();
  /// The position before the first step of a phase, or of a trial.
  void restart_position();
  void freeze_teacher(const ModelPtr& teacher);
  /// Fits normaliser, target scale and class weights; only before the first step.
  void prepare(Span<const Sample* const> samples);

  // pooling_trial.cpp
  bool in_trial() const {
    return position.trial == PoolingTrial::last || position.trial == PoolingTrial::mean;
  }
  void leave_trial() {
    if (in_trial()) position.trial = PoolingTrial::over;
  }
  /// Decides what `auto` means for a new trainer: a trial, or the last frame.
  void resolve_pooling();
  /// The model as the caller gave it, if only its normaliser was fitted since.
  ModelPtr initial_model() const;
  /// Ends the trial if nothing held out could decide it.
  void require_held_out(const TrainingSamples& samples);
  /// After the last epoch of a trial: begins the next trial, or the student with the better pooling.
  void end_trial(const TrainingSamples& samples);
  /// The epoch in progress and the most epochs of the phase; those of both trials are counted.
  std::int32_t counted_epoch() const;
  std::int32_t counted_epochs() const;
  /// Epochs of this phase and the next ones, from the first of this trial on.
  std::int64_t epochs_to_come() const;

  // epoch_loop.cpp
  /// Binds the samples to the engine, with the frozen teacher's outputs on them if the phase needs
  /// them; computes the outputs if `outputs` is empty.
  void bind_engine(Span<const Sample* const> samples, TeacherOutputs& outputs);
  /// One step on rows of the bound samples.
  StepLosses take_step(Span<const std::int64_t> rows, double learning_rate);
  /// Whether the current phase uses the frozen teacher's outputs.
  bool needs_teacher_outputs() const;
  Predictor predictor(const ModelPtr& of, InferenceEnginePtr engine) const;
  /// Throws STATE in CASD_PHASE_DONE.
  void require_unfinished() const;
  /// Checks that the current phase can train on the dataset; returns its samples.
  TrainingSamples accept(const Dataset& dataset) const;
  /// accept(), and checks that it is the same dataset as before; fixes the schedule.
  TrainingSamples bind(const Dataset& dataset);
  std::int32_t phase_epochs() const;
  std::int64_t epoch_steps(std::size_t samples) const;
  casd_train_stats run_epoch(const TrainingSamples& samples, TrainingCall& call);
  void run_steps(const TrainingSamples& samples, TrainingCall& call, double learning_rate);
  void score_epoch(const TrainingSamples& samples);
  /// The summary of a finished model, and the remarks on its training. `fitted` is the model of
  /// present_model() or learned the same, with what was fitted afterwards.
  void judge(const ModelPtr& fitted, Span<const Sample* const> samples, const TrainingFacts& facts);
  /// Factor of sigma_F in the sampled representation; 0: it is not sampled.
  double sampling_factor() const;
  /// What is planned for a dataset.
  TrainingFacts facts_of(const TrainingSamples& samples) const;
  FitRequest fit_request() const;
  void end_phase(const TrainingSamples& samples, TrainingCall& call);
  void throw_if_cancelled();
  void report(const TrainingCall& call, std::int64_t steps);
  bool callback_cancels(const TrainingCall& call);

  bool data_seen = false;  // options() returns numbers for `auto`
  ModelPtr calibrated;     // the current weights after calibrate(); NULL once they have changed
  const EngineEntry& entry;
  std::unique_ptr<TrainingEngine> engine;

  StepBuilder builder;                     // of the samples that are bound to the engine
  std::vector<Sample> mapped_batch;        // a batch's samples in the model's schema
  TeacherOutputs dataset_teacher_outputs;  // on the training samples; empty: not computed yet

  EvidenceSummary summary;      // of the last epoch, or of the finished model
  std::vector<Remark> remarks;  // of the last judge()

  std::atomic<bool> cancel_requested{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "cancel() runs in signal handlers");
  mutable std::mutex progress_mutex;
  casd_train_progress progress{};
};

}  // namespace casd
