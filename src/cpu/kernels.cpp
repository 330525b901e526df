#include "cpu/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace casd {
namespace {

constexpr std::int64_t lanes = 8;      // queries that attention handles together
constexpr std::int64_t row_block = 4;  // rows computed with each loaded weight

/// `Rows` rows times one block of outputs, in registers.
template <int Rows, bool Add>
inline void linear_block(const LinearMap& map, std::int64_t first, const float* x,
                         std::int64_t x_stride, float* y, std::int64_t y_stride) {
  float sum[Rows][output_block];
  for (int r = 0; r < Rows; ++r)
    for (int j = 0; j < output_block; ++j)
      sum[r][j] = map.bias[static_cast<std::size_t>(first + j)];
  const float* weight = map.weight.data() + first;
  for (std::int64_t i = 0; i < map.inputs; ++i, weight += map.stride)
    for (int r = 0; r < Rows; ++r)
      for (int j = 0; j < output_block; ++j) sum[r][j] += x[r * x_stride + i] * weight[j];
  const std::int64_t count = std::min(output_block, map.outputs - first);
  for (int r = 0; r < Rows; ++r) {
    float* to = y + r * y_stride + first;
    for (std::int64_t j = 0; j < count; ++j) to[j] = Add ? to[j] + sum[r][j] : sum[r][j];
  }
}

template <bool Add>
void linear_rows(const LinearMap& map, const float* x, std::int64_t x_stride, std::int64_t rows,
                 float* y, std::int64_t y_stride) {
  std::int64_t r = 0;
  for (; r + row_block <= rows; r += row_block)
    for (std::int64_t o = 0; o < map.outputs; o += output_block)
      linear_block<row_block, Add>(map, o, x + r * x_stride, x_stride, y + r * y_stride, y_stride);
  for (; r < rows; ++r)
    for (std::int64_t o = 0; o < map.outputs; o += output_block)
      linear_block<1, Add>(map, o, x + r * x_stride, x_stride, y + r * y_stride, y_stride);
}

/// e^x for x <= 0, within 2 units in the last place. Arguments below -87 give e^-87 instead of an
/// underflow. Cody-Waite range reduction, then a Taylor polynomial on [-ln2/2, ln2/2].
inline float exp_negative(float x) {
  x = x < -87.0f ? -87.0f : x;
  constexpr float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  const float whole = x == x ? x : 0;   // NaN propagates through f; converting it is undefined
  const float n = (whole * 1.44269504f + round) - round;
  const float f = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * f * f + f + 1.0f;
  const std::int32_t exponent = (static_cast<std::int32_t>(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

/// Uses eight partial sums, which the compiler can keep in vector registers.
template <class Term>
inline float blocked_sum(std::int64_t count, Term term) {
  float sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int j = 0; j < 8; ++j) sum[j] += term(i + j);
  for (; i < count; ++i) sum[0] += term(i);
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

}  // namespace

LinearMap::LinearMap(const float* from, const float* from_bias, std::int64_t output_count,
                     std::int64_t input_count, float factor)
    : inputs(input_count),
      outputs(output_count),
      stride((output_count + output_block - 1) / output_block * output_block),
      weight(static_cast<std::size_t>(inputs * stride)),
      bias(static_cast<std::size_t>(stride)) {
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t i = 0; i < inputs; ++i)
      weight[static_cast<std::size_t>(i * stride + o)] = from[o * inputs + i] * factor;
    bias[static_cast<std::size_t>(o)] = from_bias[o] * factor;
  }
}

void linear(const LinearMap& map, const float* x, std::int64_t x_stride, std::int64_t rows,
            float* y, std::int64_t y_stride) {
  linear_rows<false>(map, x, x_stride, rows, y, y_stride);
}

void linear_add(const LinearMap& map, const float* x, std::int64_t x_stride, std::int64_t rows,
                float* y, std::int64_t y_stride) {
  linear_rows<true>(map, x, x_stride, rows, y, y_stride);
}

void relu(float* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) x[i] = x[i] < 0 ? 0 : x[i];  // keeps NaN
}

void layer_norm(const float* x, std::int64_t rows, std::int64_t width, const float* weight,
                const float* bias, float* out) {
  for (std::int64_t r = 0; r < rows; ++r, x += width, out += width) {
    const auto size = static_cast<float>(width);
    const float mean = blocked_sum(width, [x](std::int64_t i) { return x[i]; }) / size;
    const float variance =
        blocked_sum(width, [x, mean](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); }) /
        size;
    // With an infinite variance the row would equal the bias, a finite but wrong result.
    const float scale = variance <= std::numeric_limits<float>::max()
                            ? 1 / std::sqrt(variance + 1e-5f)
                            : std::numeric_limits<float>::quiet_NaN();
    for (std::int64_t i = 0; i < width; ++i) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
  }
}

std::size_t attention_scratch(std::int64_t steps, std::int64_t width) {
  return static_cast<std::size_t>(lanes * (steps + 2 * width));
}

void attention(const float* query, std::int64_t queries, const float* key, const float* value,
               std::int64_t steps, std::int64_t width, std::int64_t heads, float* scratch,
               float* out) {
  const std::int64_t size = width / heads;
  float* score = scratch;                   // [steps, lanes]
  float* q = score + lanes * steps;         // [size, lanes]
  float* weighted_sum = q + lanes * width;  // [size, lanes]
  for (std::int64_t first = 0; first < queries; first += lanes) {
    const std::int64_t count = std::min(lanes, queries - first);
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::int64_t column = h * size;
      // Lanes beyond the last query repeat it; their results are discarded.
      for (std::int64_t c = 0; c < size; ++c)
        for (std::int64_t l = 0; l < lanes; ++l)
          q[c * lanes + l] = query[(first + std::min(l, count - 1)) * width + column + c];
      float largest[lanes], total[lanes];
      for (int l = 0; l < lanes; ++l) largest[l] = -3.4e38f;
      for (std::int64_t j = 0; j < steps; ++j) {
        const float* k = key + j * width + column;
        float s[lanes];
        for (int l = 0; l < lanes; ++l) s[l] = 0;
        for (std::int64_t c = 0; c < size; ++c)
          for (int l = 0; l < lanes; ++l) s[l] += k[c] * q[c * lanes + l];
        for (int l = 0; l < lanes; ++l) {
          largest[l] = s[l] > largest[l] ? s[l] : largest[l];
          score[j * lanes + l] = s[l];
        }
      }
      for (int l = 0; l < lanes; ++l) total[l] = 0;
      std::fill(weighted_sum, weighted_sum + size * lanes, 0.0f);
      for (std::int64_t j = 0; j < steps; ++j) {
        const float* v = value + j * width + column;
        float p[lanes];
        for (int l = 0; l < lanes; ++l) p[l] = exp_negative(score[j * lanes + l] - largest[l]);
        for (int l = 0; l < lanes; ++l) total[l] += p[l];
        for (std::int64_t c = 0; c < size; ++c)
          for (int l = 0; l < lanes; ++l) weighted_sum[c * lanes + l] += p[l] * v[c];
      }
      for (std::int64_t l = 0; l < count; ++l)
        for (std::int64_t c = 0; c < size; ++c)
          out[(first + l) * width + column + c] = weighted_sum[c * lanes + l] / total[l];
    }
  }
}

}  // namespace casd
