// What the forward pass of an encoder keeps for its backward pass, and their scratch memory.
#pragma once

#include "core/random.h"
#include "cpu/scratch.h"
#include "cpu/training_layout.h"
#include "method/noise.h"
#include "model/network_layout.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace casd::cpu {

/// Activations are [channels, stride] with the stride of their number of frames: one for the queries
/// of the last layer if only the last frame is pooled.
struct LayerTape {
  std::int64_t queries, query_stride;
  float *input, *means, *scales;  // of the attention's norm
  float *query, *key, *value, *shift, *factor, *attended;
  float *middle, *middle_means, *middle_scales;  // of the feed-forward's norm
  float* expanded;                               // after ReLU
  float *attention_mask, *feed_forward_mask;     // bytes: dropout_mask_floats()
};

struct EncoderTape {
  std::int64_t steps = 0, stride = 0;
  std::vector<LayerTape> layers;
  float *output = nullptr, *means = nullptr, *scales = nullptr;  // of the final norm
  float* pooled = nullptr;  // [hidden, column_block], in column 0, after dropout
  float *embedding_mask = nullptr, *pooled_mask = nullptr;  // bytes: dropout_mask_floats()

  /// An arena without memory counts only.
  void assign(const casd_model_options& options, std::int64_t step_count, Arena& arena) {
    steps = step_count;
    stride = padded(step_count);
    const std::int64_t d = options.hidden, f = options.feed_forward;
    const bool last = pools_last(options);
    layers.resize(static_cast<std::size_t>(options.layers));
    for (std::size_t l = 0; l < layers.size(); ++l) {
      LayerTape& t = layers[l];
      t.queries = last && l + 1 == layers.size() ? 1 : steps;
      t.query_stride = padded(t.queries);
      t.input = arena.take(d * stride);
      t.means = arena.take(stride);
      t.scales = arena.take(stride);
      t.query = arena.take(d * t.query_stride);
      t.key = arena.take(d * stride);
      t.value = arena.take(d * stride);
      t.shift = arena.take(options.heads * t.query_stride);
      t.factor = arena.take(options.heads * t.query_stride);
      t.attended = arena.take(d * t.query_stride);
      t.middle = arena.take(d * t.query_stride);
      t.middle_means = arena.take(t.query_stride);
      t.middle_scales = arena.take(t.query_stride);
      t.expanded = arena.take(f * t.query_stride);
      t.attention_mask = arena.take(dropout_mask_floats(d, t.query_stride));
      t.feed_forward_mask = arena.take(dropout_mask_floats(d, t.query_stride));
    }
    const std::int64_t left = layers.empty() ? stride : layers.back().query_stride;
    output = arena.take(d * left);
    means = arena.take(left);
    scales = arena.take(left);
    pooled = arena.take(d * column_block);
    embedding_mask = arena.take(dropout_mask_floats(d, stride));
    pooled_mask = arena.take(dropout_mask_floats(d, column_block));
  }
};

/// Memory that a pass uses and does not keep.
struct EncoderScratch {
  float *narrow0 = nullptr, *narrow1 = nullptr, *narrow2 = nullptr, *narrow3 = nullptr,
        *narrow4 = nullptr, *narrow5 = nullptr;  // [hidden, stride]
  float* wide = nullptr;                         // [feed_forward, stride]
  float* turned = nullptr;                       // [steps, padded(hidden or feed_forward)]
  float* frames = nullptr;                       // [features, convolution_stride]
  float* attention = nullptr;                    // attention_gradient_scratch()
  float* norm = nullptr;                         // [2 stride]
  float* column0 = nullptr;                      // [hidden, column_block]
  float* column1 = nullptr;                      // [4 hidden, column_block]

  void assign(const casd_model_options& options, std::int64_t features, std::int64_t steps,
              Arena& arena) {
    const std::int64_t d = options.hidden, f = options.feed_forward, stride = padded(steps);
    for (float** block : {&narrow0, &narrow1, &narrow2, &narrow3, &narrow4, &narrow5})
      *block = arena.take(d * stride);
    wide = arena.take(f * stride);
    turned = arena.take(steps * padded(std::max(d, f)));
    frames = arena.take(features * convolution_stride(steps));
    attention = arena.take(attention_gradient_scratch(steps));
    norm = arena.take(2 * stride);
    column0 = arena.take(d * column_block);
    column1 = arena.take(4 * d * column_block);
  }
};

/// Selects the random numbers of one pass of one modality of one row of a batch.
struct DropoutKey {
  double rate = 0;  // 0: no dropout
  std::uint64_t seed = 0, step = 0, row = 0;
  std::uint32_t pass = 0;  // 0: the input, 1: complete input (teacher `shared`)
  std::uint32_t modality = 0;

  RandomStream stream(std::uint32_t place) const {
    return dropout_stream(seed, step, pass, modality, place).at_row(row);
  }
};

/// One modality of one sample.
struct EncoderPass {
  const casd_model_options* options;
  const ModalityPlaces* places;
  const float* parameters;  // learned tensors, concatenated
  const float* position;    // [hidden, position_stride], position_code()
  std::int64_t position_stride;
  const float* frames;  // [steps, features], standardised
  DropoutKey dropout;
  const EncoderTape* tape;
  const EncoderScratch* scratch;
};

}  // namespace casd::cpu
