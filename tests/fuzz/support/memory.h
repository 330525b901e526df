// Measures the memory of the code under test: every malloc of the process, including C libraries.
#pragma once

#include <cstddef>

namespace casd::fuzz {

/// Measures from its construction on; only one object at a time.
class MemoryUse {
 public:
  MemoryUse();
  /// Peak of allocated bytes.
  std::size_t peak() const;
  /// Size of the largest single allocation.
  std::size_t largest() const;
  /// Aborts with a message, as a finding, if the peak is above factor * input + constant.
  void require_bounded(std::size_t input, std::size_t factor, std::size_t constant) const;
  /// The same if one allocation is above reader_factor * input + reader_constant.
  void require_small_allocations(std::size_t input) const;
};

/// Memory that a reader may use for any input: tables whose length the format limits (4,096 outputs or
/// metadata entries of two strings each), input and output streams, error messages.
constexpr std::size_t reader_constant = std::size_t{1} << 20;
/// The bound for files of this library, documented in docs/model-file.md.
constexpr std::size_t reader_factor = 10;

}  // namespace casd::fuzz
