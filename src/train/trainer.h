// The training loop as a resumable object: phases, epochs, steps. The computation runs in a
// TrainingEngine.
#pragma once

#include "data/dataset.h"
#include "engine/registry.h"
#include "eval/remarks.h"
#include "model/model.h"
#include "train/options.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace casd {

class Trainer {
 public:
  /// engine: NULL: chosen from the registry; tests of the training loop pass their own.
  Trainer(const ModelPtr& model, const casd_trainer_options& options,
          const EngineEntry* engine = nullptr);
  ~Trainer();

  /// The caller's options. `auto` is replaced by a number as soon as the trainer has read its dataset.
  casd_trainer_options options() const;
  const Schema& schema() const;
  casd_phase phase() const;
  /// That of the model that the training began with.
  casd_pooling pooling() const;

  void prepare(const Dataset& dataset);
  void prepare(const Batch& batch);
  void set_phase(casd_phase phase);
  void set_teacher(const ModelPtr& teacher);
  casd_train_stats step(const Batch& batch);
  casd_train_stats epoch(const Dataset& dataset);
  void fit(const Dataset& dataset, const char* checkpoint, casd_progress_callback progress,
           void* user);
  /// Fits the calibration of the current weights; it is dropped when they change. `train`: for the
  /// linear maps; NULL: they are kept.
  void calibrate(const Batch* train, const Batch& held_out);
  ModelPtr snapshot();
  /// Of the last epoch; once the training is over, or after calibrate(), of the model of snapshot().
  const EvidenceSummary& summary() const;
  /// On the finished training, or of the last calibrate(); else empty.
  const std::vector<Remark>& remarks() const;

  /// Any thread, also a signal handler: only sets a lock-free flag.
  void cancel() noexcept;
  /// Any thread.
  casd_train_progress progress() const;

  void save(const std::string& path);
  /// `choice` replaces the checkpoint's option `engine`.
  static std::unique_ptr<Trainer> load(const std::string& path, const EngineEntry* engine = nullptr,
                                       std::optional<casd_engine_choice> choice = {});

 private:
  struct State;
  explicit Trainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace casd
