// How the CPU engine lays out activations and weights in memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace casd::cpu {

/// Activations are [channels, stride]; a row of `columns` frames has this stride.
constexpr std::int64_t column_block = 8;
constexpr std::int64_t padded(std::int64_t columns) {
  return (columns + column_block - 1) / column_block * column_block;
}

/// Row stride of sequences with that many frames in all, one after the other without padding between them: a
/// kernel that is not at a row's begin writes whole vectors from there.
constexpr std::int64_t row_stride(std::int64_t columns, std::size_t sequences) {
  return padded(sequences > 1 ? columns + column_block - 1 : columns);
}

/// Outputs of a linear map that are computed together, with one load of each input.
constexpr std::int64_t output_block = 3;

/// A linear map, weights in blocks of output_block outputs: [outputs / 3][inputs][3], then, if outputs
/// is not a multiple of 3, [inputs][outputs % 3].
struct LinearWeights {
  std::int64_t inputs = 0, outputs = 0;
  const float* weight = nullptr;  // [outputs * inputs], packed by pack_linear()
  const float* bias = nullptr;    // [outputs]
};

/// Columns of scratch memory, for each key, of an attention.
constexpr std::int64_t attention_columns = 32;

/// What a linear map does with its sums.
enum class Epilogue {
  none,
  relu,
  add  // adds them to the output's old content
};

/// Packs weights [outputs, inputs], row-major, and bias; both multiplied by `factor`.
inline void pack_linear(const float* weight, const float* bias, std::int64_t outputs,
                        std::int64_t inputs, float factor, float* packed_weight,
                        float* packed_bias) {
  for (std::int64_t first = 0; first < outputs; first += output_block) {
    const std::int64_t rows = outputs - first < output_block ? outputs - first : output_block;
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t r = 0; r < rows; ++r)
        *packed_weight++ = weight[(first + r) * inputs + i] * factor;
  }
  for (std::int64_t o = 0; o < outputs; ++o) packed_bias[o] = bias[o] * factor;
}

/// A linear map of one vector; vectors of the kernel hold consecutive outputs.
struct RowWeights {
  std::int64_t inputs = 0, outputs = 0, stride = 0;  // stride: outputs, padded
  const float* weight = nullptr;                     // [inputs, stride]
  const float* bias = nullptr;                       // [stride]
};

/// Transposes weights [outputs, inputs] into [inputs, padded(outputs)]; pads with zeros.
inline void pack_rows(const float* weight, const float* bias, std::int64_t outputs,
                      std::int64_t inputs, float factor, float* packed_weight, float* packed_bias) {
  const std::int64_t stride = padded(outputs);
  for (std::int64_t i = 0; i < inputs; ++i)
    for (std::int64_t o = 0; o < stride; ++o)
      packed_weight[i * stride + o] = o < outputs ? weight[o * inputs + i] * factor : 0;
  for (std::int64_t o = 0; o < stride; ++o) packed_bias[o] = o < outputs ? bias[o] * factor : 0;
}

}  // namespace casd::cpu
