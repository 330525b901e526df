// Mutations of safetensors files that keep length, padding and checksums valid, so that they reach the
// code after those checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace casd::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// Lets libFuzzer mutate header or data, then repairs length and padding and calls `repair` for the
/// checksums. One in eight files is not repaired.
std::size_t mutate_container(std::uint8_t* data, std::size_t size, std::size_t capacity,
                             unsigned seed, const std::function<Bytes(const Bytes&)>& repair);

/// The file with a valid checksum; unchanged if it has no checksum.
Bytes with_model_checksum(const Bytes& bytes);
/// The same for a checkpoint and the models in it.
Bytes with_checkpoint_checksums(const Bytes& bytes);

/// Aborts as a finding and prints both texts.
[[noreturn]] void differ(const char* what, const Bytes& read, const Bytes& written);

}  // namespace casd::fuzz
