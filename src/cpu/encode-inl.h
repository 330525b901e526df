// The encoder of a modality of some samples, from frames to the parameters of their
// Normal-Inverse-Gamma distributions (docs/method.md 2). The twin of src/torch/network.cpp.
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

/// The sequences of one call, one after the other in each row of the activations.
struct EncodeRows {
  Span<const EncoderSequence> sequences;
  std::int64_t longest, columns, stride;
  bool prefetch;  // asks for weights before they are needed
};

/// Calls `action(sequence, first column)`.
template <class Action>
HWY_INLINE void ForEachSequence(const EncodeRows& rows, const Action& action) {
  std::int64_t first = 0;
  for (const EncoderSequence& sequence : rows.sequences) {
    action(sequence, first);
    first += sequence.steps;
  }
}

/// Writes the input of the first layer to `state`, and the sums unless `sequence.sums` is NULL.
inline void EncodeInput(const EncoderWeights& w, const ModalityWeights& m,
                        const EncoderSequence& sequence, const EncodeRows& rows,
                        const InferenceScratch& s, float* state) {
  const std::int64_t steps = sequence.steps;
  if (rows.prefetch) {  // what is needed after the frames
    Prefetch(m.convolution.weight, convolution_block);
    for (std::int64_t c = 0; c < w.hidden && steps <= w.position_steps; ++c)
      Prefetch(w.position + c * w.position_steps, steps);
  }
  std::fill_n(s.input, m.features, 0.0f);
  if (sequence.frames && sequence.sums)
    StandardiseAndSum(
        {sequence.frames, steps, m.features, m.mean, m.deviation, w.input_clip, sequence.sums},
        s.input + m.features);
  else if (sequence.frames)
    StandardiseFrames(sequence.frames, m.mean, m.deviation, m.features, steps, w.input_clip,
                      s.input + m.features);
  else
    std::fill_n(s.input + m.features, steps * m.features, 0.0f);
  std::fill_n(s.input + (steps + 1) * m.features, m.features, 0.0f);
  Convolution(m.convolution, s.input, m.features, steps, s.sums, rows.prefetch);
  const float* code = w.position;
  std::int64_t code_stride = w.position_steps;
  if (steps > w.position_steps) {
    code_stride = padded(steps);
    for (std::int64_t c = 0; c < w.hidden; ++c)
      for (std::int64_t t = 0; t < steps; ++t)
        s.code[c * code_stride + t] = static_cast<float>(position_code(t, c, w.hidden));
    code = s.code;
  }
  AddPositionCode(s.sums, w.hidden, steps, code, code_stride, state, rows.stride);
}

/// Writes zeros to the columns beyond the last frame, which no result depends on.
inline void ClearPadding(float* state, std::int64_t channels, const EncodeRows& rows) {
  for (std::int64_t c = 0; c < channels; ++c)
    std::fill(state + c * rows.stride + rows.columns, state + (c + 1) * rows.stride, 0.0f);
}

/// Updates s.state.
inline void EncodeLayer(const EncoderWeights& w, const LayerWeights& layer, const EncodeRows& rows,
                        const InferenceScratch& s) {
  const std::int64_t d = w.hidden, columns = rows.columns, stride = rows.stride;
  LayerNorm(s.state, d, layer.attention_norm.weight, layer.attention_norm.bias, s.normed, nullptr,
            nullptr, columns, stride);
  Linear(layer.query_key_value, Epilogue::none, s.normed, s.query, columns, stride, rows.prefetch);
  ForEachSequence(rows, [&](const EncoderSequence& sequence, std::int64_t first) HWY_ATTR {
    const float* query = s.query + first;
    Attention(query, query + d * stride, query + 2 * d * stride, w.heads, d / w.heads,
              sequence.steps, stride, s.scores, s.attended + first);
  });
  Linear(layer.output, Epilogue::add, s.attended, s.state, columns, stride, rows.prefetch);
  LayerNorm(s.state, d, layer.feed_forward_norm.weight, layer.feed_forward_norm.bias, s.normed,
            nullptr, nullptr, columns, stride);
  Linear(layer.expand, Epilogue::relu, s.normed, s.expanded, columns, stride, rows.prefetch);
  Linear(layer.contract, Epilogue::add, s.expanded, s.state, columns, stride, rows.prefetch);
}

/// Writes the last frames of all sequences after the last layer to s.row. The other frames of this layer are
/// needed as keys and values only.
inline void EncodeLastLayer(const EncoderWeights& w, const LastLayerWeights& layer,
                            const EncodeRows& rows, const InferenceScratch& s) {
  const std::int64_t d = w.hidden, width = padded(d), stride = rows.stride;
  const auto count = static_cast<std::int64_t>(rows.sequences.size());
  LayerNorm(s.state, d, layer.attention_norm.weight, layer.attention_norm.bias, s.normed, nullptr,
            nullptr, rows.columns, stride);
  Linear(layer.key_value, Epilogue::none, s.normed, s.query, rows.columns, stride, rows.prefetch);
  std::int64_t row = 0;
  ForEachSequence(rows, [&](const EncoderSequence& sequence, std::int64_t first) HWY_ATTR {
    const std::int64_t last = first + sequence.steps - 1;
    for (std::int64_t c = 0; c < d; ++c) {
      s.row[row + c] = s.state[c * stride + last];
      s.row_normed[row + c] = s.normed[c * stride + last];
    }
    row += width;
  });
  RowLinear(layer.query, Epilogue::none, s.row_normed, s.row_query, count);
  row = 0;
  ForEachSequence(rows, [&](const EncoderSequence& sequence, std::int64_t first) HWY_ATTR {
    const float *key = s.query + first, *value = key + d * stride;
    SingleQueryAttention(s.row_query + row, key, value, w.heads, d / w.heads, sequence.steps,
                         stride, s.scores, s.row_attended + row);
    row += width;
  });
  RowLinear(layer.output, Epilogue::add, s.row_attended, s.row, count);
  for (row = 0; row < count * width; row += width)
    RowNorm(s.row + row, d, layer.feed_forward_norm.weight, layer.feed_forward_norm.bias,
            s.row_normed + row);
  RowLinear(layer.expand, Epilogue::relu, s.row_normed, s.row_expanded, count);
  RowLinear(layer.contract, Epilogue::add, s.row_expanded, s.row, count);
}

/// Pools the frames after the last layer, and writes the evidence of each sequence.
inline void EncodeEvidence(const EncoderWeights& w, const ModalityWeights& m,
                           const EncodeRows& rows, const InferenceScratch& s) {
  const std::int64_t d = w.hidden, width = padded(d), stride = rows.stride;
  const auto count = static_cast<std::int64_t>(rows.sequences.size());
  std::int64_t row = 0;
  if (w.pool_last) {
    EncodeLastLayer(w, m.last_layer, rows, s);
    for (; row < count * width; row += width)
      RowNorm(s.row + row, d, m.final_norm.weight, m.final_norm.bias, s.row_normed + row);
  } else {
    LayerNorm(s.state, d, m.final_norm.weight, m.final_norm.bias, s.normed, nullptr, nullptr,
              rows.columns, stride);
    ForEachSequence(rows, [&](const EncoderSequence& sequence, std::int64_t first) HWY_ATTR {
      for (std::int64_t c = 0; c < d; ++c) {
        float sum = 0;
        for (std::int64_t t = 0; t < sequence.steps; ++t) sum += s.normed[c * stride + first + t];
        s.row_normed[row + c] = sum / static_cast<float>(sequence.steps);
      }
      row += width;
    });
  }
  RowLinear(m.evidence, Epilogue::none, s.row_normed, s.raw, count);
  const float* raw = s.raw;
  for (const EncoderSequence& sequence : rows.sequences) {
    Evidence(raw, d, w.limits, sequence.nig);
    raw += m.evidence.stride;
  }
}

/// Sequences of one modality; see Encoder::encode(). scratch: w.scratch_size() floats, aligned
/// to a cache line.
inline void Encode(const EncoderWeights& w, std::int32_t modality,
                   Span<const EncoderSequence> sequences, EncoderStages stages, float* scratch) {
  const ModalityWeights& m = w.modalities[static_cast<std::size_t>(modality)];
  EncodeRows rows{sequences, 0, 0, 0, stages.prefetch};
  for (const EncoderSequence& sequence : sequences) {
    rows.longest = std::max(rows.longest, sequence.steps);
    rows.columns += sequence.steps;
  }
  rows.stride = row_stride(rows.columns, sequences.size());
  Arena arena(scratch);
  const InferenceScratch s(w, m.features, rows.longest, rows.stride,
                           static_cast<std::int64_t>(sequences.size()), arena);
  if (stages.begin == 0) {
    ForEachSequence(rows, [&](const EncoderSequence& sequence, std::int64_t first)
                              HWY_ATTR { EncodeInput(w, m, sequence, rows, s, s.state + first); });
    ClearPadding(s.state, w.hidden, rows);
  }
  for (std::size_t l = 0; l < m.layers.size(); ++l)
    if (stages.begin <= l + 1 && l + 1 < stages.end) EncodeLayer(w, m.layers[l], rows, s);
  if (stages.end > w.layers) EncodeEvidence(w, m, rows, s);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
