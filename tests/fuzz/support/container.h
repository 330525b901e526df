// Mutations of safetensors files that keep length, padding and checksums right, so that they reach
// what lies behind those checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace casd::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// Changes header or data, each as libFuzzer changes bytes, then repairs length and padding, and
/// hands the file to `repair` for its checksums; one in eight is left unrepaired.
std::size_t mutate_container(std::uint8_t* data, std::size_t size, std::size_t capacity,
                             unsigned seed, const std::function<Bytes(const Bytes&)>& repair);

/// The file with the right checksum; unchanged where it has none to put right.
Bytes with_model_checksum(const Bytes& bytes);
/// The same for a checkpoint and the models in it.
Bytes with_checkpoint_checksums(const Bytes& bytes);

/// Ends the program as a finding, with both texts.
[[noreturn]] void differ(const char* what, const Bytes& read, const Bytes& written);

}  // namespace casd::fuzz
