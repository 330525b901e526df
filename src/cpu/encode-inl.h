// The encoder of one modality of one sample, from frames to the parameters of its
// Normal-Inverse-Gamma distribution (docs/method.md 2). The twin of src/torch/network.cpp.
#if defined(CASD_CPU_ENCODE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_ENCODE_INL_H
#undef CASD_CPU_ENCODE_INL_H
#else
#define CASD_CPU_ENCODE_INL_H
#endif

#include "cpu/attention-inl.h"
#include "cpu/convolution-inl.h"
#include "cpu/encoder.h"
#include "cpu/encoder_weights.h"
#include "cpu/evidence-inl.h"
#include "cpu/frame_sums-inl.h"
#include "cpu/layer_norm-inl.h"
#include "cpu/linear-inl.h"
#include "cpu/scratch.h"
#include "cpu/single_frame-inl.h"
#include "method/position_code.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

/// Writes the input of the first layer to s.state, and the sums unless `sums` is NULL.
inline void EncodeInput(const EncoderWeights& w, const ModalityWeights& m, const float* frames,
                        std::int64_t steps, const InferenceScratch& s, double* sums,
                        bool prefetch) {
  const std::int64_t stride = padded(steps);
  if (prefetch) {  // what is needed after the frames
    Prefetch(m.convolution.weight, convolution_block);
    for (std::int64_t c = 0; c < w.hidden && steps <= w.position_steps; ++c)
      Prefetch(w.position + c * w.position_steps, steps);
  }
  std::fill_n(s.input, m.features, 0.0f);
  if (frames && sums)
    StandardiseAndSum({frames, steps, m.features, m.mean, m.deviation, w.input_clip, sums},
                      s.input + m.features);
  else if (frames)
    StandardiseFrames(frames, m.mean, m.deviation, m.features, steps, w.input_clip,
                      s.input + m.features);
  else
    std::fill_n(s.input + m.features, steps * m.features, 0.0f);
  std::fill_n(s.input + (steps + 1) * m.features, m.features, 0.0f);
  Convolution(m.convolution, s.input, m.features, steps, s.sums, prefetch);
  const float* code = w.position;
  std::int64_t code_stride = w.position_steps;
  if (steps > w.position_steps) {
    for (std::int64_t c = 0; c < w.hidden; ++c)
      for (std::int64_t t = 0; t < steps; ++t)
        s.code[c * stride + t] = static_cast<float>(position_code(t, c, w.hidden));
    code = s.code;
    code_stride = stride;
  }
  AddPositionCode(s.sums, w.hidden, steps, code, code_stride, s.state);
}

/// Updates s.state.
inline void EncodeLayer(const EncoderWeights& w, const LayerWeights& layer, std::int64_t steps,
                        const InferenceScratch& s, bool prefetch) {
  const std::int64_t d = w.hidden, stride = padded(steps);
  LayerNorm(s.state, d, layer.attention_norm.weight, layer.attention_norm.bias, s.normed, nullptr,
            nullptr, steps, stride);
  Linear(layer.query_key_value, Epilogue::none, s.normed, s.query, steps, stride, prefetch);
  Attention(s.query, s.query + d * stride, s.query + 2 * d * stride, w.heads, d / w.heads, steps,
            stride, s.scores, s.attended);
  Linear(layer.output, Epilogue::add, s.attended, s.state, steps, stride, prefetch);
  LayerNorm(s.state, d, layer.feed_forward_norm.weight, layer.feed_forward_norm.bias, s.normed,
            nullptr, nullptr, steps, stride);
  Linear(layer.expand, Epilogue::relu, s.normed, s.expanded, steps, stride, prefetch);
  Linear(layer.contract, Epilogue::add, s.expanded, s.state, steps, stride, prefetch);
}

/// Writes the last frame after the last layer to s.row. The other frames of this layer are needed as
/// keys and values only.
inline void EncodeLastLayer(const EncoderWeights& w, const LastLayerWeights& layer,
                            std::int64_t steps, const InferenceScratch& s, bool prefetch) {
  const std::int64_t d = w.hidden, stride = padded(steps);
  LayerNorm(s.state, d, layer.attention_norm.weight, layer.attention_norm.bias, s.normed, nullptr,
            nullptr, steps, stride);
  float *key = s.query, *value = key + d * stride;
  Linear(layer.key_value, Epilogue::none, s.normed, key, steps, stride, prefetch);
  for (std::int64_t c = 0; c < d; ++c) {
    s.row[c] = s.state[c * stride + steps - 1];
    s.row_normed[c] = s.normed[c * stride + steps - 1];
  }
  RowLinear(layer.query, Epilogue::none, s.row_normed, s.row_query);
  SingleQueryAttention(s.row_query, key, value, w.heads, d / w.heads, steps, stride, s.scores,
                       s.row_attended);
  RowLinear(layer.output, Epilogue::add, s.row_attended, s.row);
  RowNorm(s.row, d, layer.feed_forward_norm.weight, layer.feed_forward_norm.bias, s.row_normed);
  RowLinear(layer.expand, Epilogue::relu, s.row_normed, s.row_expanded);
  RowLinear(layer.contract, Epilogue::add, s.row_expanded, s.row);
}

/// frames: [steps, features], not standardised; NULL: zero vectors after standardisation. scratch:
/// w.scratch_size(steps) floats, aligned to a cache line. nig: [4, hidden] receives gamma, delta,
/// alpha, beta. sums: NULL, or receives the sums of engine/frame_sums.h. stages: see Encoder::encode().
inline void Encode(const EncoderWeights& w, std::int32_t modality, const float* frames,
                   std::int64_t steps, EncoderStages stages, float* scratch, float* nig,
                   double* sums) {
  const ModalityWeights& m = w.modalities[static_cast<std::size_t>(modality)];
  Arena arena(scratch);
  const InferenceScratch s(w, m.features, steps, arena);
  const std::int64_t d = w.hidden, stride = padded(steps);
  if (stages.begin == 0) EncodeInput(w, m, frames, steps, s, sums, stages.prefetch);
  for (std::size_t l = 0; l < m.layers.size(); ++l)
    if (stages.begin <= l + 1 && l + 1 < stages.end)
      EncodeLayer(w, m.layers[l], steps, s, stages.prefetch);
  if (stages.end <= w.layers) return;
  if (w.pool_last) {
    EncodeLastLayer(w, m.last_layer, steps, s, stages.prefetch);
    RowNorm(s.row, d, m.final_norm.weight, m.final_norm.bias, s.row_normed);
  } else {
    LayerNorm(s.state, d, m.final_norm.weight, m.final_norm.bias, s.normed, nullptr, nullptr, steps,
              stride);
    for (std::int64_t c = 0; c < d; ++c) {
      float sum = 0;
      for (std::int64_t t = 0; t < steps; ++t) sum += s.normed[c * stride + t];
      s.row_normed[c] = sum / static_cast<float>(steps);
    }
  }
  RowLinear(m.evidence, Epilogue::none, s.row_normed, s.raw);
  Evidence(s.raw, d, w.limits, nig);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
