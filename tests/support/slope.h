// Derivatives by finite differences.
#pragma once

#include <cmath>

namespace casd::test {

/// f'(x) by central differences with one step of Richardson extrapolation; for smooth f in double the
/// error is about 1e-9.
template <class F>
double slope(F f, double x) {
  const double step = 1e-3 * (std::fabs(x) > 0.1 ? std::fabs(x) : 0.1);
  const double wide = (f(x + step) - f(x - step)) / (2 * step);
  const double narrow = (f(x + step / 2) - f(x - step / 2)) / step;
  return narrow + (narrow - wide) / 3;
}

}  // namespace casd::test
