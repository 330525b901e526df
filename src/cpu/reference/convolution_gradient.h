// The convolution over three frames and its gradient in plain C++.
#pragma once

#include <cstdint>
#include <vector>

namespace casd::cpu::reference {

/// Calls f(output, step, feature, place in the window, frame) for every product of the convolution.
template <class F>
void for_each_product(std::size_t outputs, std::size_t features, std::size_t steps, F f) {
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t t = 0; t < steps; ++t)
      for (std::size_t i = 0; i < features; ++i)
        for (std::size_t k = 0; k < 3; ++k)
          if (t + k >= 1 && t + k - 1 < steps) f(o, t, i, k, t + k - 1);
}

/// weight [outputs, features, 3], frames [steps, features] -> [outputs, steps].
template <class T>
std::vector<T> convolution(const std::vector<T>& weight, const std::vector<T>& bias,
                           const std::vector<T>& frames, std::size_t outputs, std::size_t features,
                           std::size_t steps) {
  std::vector<T> y(outputs * steps);
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t t = 0; t < steps; ++t) y[o * steps + t] = bias[o];
  for_each_product(outputs, features, steps,
                   [&](std::size_t o, std::size_t t, std::size_t i, std::size_t k, std::size_t at) {
                     y[o * steps + t] +=
                         weight[(o * features + i) * 3 + k] * frames[at * features + i];
                   });
  return y;
}

/// The gradient of the weights.
template <class T>
std::vector<T> convolution_gradient(const std::vector<T>& dy, const std::vector<T>& frames,
                                    std::size_t outputs, std::size_t features, std::size_t steps) {
  std::vector<T> gradient(outputs * features * 3);
  for_each_product(outputs, features, steps,
                   [&](std::size_t o, std::size_t t, std::size_t i, std::size_t k, std::size_t at) {
                     gradient[(o * features + i) * 3 + k] +=
                         dy[o * steps + t] * frames[at * features + i];
                   });
  return gradient;
}

}  // namespace casd::cpu::reference
