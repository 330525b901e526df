// The checkpoint file: a safetensors container. The reader treats it as untrusted input and accepts
// only the canonical form that the writer produces (docs/model-file.md, "Checkpoints").
#pragma once

#include "train/backend.h"
#include "train/training_state.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

struct Checkpoint {
  casd_trainer_options options{};
  Position position;
  ModelPtr model;
  ModelPtr teacher;  // NULL where there is none
  ModelPtr result;   // in CASD_PHASE_DONE, else NULL
  LearnedState learned;
  std::vector<float> best;           // empty: no best epoch yet
  std::vector<float> class_weights;  // empty: none
};

std::vector<std::uint8_t> serialise_checkpoint(const Checkpoint& checkpoint);

/// Throws FORMAT or VERSION; `source` begins the message.
Checkpoint parse_checkpoint(Span<const std::uint8_t> bytes, const std::string& source);

}  // namespace casd
