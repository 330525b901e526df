// The container format of model files and checkpoints: u64 little-endian header length, JSON header,
// data (https://github.com/huggingface/safetensors). Read as hostile input.
#pragma once

#include "core/span.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace casd {

enum class DataType { f32, f64, i64, u8 };

struct TensorEntry {
  std::string name;
  DataType type;
  std::vector<std::int64_t> shape;
  Span<const std::uint8_t> bytes;  // into the caller's buffer; not aligned
};

struct Safetensors {
  std::vector<std::pair<std::string, std::string>> metadata;  // in the file's order
  std::vector<TensorEntry> tensors;                           // in the order of their data
  Span<const std::uint8_t> data;

  /// NULL if there is none.
  const std::string* find_metadata(const std::string& key) const;
  const TensorEntry* find_tensor(const std::string& name) const;
};

/// Checks everything the format promises: header within the file, tensors that lie one after the
/// other and fill the data, shapes that match their bytes, no name twice. Throws FORMAT.
Safetensors parse_safetensors(Span<const std::uint8_t> bytes, const std::string& source);

/// Header padded with spaces so that the data starts at a multiple of 64.
std::vector<std::uint8_t> serialise_safetensors(
    const std::vector<std::pair<std::string, std::string>>& metadata,
    const std::vector<TensorEntry>& tensors);

}  // namespace casd
