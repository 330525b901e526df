// The sampled representation of training, one dimension at a time (docs/method.md 5). Its random
// numbers come from the caller.
#pragma once

#include "method/functions.h"
#include "method/fusion.h"

#include <cmath>

namespace casd {

/// Noise of unit scale, and its derivative with respect to nu_F, which is 0 unless the option
/// `sampling` is `implicit`.
template <class T>
struct UnitNoise {
  T value;
  T slope;
};

/// Student's t from z ~ N(0, 1) and g ~ Gamma(a, 1), a = nu_F / 2.
template <class T>
CASD_HOST_DEVICE T student_t_noise(T z, T g, T a) {
  return z * std::sqrt(a / g);
}

/// dg/da of a sample g of Gamma(a, 1) at a fixed probability: -(dP/da) / density, P the regularised
/// lower incomplete gamma function, by its power series. For a up to 20 the relative error is below
/// 1e-6 where samples occur (a probability of more than 1e-9 on either side).
inline double gamma_sample_derivative(double a, double g) {
  // P = sum over n of g^(a+n) e^-g / Gamma(a+n+1); each term divided by the density is
  // g^(n+1) Gamma(a) / Gamma(a+n+1).
  const double log_g = std::log(g);
  double term = g / a, psi = digamma(a + 1), sum = 0;
  for (int n = 0; n < 10000; ++n) {
    sum += term * (log_g - psi);
    const double next = a + n + 1;
    psi += 1 / next;
    term *= g / next;
    if (next > g && term * (std::fabs(log_g - psi) + 1) < 1e-17 * std::fabs(sum)) break;
  }
  return -sum;
}

/// d/d(nu_F) of student_t_noise() with z and the probability of g fixed: dt/da / 2, where
/// dt/da = t/2 (1/a - (dg/da)/g).
inline double student_t_slope(double t, double g, double a) {
  return t * (1 / a - gamma_sample_derivative(a, g) / g) / 4;
}

/// s = mu_F + kappa sigma_F t.
template <class T>
CASD_HOST_DEVICE T sample_student_t(const FusedLaw<T>& law, T kappa, const UnitNoise<T>& t) {
  return law.location + kappa * std::sqrt(law.squared_scale) * t.value;
}

/// The gradient with respect to the fused law, from that with respect to s.
template <class T>
CASD_HOST_DEVICE FusedGradient<T> sample_student_t_backward(const FusedLaw<T>& law, T kappa,
                                                            const UnitNoise<T>& t, T gradient) {
  const T scale = std::sqrt(law.squared_scale), nu = law.degrees_of_freedom;
  const T scale_gradient = gradient * kappa * t.value;
  // sigma_F^2 = U_F (1 - 2 / nu_F).
  return {gradient,
          scale_gradient * law.variance / (nu * nu * scale) + gradient * kappa * scale * t.slope,
          scale_gradient * scale / (2 * law.variance)};
}

/// s = mu_F + kappa sqrt(U_F) z, z ~ N(0, 1).
template <class T>
CASD_HOST_DEVICE T sample_gaussian(const FusedLaw<T>& law, T kappa, T z) {
  return law.location + kappa * std::sqrt(law.variance) * z;
}

template <class T>
CASD_HOST_DEVICE FusedGradient<T> sample_gaussian_backward(const FusedLaw<T>& law, T kappa, T z,
                                                           T gradient) {
  return {gradient, 0, gradient * kappa * z / (2 * std::sqrt(law.variance))};
}

}  // namespace casd
