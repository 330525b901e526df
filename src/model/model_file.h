// The model file: safetensors with schema, options, calibration and checksum (docs/model-file.md).
#pragma once

#include "model/model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

/// Throws FORMAT or VERSION; `source` (a path or "memory") begins the message.
ModelPtr parse_model(Span<const std::uint8_t> bytes, const std::string& source);
ModelPtr load_model(const std::string& path);
std::vector<std::uint8_t> serialise_model(const Model& model);
void save_model(const Model& model, const std::string& path);

}  // namespace casd
