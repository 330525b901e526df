// Linear maps and their gradients in plain C++; activations are [channels, columns].
#pragma once

#include <cstdint>
#include <vector>

namespace casd::cpu::reference {

/// y [outputs, columns] = weight [outputs, inputs] x + bias; bias may be empty.
template <class T>
std::vector<T> linear(const std::vector<T>& weight, const std::vector<T>& bias,
                      const std::vector<T>& x, std::size_t outputs, std::size_t inputs,
                      std::size_t columns) {
  std::vector<T> y(outputs * columns);
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t t = 0; t < columns; ++t) {
      T sum = bias.empty() ? T(0) : bias[o];
      for (std::size_t i = 0; i < inputs; ++i) sum += weight[o * inputs + i] * x[i * columns + t];
      y[o * columns + t] = sum;
    }
  return y;
}

template <class T>
struct LinearGradient {
  std::vector<T> x, weight, bias;
};

template <class T>
LinearGradient<T> linear_gradient(const std::vector<T>& weight, const std::vector<T>& x,
                                  const std::vector<T>& dy, std::size_t outputs, std::size_t inputs,
                                  std::size_t columns) {
  LinearGradient<T> g{std::vector<T>(inputs * columns), std::vector<T>(outputs * inputs),
                      std::vector<T>(outputs)};
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t t = 0; t < columns; ++t) {
      g.bias[o] += dy[o * columns + t];
      for (std::size_t i = 0; i < inputs; ++i) {
        g.x[i * columns + t] += weight[o * inputs + i] * dy[o * columns + t];
        g.weight[o * inputs + i] += dy[o * columns + t] * x[i * columns + t];
      }
    }
  return g;
}

}  // namespace casd::cpu::reference
