// The container format of model files and checkpoints: u64 little-endian header length, JSON header,
// data (https://github.com/huggingface/safetensors). The reader treats it as untrusted input and
// accepts only the canonical form that serialise_safetensors() writes (model/json_text.h).
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
  Span<const std::uint8_t> bytes;  // points into the caller's buffer; not aligned
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

struct Safetensors {
  Metadata metadata;                 // in the file's order
  std::vector<TensorEntry> tensors;  // in the order of their data
  Span<const std::uint8_t> data;

  /// NULL if there is none.
  const std::string* find_metadata(const std::string& key) const;
  const TensorEntry* find_tensor(const std::string& name) const;
};

/// Limits of reader and writer, documented in docs/model-file.md.
constexpr std::size_t longest_header = 100'000'000;  // limit of the format
constexpr std::size_t most_tensors = 65536;
constexpr std::size_t most_metadata = 4096;
constexpr std::size_t most_dimensions = 8;

/// Bytes before a file's header: its length.
constexpr std::size_t header_prefix = 8;

/// Where the data of a file of `size` bytes begins; `size` if that is not within the file. `bytes` are
/// at least its first header_prefix bytes, or all it has.
std::size_t data_begin(Span<const std::uint8_t> bytes, std::size_t size);

/// Checks all rules of the format: header within the file, tensors that follow each other and fill
/// the data, shapes that match their bytes, unique names. `header` are the bytes before the data.
/// Throws FORMAT.
Safetensors parse_safetensors(Span<const std::uint8_t> header, Span<const std::uint8_t> data,
                              const std::string& source);
/// Of a whole file.
Safetensors parse_safetensors(Span<const std::uint8_t> bytes, const std::string& source);

/// Returns the number in the first metadata entry, `key`, which identifies the kind of a file of this
/// library. Does not read the rest of the file. `kind` is "model" or "checkpoint". Throws FORMAT
/// "SOURCE: not a CASD model (reason)".
int format_version(Span<const std::uint8_t> bytes, const std::string& source,
                   const std::string& key, const std::string& kind);

/// CRC-32 over the bytes of each entry in order: key, 0, value, 0. Keys and values contain no 0.
std::uint32_t metadata_checksum(Span<const std::pair<std::string, std::string>> entries);

/// Header padded with spaces so that the data starts at a multiple of 64. Throws INVALID_ARGUMENT
/// beyond the limits.
std::vector<std::uint8_t> serialise_safetensors(const Metadata& metadata,
                                                const std::vector<TensorEntry>& tensors);

}  // namespace casd
