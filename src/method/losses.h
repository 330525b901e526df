// The losses of training, for one sample, pair or dimension, without weights and means (docs/method.md
// 6). Each value has its gradient beside it; a gradient is added to, multiplied by `factor`.
#pragma once

#include "method/functions.h"
#include "method/law.h"

#include <cmath>
#include <cstdint>

namespace casd {

/// log(sum of exp(scale * values)).
template <class T>
CASD_HOST_DEVICE T log_sum_exp(const T* values, std::int64_t count, T scale = 1) {
  T largest = values[0] * scale;
  for (std::int64_t k = 1; k < count; ++k)
    largest = values[k] * scale > largest ? values[k] * scale : largest;
  T total = 0;
  for (std::int64_t k = 0; k < count; ++k) total += std::exp(values[k] * scale - largest);
  return largest + std::log(total);
}

/// log(softmax(logits)) over `count` classes; `out` may be `logits`.
template <class T>
CASD_HOST_DEVICE void log_softmax(const T* logits, std::int64_t count, T* out) {
  const T shift = log_sum_exp(logits, count);
  for (std::int64_t k = 0; k < count; ++k) out[k] = logits[k] - shift;
}

/// Cross-entropy of class `label`, from log-probabilities.
template <class T>
CASD_HOST_DEVICE T cross_entropy(const T* log_p, std::int64_t label) {
  return -log_p[label];
}

/// With respect to the logits: p - 1 at the label, p elsewhere.
template <class T>
CASD_HOST_DEVICE void cross_entropy_backward(const T* log_p, std::int64_t count, std::int64_t label,
                                             T factor, T* gradient) {
  for (std::int64_t k = 0; k < count; ++k)
    gradient[k] += factor * (std::exp(log_p[k]) - (k == label ? 1 : 0));
}

/// log((p + q) / 2) from log-probabilities.
template <class T>
CASD_HOST_DEVICE T log_middle(T log_p, T log_q) {
  constexpr double log_two = 0.69314718055994530942;
  const T high = log_p > log_q ? log_p : log_q, low = log_p > log_q ? log_q : log_p;
  return high + std::log1p(std::exp(low - high)) - static_cast<T>(log_two);
}

/// Jensen-Shannon divergence KL(p|m)/2 + KL(q|m)/2, m = (p + q)/2, from log-probabilities.
template <class T>
CASD_HOST_DEVICE T jensen_shannon(const T* log_p, const T* log_q, std::int64_t count) {
  T sum = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    const T middle = log_middle(log_p[k], log_q[k]);
    sum += std::exp(log_p[k]) * (log_p[k] - middle) + std::exp(log_q[k]) * (log_q[k] - middle);
  }
  return sum / 2;
}

/// With respect to the logits of p; q is constant. d/dp = log(p/m)/2, and through the softmax
/// p (d/dp - mean of d/dp under p).
template <class T>
CASD_HOST_DEVICE void jensen_shannon_backward(const T* log_p, const T* log_q, std::int64_t count,
                                              T factor, T* gradient) {
  T mean = 0;
  for (std::int64_t k = 0; k < count; ++k)
    mean += std::exp(log_p[k]) * (log_p[k] - log_middle(log_p[k], log_q[k])) / 2;
  for (std::int64_t k = 0; k < count; ++k) {
    const T slope = (log_p[k] - log_middle(log_p[k], log_q[k])) / 2;
    gradient[k] += factor * std::exp(log_p[k]) * (slope - mean);
  }
}

/// Squared error: regression, its distillation, and the uncertainty term of the recipe `paper`.
template <class T>
CASD_HOST_DEVICE T squared_error(T value, T target) {
  return (value - target) * (value - target);
}

template <class T>
CASD_HOST_DEVICE T squared_error_gradient(T value, T target) {
  return 2 * (value - target);
}

/// Negative log likelihood of `target` under the law (Amini et al., arXiv 1910.02600, equation 8), plus
/// `regularizer` |target - gamma| (2 delta + alpha). With omega = 2 beta (1 + delta):
///   log(pi / delta)/2 - alpha log(omega) + (alpha + 1/2) log(delta (target - gamma)^2 + omega)
///   + log Gamma(alpha) - log Gamma(alpha + 1/2).
template <class T>
CASD_HOST_DEVICE T evidence_loss(const NormalInverseGamma<T>& law, T target, T regularizer) {
  constexpr double pi = 3.14159265358979323846;
  const T distance = target - law.gamma;
  const T omega = 2 * law.beta * (1 + law.delta);
  const T ratio = law.delta * distance * distance / omega;
  const double alpha = static_cast<double>(law.alpha);
  // alpha log(1 + ratio) + log(omega (1 + ratio))/2 does not cancel, as the two logarithms would.
  return std::log(static_cast<T>(pi) / law.delta) / 2 + (law.alpha + T(0.5)) * std::log1p(ratio) +
         std::log(omega) / 2 + static_cast<T>(log_gamma(alpha) - log_gamma(alpha + 0.5)) +
         regularizer * std::fabs(distance) * (2 * law.delta + law.alpha);
}

/// With respect to the parameters; the target is constant.
template <class T>
CASD_HOST_DEVICE void evidence_loss_backward(const NormalInverseGamma<T>& law, T target,
                                             T regularizer, T factor,
                                             NormalInverseGamma<T>& gradient) {
  const T distance = target - law.gamma, far = std::fabs(distance);
  const T omega = 2 * law.beta * (1 + law.delta);
  const T inside = law.delta * distance * distance + omega;
  const T half = law.alpha + T(0.5);
  const T sign = distance > 0 ? T(1) : distance < 0 ? T(-1) : T(0);
  const double alpha = static_cast<double>(law.alpha);
  gradient.gamma -= factor * (2 * half * law.delta * distance / inside +
                              regularizer * sign * (2 * law.delta + law.alpha));
  gradient.delta +=
      factor * (half * (distance * distance + 2 * law.beta) / inside - law.alpha / (1 + law.delta) -
                1 / (2 * law.delta) + 2 * regularizer * far);
  gradient.alpha +=
      factor * (std::log1p(law.delta * distance * distance / omega) +
                static_cast<T>(digamma(alpha) - digamma(alpha + 0.5)) + regularizer * far);
  gradient.beta += factor * (2 * half * (1 + law.delta) / inside - law.alpha / law.beta);
}

}  // namespace casd
