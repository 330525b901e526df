// Everything that training steps change in an engine.
#pragma once

#include "engine/training_engine.h"
#include "model/network_layout.h"

#include <vector>

namespace casd {

struct LearnedState {
  std::vector<float> parameters;     // the learned tensors, concatenated
  std::vector<float> first_moment;   // as parameters
  std::vector<float> second_moment;  // as parameters
  std::vector<float> step_counts;    // [groups]
  std::vector<float> ema_teacher;    // as parameters; the student's phase of `ema` only
};

std::vector<float> read_parameters(const TrainingEngine& engine, const NetworkLayout& layout);
LearnedState read_learned(const TrainingEngine& engine, const NetworkLayout& layout,
                          bool with_ema_teacher);
void write_learned(TrainingEngine& engine, const LearnedState& state);

}  // namespace casd
