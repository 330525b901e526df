// The training as a resumable machine: phases, epochs, steps. The numbers are crunched behind the
// table of libcasd_torch.
#pragma once

#include "core/plugin_torch.h"
#include "data/dataset.h"
#include "model/model.h"
#include "train/options.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace casd {

class Trainer {
 public:
  /// plugin: NULL for libcasd_torch; tests that check the machine alone bring a table of their own.
  Trainer(const ModelPtr& model, const casd_trainer_options& options,
          const casd_torch_plugin* plugin = nullptr);
  ~Trainer();

  /// As given; with a number for each `auto` once this trainer has seen its dataset.
  casd_trainer_options options() const;
  const Schema& schema() const;
  casd_phase phase() const;

  void prepare(const Dataset& dataset);
  void prepare(const Batch& batch);
  void set_phase(casd_phase phase);
  void set_teacher(const ModelPtr& teacher);
  casd_train_stats step(const Batch& batch);
  casd_train_stats epoch(const Dataset& dataset);
  void fit(const Dataset& dataset, const char* checkpoint, casd_progress_callback progress,
           void* user);
  /// Fits the calibration of the present weights; it lasts until they change.
  void calibrate(const Batch& held_out);
  ModelPtr snapshot();

  /// Any thread, a signal handler too: only sets a lock-free flag.
  void cancel() noexcept;
  /// Any thread.
  casd_train_progress progress() const;

  void save(const std::string& path);
  static std::unique_ptr<Trainer> load(const std::string& path,
                                       const casd_torch_plugin* plugin = nullptr);

 private:
  struct State;
  explicit Trainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace casd
