// The evidence head and the distribution of one modality, one dimension at a time (docs/method.md 2
// and 3).
#pragma once

#include "method/functions.h"

namespace casd {

/// Normal-Inverse-Gamma: y | mu, s2 ~ N(mu, s2), mu | s2 ~ N(gamma, s2 / delta),
/// s2 ~ Inv-Gamma(alpha, beta). Also holds the gradient with respect to the four parameters.
template <class T>
struct NormalInverseGamma {
  T gamma, delta, alpha, beta;

  CASD_HOST_DEVICE T aleatoric() const { return beta / (alpha - 1); }            // E[s2]
  CASD_HOST_DEVICE T epistemic() const { return beta / (delta * (alpha - 1)); }  // Var[mu]
  CASD_HOST_DEVICE T variance() const { return aleatoric() + epistemic(); }  // of the Student's t
  CASD_HOST_DEVICE T degrees_of_freedom() const { return 2 * alpha; }
  CASD_HOST_DEVICE T squared_scale() const { return beta * (1 + delta) / (delta * alpha); }
};

/// Adds to `gradient` what a gradient with respect to law.variance() contributes.
template <class T>
CASD_HOST_DEVICE void variance_backward(const NormalInverseGamma<T>& law, T variance_gradient,
                                        NormalInverseGamma<T>& gradient) {
  const T excess = law.alpha - 1, variance = law.variance();
  gradient.delta -= variance_gradient * law.beta / (excess * law.delta * law.delta);
  gradient.alpha -= variance_gradient * variance / excess;
  gradient.beta += variance_gradient * variance / law.beta;
}

/// The bounds of the parameters (casd_model_options).
template <class T>
struct EvidenceLimits {
  T delta_min, delta_max, alpha_min, alpha_max, beta_min;
};

/// The parameters from the four outputs of the linear map, in the order gamma, delta', alpha', beta'.
/// A NaN stays a NaN.
template <class T>
CASD_HOST_DEVICE NormalInverseGamma<T> evidence(const NormalInverseGamma<T>& raw,
                                                const EvidenceLimits<T>& limits) {
  const T delta = softplus(raw.delta) + limits.delta_min;
  const T alpha = softplus(raw.alpha) + limits.alpha_min;
  return {raw.gamma, limits.delta_max < delta ? limits.delta_max : delta,
          limits.alpha_max < alpha ? limits.alpha_max : alpha,
          softplus(raw.beta) + limits.beta_min};
}

/// softplus(x) + least <= most. As softplus(x) <= max(x, 0) + log(2), it is rarely computed.
template <class T>
CASD_HOST_DEVICE bool softplus_within(T x, T least, T most) {
  return (x > 0 ? x : 0) + T(0.75) + least <= most || softplus(x) + least <= most;
}

/// The gradient with respect to the outputs of the linear map; at a bound it is 0.
template <class T>
CASD_HOST_DEVICE NormalInverseGamma<T> evidence_backward(const NormalInverseGamma<T>& raw,
                                                         const EvidenceLimits<T>& limits,
                                                         const NormalInverseGamma<T>& gradient) {
  const bool delta_free = softplus_within(raw.delta, limits.delta_min, limits.delta_max);
  const bool alpha_free = softplus_within(raw.alpha, limits.alpha_min, limits.alpha_max);
  return {gradient.gamma, delta_free ? gradient.delta * logistic(raw.delta) : 0,
          alpha_free ? gradient.alpha * logistic(raw.alpha) : 0,
          gradient.beta * logistic(raw.beta)};
}

}  // namespace casd
