// The sinusoidal position code (docs/method.md 2).
#pragma once

#include <cmath>
#include <cstdint>

namespace casd {

/// The code of a frame, for one column of `width`: even columns sin, odd cos, base 10000.
inline double position_code(std::int64_t step, std::int64_t column, std::int64_t width) {
  const std::int64_t pair = column - column % 2;
  const double exponent = static_cast<double>(pair) / static_cast<double>(width);
  const double angle = static_cast<double>(step) / std::pow(10000.0, exponent);
  return column % 2 ? std::cos(angle) : std::sin(angle);
}

}  // namespace casd
