// Layer normalisation: the definition of the kernel in cpu/layer_norm-inl.h.
#pragma once

#include <cmath>
#include <cstdint>

namespace casd::cpu::reference {

/// x, y [channels, stride].
template <class T>
void layer_norm(const float* x, std::int64_t channels, const float* weight, const float* bias, T* y,
                std::int64_t columns, std::int64_t stride) {
  for (std::int64_t t = 0; t < columns; ++t) {
    T mean = 0, variance = 0;
    for (std::int64_t c = 0; c < channels; ++c) mean += static_cast<T>(x[c * stride + t]);
    mean /= static_cast<T>(channels);
    for (std::int64_t c = 0; c < channels; ++c) {
      const T centred = static_cast<T>(x[c * stride + t]) - mean;
      variance += centred * centred;
    }
    variance /= static_cast<T>(channels);
    const T scale = 1 / std::sqrt(variance + static_cast<T>(1e-5));
    for (std::int64_t c = 0; c < channels; ++c)
      y[c * stride + t] =
          (static_cast<T>(x[c * stride + t]) - mean) * scale * static_cast<T>(weight[c]) +
          static_cast<T>(bias[c]);
  }
}

}  // namespace casd::cpu::reference
