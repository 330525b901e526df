// Layer normalisation over channels and its gradient in plain C++; x is [channels, columns].
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace casd::cpu::reference {

template <class T>
struct NormStatistics {
  T mean, scale;
};

template <class T>
NormStatistics<T> norm_statistics(const std::vector<T>& x, std::size_t channels,
                                  std::size_t columns, std::size_t t) {
  T mean = 0, variance = 0;
  for (std::size_t c = 0; c < channels; ++c) mean += x[c * columns + t];
  mean /= static_cast<T>(channels);
  for (std::size_t c = 0; c < channels; ++c)
    variance += (x[c * columns + t] - mean) * (x[c * columns + t] - mean);
  return {mean, 1 / std::sqrt(variance / static_cast<T>(channels) + static_cast<T>(1e-5))};
}

template <class T>
std::vector<T> layer_norm(const std::vector<T>& x, const std::vector<T>& weight,
                          const std::vector<T>& bias, std::size_t columns) {
  std::vector<T> y(x.size());
  for (std::size_t t = 0; t < columns; ++t) {
    const NormStatistics<T> s = norm_statistics(x, weight.size(), columns, t);
    for (std::size_t c = 0; c < weight.size(); ++c)
      y[c * columns + t] = (x[c * columns + t] - s.mean) * s.scale * weight[c] + bias[c];
  }
  return y;
}

template <class T>
struct NormGradient {
  std::vector<T> x, weight, bias;
};

template <class T>
NormGradient<T> layer_norm_gradient(const std::vector<T>& dy, const std::vector<T>& x,
                                    const std::vector<T>& weight, std::size_t columns) {
  const std::size_t channels = weight.size();
  NormGradient<T> g{std::vector<T>(x.size()), std::vector<T>(channels), std::vector<T>(channels)};
  for (std::size_t t = 0; t < columns; ++t) {
    const NormStatistics<T> s = norm_statistics(x, channels, columns, t);
    T sum = 0, product = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      const T normal = (x[c * columns + t] - s.mean) * s.scale, of = dy[c * columns + t];
      g.weight[c] += of * normal;
      g.bias[c] += of;
      sum += of * weight[c];
      product += of * weight[c] * normal;
    }
    for (std::size_t c = 0; c < channels; ++c) {
      const T normal = (x[c * columns + t] - s.mean) * s.scale;
      g.x[c * columns + t] = s.scale * (dy[c * columns + t] * weight[c] -
                                        (sum + normal * product) / static_cast<T>(channels));
    }
  }
  return g;
}

}  // namespace casd::cpu::reference
