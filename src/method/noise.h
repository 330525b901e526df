// The random numbers of dropout and of the sampled representation (docs/method.md 5), keyed so that
// every engine draws the same ones: by seed, step, place in the network, row of the whole batch and
// time step.
#pragma once

#include "core/random.h"

#include <cmath>
#include <cstdint>

namespace casd {

/// Positions within a modality's encoder at which dropout is applied; each has its own random stream.
constexpr std::uint32_t dropout_embedding = 0;
constexpr std::uint32_t dropout_pooled = 1;
constexpr std::uint32_t dropout_attention(std::size_t layer) {
  return 2 + 2 * static_cast<std::uint32_t>(layer);
}
constexpr std::uint32_t dropout_feed_forward(std::size_t layer) {
  return 3 + 2 * static_cast<std::uint32_t>(layer);
}

/// The stream of a position. `pass`: 0 the input, 1 complete input (teacher `shared`). at_row() selects
/// the row of the whole batch; number `width t + c` of it belongs to column c of time step t.
inline RandomStream dropout_stream(std::uint64_t seed, std::uint64_t step, std::uint32_t pass,
                                   std::uint32_t modality, std::uint32_t place) {
  constexpr std::uint32_t modalities = 32;  // per pass
  constexpr std::uint32_t places = 160;     // per modality; at least 2 + 2 * 64 layers
  return RandomStream(seed, step, RandomSite::dropout,
                      (pass * modalities + modality) * places + place);
}

/// Box-Muller transform of two words of a block.
inline double normal_of_words(std::uint32_t first, std::uint32_t second) {
  constexpr double two_pi = 6.283185307179586476925;
  const double u = (static_cast<double>(first) + 0.5) * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(two_pi * (static_cast<double>(second) * 0x1p-32));
}

/// Standard normal number of column `i` of a row's stream.
inline double normal_noise(const RandomStream& row, std::uint64_t i) {
  const PhiloxBlock word = row.block(i);
  return normal_of_words(word[0], word[1]);
}

/// Gamma(a, 1) variate of column `i` of a row's stream, a > 1 (Marsaglia and Tsang,
/// doi 10.1145/358407.358414).
inline double gamma_noise(const RandomStream& row, std::uint64_t i, double a) {
  constexpr std::uint64_t attempts = 32;  // one is rejected with a probability below 5 %
  const double d = a - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (std::uint64_t k = 0; k < attempts; ++k) {
    const PhiloxBlock word = row.block(i * attempts + k);
    const double x = normal_of_words(word[0], word[1]);
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = (static_cast<double>(word[2]) + 0.5) * 0x1p-32;
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
  return d;
}

}  // namespace casd
