// y = W x + b for all frames: the definition of the kernel in cpu/linear-inl.h.
#pragma once

#include <cstdint>

namespace casd::cpu::reference {

/// weight [outputs, inputs], x [inputs, stride], y [outputs, stride].
template <class T>
void linear(const float* weight, const float* bias, std::int64_t outputs, std::int64_t inputs,
            const float* x, T* y, std::int64_t columns, std::int64_t stride) {
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t t = 0; t < columns; ++t) {
      T sum = static_cast<T>(bias[o]);
      for (std::int64_t i = 0; i < inputs; ++i)
        sum += static_cast<T>(weight[o * inputs + i]) * static_cast<T>(x[i * stride + t]);
      y[o * stride + t] = sum;
    }
}

}  // namespace casd::cpu::reference
