// Kernels of the CPU engine: plain loops that compilers can vectorise. Every output is a sum in a
// fixed order, so results do not depend on blocking or threads.
#pragma once

#include "core/live_bytes.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace casd {

/// Outputs of a linear map are computed in blocks of this many; packed weights are padded to it.
constexpr std::int64_t output_block = 8;

/// A linear map with its weights transposed: [inputs, padded outputs].
struct LinearMap {
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::int64_t stride = 0;  // padded outputs
  Floats weight;
  Floats bias;  // [stride]

  /// `weight` row-major [outputs, inputs]; everything multiplied by `factor`.
  LinearMap() = default;
  LinearMap(const float* weight, const float* bias, std::int64_t outputs, std::int64_t inputs,
            float factor = 1);
};

/// y[r] = map(x[r]); `x_stride` and `y_stride` are the distances between rows.
void linear(const LinearMap& map, const float* x, std::int64_t x_stride, std::int64_t rows,
            float* y, std::int64_t y_stride);

/// y[r] += map(x[r]).
void linear_add(const LinearMap& map, const float* x, std::int64_t x_stride, std::int64_t rows,
                float* y, std::int64_t y_stride);

void relu(float* x, std::int64_t count);

/// out[r] = (x[r] - mean) / sqrt(variance + 1e-5) * weight + bias, over `width` numbers.
void layer_norm(const float* x, std::int64_t rows, std::int64_t width, const float* weight,
                const float* bias, float* out);

/// Number of floats of scratch memory that attention() needs.
std::size_t attention_scratch(std::int64_t steps, std::int64_t width);

/// Attention of the queries [queries, width] over keys and values [steps, width]. The queries must
/// already be scaled. out: [queries, width].
void attention(const float* query, std::int64_t queries, const float* key, const float* value,
               std::int64_t steps, std::int64_t width, std::int64_t heads, float* scratch,
               float* out);

}  // namespace casd
