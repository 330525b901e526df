// The random numbers of the sampled representation, keyed by the row's stream (docs/method.md 5).
#pragma once

#include "core/random.h"

#include <cmath>
#include <cstdint>

namespace casd::cpu {

/// Box-Muller transform of two words of a block.
inline double normal_of_words(std::uint32_t first, std::uint32_t second) {
  constexpr double two_pi = 6.283185307179586476925;
  const double u = (static_cast<double>(first) + 0.5) * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(two_pi * (static_cast<double>(second) * 0x1p-32));
}

/// Standard normal number of column `i`.
inline double normal_noise(const RandomStream& row, std::uint64_t i) {
  const PhiloxBlock word = row.block(i);
  return normal_of_words(word[0], word[1]);
}

/// Gamma(a, 1) variate of column `i`, a > 1 (Marsaglia and Tsang, doi 10.1145/358407.358414).
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

}  // namespace casd::cpu
