// The weights of all encoders of a model, packed for the kernels of inference.
#pragma once

#include "core/live_bytes.h"
#include "cpu/layout.h"
#include "method/law.h"
#include "model/network_layout.h"

#include <casd/model.h>

#include <cstdint>
#include <vector>

namespace casd::cpu {

struct NormWeights {
  const float* weight = nullptr;
  const float* bias = nullptr;
};

/// A layer of which all frames are needed.
struct LayerWeights {
  NormWeights attention_norm, feed_forward_norm;
  LinearWeights query_key_value, output, expand, contract;
};

/// A layer of which only the last frame is needed.
struct LastLayerWeights {
  NormWeights attention_norm, feed_forward_norm;
  LinearWeights key_value;
  RowWeights query, output, expand, contract;
};

struct ModalityWeights {
  std::int64_t features = 0;
  const float *mean = nullptr, *deviation = nullptr;  // normaliser, [features]
  RowWeights convolution;  // inputs: three frames; outputs multiplied by sqrt(hidden)
  std::vector<LayerWeights> layers;
  LastLayerWeights last_layer;  // pooling = last only
  NormWeights final_norm;
  RowWeights evidence;  // [hidden] to gamma, delta', alpha', beta'
};

/// The bounds of the evidence, in the engine's precision.
EvidenceLimits<float> evidence_limits(const casd_model_options& options);

/// Rows of weights start at cache lines. Query weights contain log2(e) / sqrt(head size).
class EncoderWeights {
 public:
  /// `values`: all tensors of a model with this layout; not read after the constructor.
  EncoderWeights(const NetworkLayout& layout, const float* values);
  EncoderWeights(const EncoderWeights&) = delete;
  EncoderWeights& operator=(const EncoderWeights&) = delete;

  /// Scratch memory, in floats, to encode `sequences` sequences of up to `steps` frames of any modality, in rows of
  /// `stride`.
  std::int64_t scratch_size(std::int64_t steps, std::int64_t stride, std::int64_t sequences) const;

  std::int64_t hidden, heads, feed_forward;
  std::size_t layers;
  bool pool_last;
  float input_clip;
  EvidenceLimits<float> limits;
  std::vector<ModalityWeights> modalities;
  const float* position;  // [hidden, position_steps]: the code of the first frames
  std::int64_t position_steps;

 private:
  Floats storage_;
};

}  // namespace casd::cpu
