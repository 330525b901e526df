// Shapes that the kernels of training share.
#pragma once

#include "cpu/layout.h"

#include <cstdint>

namespace casd::cpu {

/// A matrix of any orientation: element (o, i) is values[o * output_step + i * input_step].
struct MatrixView {
  const float* values;
  std::int64_t outputs, inputs, output_step, input_step;
};

/// One head of an attention.
struct AttentionSizes {
  std::int64_t steps;    // keys
  std::int64_t queries;  // 1 if only one frame is needed, else steps
  std::int64_t head;     // channels
  std::int64_t query_stride, key_stride;
};

/// Queries whose scores are in memory at once.
constexpr std::int64_t query_block = 64;

/// Floats of scratch memory of an attention's forward and backward pass.
constexpr std::int64_t attention_gradient_scratch(std::int64_t steps) {
  return 2 * steps * query_block;
}

/// Memory of a dropout mask of activations [channels, stride]. A byte for each number is enough for every
/// instruction set; eight more can be read.
constexpr std::int64_t dropout_mask_floats(std::int64_t channels, std::int64_t stride) {
  return (channels * stride + 3) / 4 + 2;
}

/// Frames with channels in rows for the convolution, with a zero frame at both ends:
/// [features, convolution_stride(steps)]; frame t is in column convolution_front + t.
constexpr std::int64_t convolution_front = column_block;
constexpr std::int64_t convolution_stride(std::int64_t steps) {
  return padded(steps) + 2 * column_block;
}

}  // namespace casd::cpu
