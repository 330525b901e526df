// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11, doi 10.1145/2063384.2063405).
//
// A number is a pure function of (seed, step, site, index). Nothing is carried from one draw to the
// next, so an interrupted run that is resumed, or one on another device, draws the same numbers.
#pragma once

#include "core/span.h"

#include <array>
#include <cstdint>

namespace casd {

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key);

/// The use of random numbers. Each has its own number, so that no two overlap.
/// A site that needs several independent streams (one per modality, layer, ...) adds a small index.
enum class RandomSite : std::uint32_t {
  initial_weights = 0x0100,  // + 0; step = index of the tensor
  permutation = 0x0200,      // step = phase and epoch
  corruption = 0x0300,       // step = phase and step
  dropout = 0x1000,          // + 160 (32 pass + modality) + place in the network
  sampling_normal = 0x4000,  // + pass (0 student, 1 complete input)
  sampling_gamma = 0x4100,   // + pass
  synthetic = 0x5000,
  hold_out = 0x6000,
  monitor = 0x7000  // step = sample, index = channel
};

/// The stream of one (seed, step, site); `at(i)` is its i-th number, in any order.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t step, RandomSite site, std::uint32_t part = 0);

  /// The stream of one row of a batch; no two rows share numbers. Rows below 2^32, steps below 2^48
  /// and sites below 2^16 (all of RandomSite) keep the counters of all streams apart. Row 0 is the
  /// stream itself.
  RandomStream at_row(std::uint64_t row) const;

  /// What block() passes to philox(), for callers that compute several blocks at once. The first word
  /// of the counter is `index`.
  PhiloxBlock block_counter(std::uint64_t index) const;
  PhiloxKey key() const { return key_; }

  /// The numbers 4 index .. 4 index + 3 at once.
  PhiloxBlock block(std::uint64_t index) const;
  std::uint32_t bits(std::uint64_t index) const;
  /// In [0, 1), 24 bits.
  float uniform(std::uint64_t index) const;
  /// In (0, 1), 53 bits; uses the pair of words 2 index, 2 index + 1.
  double uniform_double(std::uint64_t index) const;
  /// Standard normal (Box-Muller), from the two doubles 2 index, 2 index + 1.
  double normal(std::uint64_t index) const;
  /// uniform(first), uniform(first + 1), ...; `first` a multiple of 4.
  void fill_uniform(Span<float> out, std::uint64_t first = 0) const;
  /// In [0, n), without bias worth speaking of (n far below 2^32), from bits(index).
  std::uint32_t below(std::uint32_t n, std::uint64_t index) const;

 private:
  PhiloxKey key_;
  std::uint32_t site_;
  std::uint64_t step_;
};

/// A uniform random order of 0 .. n-1 (Fisher-Yates).
std::vector<std::int64_t> random_permutation(std::int64_t n, const RandomStream& stream);

}  // namespace casd
