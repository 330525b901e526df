// The checkpoint file: a safetensors container. The reader treats it as untrusted input and accepts
// only the canonical form that the writer produces (docs/model-file.md, "Checkpoints").
#pragma once

#include "train/training_state.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

std::vector<std::uint8_t> serialise_checkpoint(const Checkpoint& checkpoint);

/// Throws FORMAT or VERSION; `source` begins the message.
Checkpoint parse_checkpoint(Span<const std::uint8_t> bytes, const std::string& source);

}  // namespace casd
