// The input guard: how much an input that is unlike the training data raises the variance of its
// modality (docs/method.md 10.4).
#pragma once

#include "method/functions.h"

#include <cmath>

namespace casd {

/// Two statistics of the standardised, clipped frames of a sequence.
template <class T>
struct InputStatistics {
  T energy = 0;             // E: half the mean square of all frames plus half that of the last one
  T change = 0;             // c: mean squared difference of neighbouring frames
  bool has_change = false;  // more than one frame
};

/// NAME.guard of the model file. All 0: not fitted, which changes nothing.
template <class T>
struct GuardLimits {
  T most_energy, least_change, cap;
};

/// Factors of one modality. All 1: the input is like the training data.
template <class T>
struct GuardFactors {
  T variance = 1;  // multiplies V
  T weight = 1;    // multiplies w
  T linear = 1;    // multiplies the linear map
  T noise = 1;     // multiplies V, too: noise_factor()
};

/// R = (E / hi)^2 and Z = lo / c, each limited to 1..100: variance R Z, weight
/// 1 / (min(R, cap) min(Z, 2)), linear 1 / (R Z).
template <class T>
CASD_HOST_DEVICE GuardFactors<T> guard_factors(const InputStatistics<T>& input,
                                               const GuardLimits<T>& limits) {
  constexpr T most = 100, most_stillness = 2;
  const auto limited = [](T value, T high) {  // to 1..high; 1 where high is less
    const T below = value > high ? high : value;
    return below > 1 ? below : 1;
  };
  T loudness = 1, stillness = 1;
  if (limits.most_energy > 0) {
    const T ratio = input.energy / limits.most_energy;
    loudness = limited(ratio * ratio, most);
  }
  if (limits.least_change > 0 && input.has_change)
    stillness = input.change > 0 ? limited(limits.least_change / input.change, most) : most;
  GuardFactors<T> out;
  out.variance = loudness * stillness;
  out.weight = 1 / (limited(loudness, limits.cap) * limited(stillness, most_stillness));
  out.linear = 1 / out.variance;
  return out;
}

/// N = sqrt(c / typical), limited to 1/10..10: how much noisier than typical training samples the
/// sequence is, by the difference of neighbouring frames (von Neumann's estimate of the noise). A change
/// below lo counts as lo, so that a frozen sensor does not lower the variance. 1 for a single frame and
/// where `typical` is 0.
template <class T>
CASD_HOST_DEVICE T noise_factor(const InputStatistics<T>& input, T least_change, T typical) {
  constexpr T most = 10;
  if (!input.has_change || !(typical > 0)) return 1;
  const T change = input.change > least_change ? input.change : least_change;
  const T factor = std::sqrt(change / typical);
  return factor > most ? most : (factor > 1 / most ? factor : 1 / most);
}

}  // namespace casd
