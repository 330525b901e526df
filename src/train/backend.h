// The network behind the table of libcasd_torch, as an object that throws.
#pragma once

#include "core/plugin_torch.h"
#include "core/span.h"
#include "model/model.h"

#include <vector>

namespace casd {

/// Everything that a training step changes in the network.
struct LearnedState {
  std::vector<float> parameters;     // the learned tensors, concatenated
  std::vector<float> first_moment;   // as parameters
  std::vector<float> second_moment;  // as parameters
  std::vector<float> step_counts;    // [2 modalities + 1]
  std::vector<float> ema_teacher;    // as parameters; the student's phase of `ema` only
};

class Backend {
 public:
  /// class_weights: [K], or empty. Throws the status that the plug-in reports: UNAVAILABLE, DEVICE, ...
  Backend(const casd_torch_plugin& plugin, const Model& model, const casd_trainer_options& options,
          Span<const float> class_weights);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  void start_phase(casd_phase phase);
  casd_torch_losses step(const casd_torch_step& step);

  std::vector<float> parameters() const;
  void set_parameters(Span<const float> values);
  void set_ema_teacher(Span<const float> values);
  LearnedState read(casd_phase phase) const;
  void write(const LearnedState& state);

 private:
  std::vector<float> read(std::int32_t what, std::size_t count) const;
  void write(std::int32_t what, Span<const float> values);

  const casd_torch_plugin& plugin_;
  casd_torch_network* network_ = nullptr;
  std::size_t learned_count_;
  std::size_t group_count_;
  bool has_ema_teacher_;
};

}  // namespace casd
