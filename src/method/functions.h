// Elementary functions that the formulas share. Templates over the scalar type: the engines use float,
// the tests double.
#pragma once

#include <cmath>

/// Functions of this module also compile for CUDA devices.
#ifdef __CUDACC__
#define CASD_HOST_DEVICE __host__ __device__
#else
#define CASD_HOST_DEVICE
#endif

namespace casd {

/// log(1 + exp(x)); above 20 it is x to the last bit of a float.
template <class T>
CASD_HOST_DEVICE T softplus(T x) {
  return x > 20 ? x : std::log1p(std::exp(x));
}

/// The derivative of softplus().
template <class T>
CASD_HOST_DEVICE T logistic(T x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

/// The derivative of log(Gamma(x)) for x > 0: recurrence up to 10, then the asymptotic series
/// (Abramowitz and Stegun, 6.3.5 and 6.3.18). Relative error below 1e-13 away from the zero at 1.46.
CASD_HOST_DEVICE inline double digamma(double x) {
  double sum = 0;
  for (; x < 10; ++x) sum -= 1 / x;
  const double square = 1 / (x * x);
  return sum + std::log(x) - 0.5 / x -
         square * (1.0 / 12 -
                   square * (1.0 / 120 -
                             square * (1.0 / 252 -
                                       square * (1.0 / 240 -
                                                 square * (1.0 / 132 - square * 691.0 / 32760)))));
}

/// log(Gamma(x)) for x > 0: recurrence up to 10, then Stirling's series (Abramowitz and Stegun,
/// 6.1.41). Absolute error below 1e-13 up to 100. std::lgamma() writes a global variable on some
/// systems, so that threads must not use it.
CASD_HOST_DEVICE inline double log_gamma(double x) {
  constexpr double half_log_two_pi = 0.91893853320467274178;
  double product = 1;
  for (; x < 10; ++x) product *= x;
  const double square = 1 / (x * x);
  const double series =
      1.0 / 12 -
      square * (1.0 / 360 -
                square * (1.0 / 1260 -
                          square * (1.0 / 1680 - square * (1.0 / 1188 - square * 691.0 / 360360))));
  return (x - 0.5) * std::log(x) - x + half_log_two_pi + series / x - std::log(product);
}

}  // namespace casd
