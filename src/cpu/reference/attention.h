// Self-attention: the definition of the kernels in cpu/attention-inl.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace casd::cpu::reference {

/// query, key, value, out: [heads * size, stride]; `scale` multiplies the products of queries and keys.
template <class T>
void attention(const float* query, const float* key, const float* value, std::int64_t heads,
               std::int64_t size, std::int64_t steps, std::int64_t stride, T scale, T* out) {
  std::vector<T> share(static_cast<std::size_t>(steps));
  for (std::int64_t h = 0; h < heads; ++h)
    for (std::int64_t t = 0; t < steps; ++t) {
      const std::int64_t first = h * size, last = first + size;
      for (std::int64_t j = 0; j < steps; ++j) {
        T product = 0;
        for (std::int64_t c = first; c < last; ++c)
          product += static_cast<T>(query[c * stride + t]) * static_cast<T>(key[c * stride + j]);
        share[static_cast<std::size_t>(j)] = product * scale;
      }
      const T largest = *std::max_element(share.begin(), share.end());
      T total = 0;
      for (T& s : share) total += s = std::exp(s - largest);
      for (std::int64_t c = first; c < last; ++c) {
        T sum = 0;
        for (std::int64_t j = 0; j < steps; ++j)
          sum += share[static_cast<std::size_t>(j)] * static_cast<T>(value[c * stride + j]);
        out[c * stride + t] = sum / total;
      }
    }
}

}  // namespace casd::cpu::reference
