// Memory that the code under test takes: every malloc of the process counts, that of C libraries
// too.
#pragma once

#include <cstddef>

namespace casd::fuzz {

/// Measures from its construction on; one at a time.
class MemoryUse {
 public:
  MemoryUse();
  /// Most bytes that were allocated and not yet freed at one moment.
  std::size_t peak() const;
  /// Ends the program with a message, as a finding, if the peak was above factor * input + constant.
  void require_bounded(std::size_t input, std::size_t factor, std::size_t constant) const;
};

/// What a reader may take however small its input: tables whose length the format limits (4,096
/// outputs or metadata entries of two strings each), input and output streams, texts of errors.
constexpr std::size_t reader_constant = std::size_t{1} << 20;
/// The bound for files of this library, as docs/model-file.md states it.
constexpr std::size_t reader_factor = 10;

}  // namespace casd::fuzz
