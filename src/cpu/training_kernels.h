// The kernels of training, compiled for every instruction set.
#pragma once

#include "core/random.h"
#include "cpu/adam.h"
#include "cpu/target.h"
#include "cpu/training_tape.h"

#include <cstdint>

namespace casd::cpu {

/// The functions of one instruction set; each is documented at its definition in the file of the
/// kernel. An engine uses encoder_* and the optimiser; the others are tested one by one.
struct TrainingKernels {
  // training_encoder-inl.h
  void (*encoder_forward)(const EncoderPass& pass, float* raw);
  void (*encoder_backward)(const EncoderPass& pass, const float* raw_gradient, float* gradient);
  // adam-inl.h
  void (*adam)(const AdamConstants& constants, std::int64_t count, const float* gradient,
               float* parameter, float* first, float* second);
  double (*squared_norm)(const float* x, std::int64_t count);
  void (*move_sum)(float* from, std::int64_t count, float* to);
  void (*moving_average)(float decay, const float* values, std::int64_t count, float* average);
  // product-inl.h
  void (*product)(const MatrixView& matrix, const float* bias, Epilogue epilogue, const float* x,
                  std::int64_t x_stride, float* y, std::int64_t y_stride, std::int64_t columns);
  void (*add_row_products)(const float* a, std::int64_t a_stride, std::int64_t rows, const float* b,
                           std::int64_t b_stride, std::int64_t count, std::int64_t columns,
                           float* out, std::int64_t out_stride);
  // weight_gradient-inl.h
  void (*transpose)(const float* x, std::int64_t channels, std::int64_t stride,
                    std::int64_t columns, float* out);
  void (*add_weight_gradient)(const float* dy, std::int64_t dy_stride, std::int64_t outputs,
                              const float* x, std::int64_t x_stride, std::int64_t inputs,
                              std::int64_t columns, float* gradient);
  void (*add_bias_gradient)(const float* dy, std::int64_t stride, std::int64_t rows,
                            std::int64_t columns, float* gradient);
  // convolution_gradient-inl.h
  void (*turn_frames)(const float* frames, std::int64_t steps, std::int64_t features, float* out);
  void (*convolution)(const float* weight, const float* bias, std::int64_t outputs,
                      std::int64_t features, const float* x, std::int64_t steps, float* y,
                      std::int64_t stride);
  void (*add_convolution_gradient)(const float* dy, std::int64_t stride, std::int64_t outputs,
                                   const float* frames, std::int64_t steps, std::int64_t features,
                                   float* gradient);
  // layer_norm_gradient-inl.h
  void (*layer_norm)(const float* x, std::int64_t channels, const float* weight, const float* bias,
                     float* y, float* means, float* scales, std::int64_t columns,
                     std::int64_t stride);
  void (*apply_norm)(const float* x, std::int64_t channels, const float* means, const float* scales,
                     const float* weight, const float* bias, float* y, std::int64_t columns,
                     std::int64_t stride);
  void (*layer_norm_gradient)(const float* dy, const float* x, std::int64_t channels,
                              const float* means, const float* scales, const float* weight,
                              float* dx, float* weight_gradient, float* bias_gradient,
                              std::int64_t columns, std::int64_t stride, float* scratch);
  // attention_gradient-inl.h
  void (*attention)(const AttentionSizes& sizes, const float* query, const float* key,
                    const float* value, float* out, float* shift, float* factor, float* scratch);
  void (*attention_gradient)(const AttentionSizes& sizes, const float* query, const float* key,
                             const float* value, const float* out, const float* shift,
                             const float* factor, const float* d_out, float* d_query, float* d_key,
                             float* d_value, float* scratch);
  // dropout-inl.h
  void (*dropout)(const RandomStream& stream, double rate, std::int64_t first_step, const float* x,
                  bool add, float* y, std::int64_t channels, std::int64_t columns,
                  std::int64_t stride, std::uint8_t* mask);
  void (*dropout_again)(const std::uint8_t* mask, double rate, const float* x, float* y,
                        std::int64_t channels, std::int64_t columns, std::int64_t stride);
};

/// Throws INVALID_ARGUMENT for a target that is not compiled in. The caller must choose one of
/// supported_targets().
const TrainingKernels& training_kernels(Target target);

}  // namespace casd::cpu
