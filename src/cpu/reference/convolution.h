// The convolution over three frames: the definition of the kernel in cpu/convolution-inl.h.
#pragma once

#include <cstdint>

namespace casd::cpu::reference {

/// weight [outputs, features, 3], x [steps, features] with implicit zero frames at both ends, y [steps,
/// outputs].
template <class T>
void convolution(const float* weight, const float* bias, std::int64_t outputs,
                 std::int64_t features, const float* x, std::int64_t steps, T* y) {
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t o = 0; o < outputs; ++o) {
      T sum = static_cast<T>(bias[o]);
      for (std::int64_t k = 0; k < 3; ++k) {
        const std::int64_t from = t + k - 1;
        if (from < 0 || from >= steps) continue;
        for (std::int64_t f = 0; f < features; ++f)
          sum += static_cast<T>(weight[(o * features + f) * 3 + k]) *
                 static_cast<T>(x[from * features + f]);
      }
      y[t * outputs + o] = sum;
    }
}

}  // namespace casd::cpu::reference
