#include "cpu/encoder.h"

#include "cpu/kernels.h"
#include "method/law.h"
#include "method/position_code.h"
#include "model/normaliser.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace casd {
namespace {

/// Number of frames with a precomputed position code. For later frames it is computed when needed.
constexpr std::int64_t kept_positions = 1024;

struct Layer {
  const float *norm1_weight, *norm1_bias, *norm2_weight, *norm2_bias;
  LinearMap query, key, value, output, feed_forward_0, feed_forward_1;
};

struct ModalityEncoder {
  std::int32_t features;
  const float *mean, *std, *norm_weight, *norm_bias;
  LinearMap convolution, evidence;
  std::vector<Layer> layers;
};

void write_position_code(std::int64_t step, std::int64_t width, float* out) {
  for (std::int64_t i = 0; i < width; ++i)
    out[i] = static_cast<float>(position_code(step, i, width));
}

}  // namespace

struct Encoder::Packed {
  ModelPtr model;  // owns the values of the layer norms and the normaliser
  std::vector<ModalityEncoder> modalities;
  LinearMap classifier;
  Floats position;  // [kept, hidden]
  std::int64_t hidden, feed_forward, heads;

  LinearMap map(const LinearPlaces& places, float factor = 1) const {
    const std::int64_t outputs = places.bias.size;
    return LinearMap(model->tensor(places.weight).data(), model->tensor(places.bias).data(),
                     outputs, places.weight.size / outputs, factor);
  }

  /// conv.weight is [hidden, features, 3]; the window of three frames is [3, features].
  LinearMap convolution(const LinearPlaces& places, std::int64_t features) const {
    const Span<const float> weight = model->tensor(places.weight);
    std::vector<float> reordered(weight.size());
    for (std::int64_t o = 0; o < hidden; ++o)
      for (std::int64_t f = 0; f < features; ++f)
        for (std::int64_t k = 0; k < 3; ++k)
          reordered[static_cast<std::size_t>((o * 3 + k) * features + f)] =
              weight[static_cast<std::size_t>((o * features + f) * 3 + k)];
    return LinearMap(reordered.data(), model->tensor(places.bias).data(), hidden, 3 * features);
  }
};

Encoder::Encoder(ModelPtr model) {
  auto packed = std::make_unique<Packed>();
  Packed& p = *packed;
  p.model = std::move(model);
  const casd_model_options& options = p.model->options();
  p.hidden = options.hidden;
  p.feed_forward = options.feed_forward;
  p.heads = options.heads;
  const auto values = [&](const TensorPlace& place) { return p.model->tensor(place).data(); };
  const float query_scale =
      1 / std::sqrt(static_cast<float>(options.hidden) / static_cast<float>(options.heads));
  const NetworkLayout& layout = p.model->layout();
  for (std::size_t at = 0; at < layout.modalities.size(); ++at) {
    const ModalityPlaces& modality = layout.modalities[at];
    ModalityEncoder encoder;
    encoder.features = layout.schema.modalities[at].features;
    encoder.mean = values(modality.mean);
    encoder.std = values(modality.deviation);
    encoder.convolution = p.convolution(modality.convolution, encoder.features);
    for (const EncoderLayerPlaces& layer : modality.layers)
      encoder.layers.push_back(
          {values(layer.attention_norm.weight), values(layer.attention_norm.bias),
           values(layer.feed_forward_norm.weight), values(layer.feed_forward_norm.bias),
           p.map(layer.query, query_scale), p.map(layer.key), p.map(layer.value),
           p.map(layer.output), p.map(layer.expand), p.map(layer.contract)});
    encoder.norm_weight = values(modality.final_norm.weight);
    encoder.norm_bias = values(modality.final_norm.bias);
    encoder.evidence = p.map(modality.evidence);
    p.modalities.push_back(std::move(encoder));
  }
  p.classifier = p.map(layout.classifier);
  const std::int64_t kept = std::min<std::int64_t>(options.max_steps, kept_positions);
  p.position.resize(static_cast<std::size_t>(kept * p.hidden));
  for (std::int64_t step = 0; step < kept; ++step)
    write_position_code(step, p.hidden, p.position.data() + step * p.hidden);
  packed_ = std::move(packed);
}

Encoder::~Encoder() = default;

std::size_t Encoder::scratch_size(std::int64_t steps) const {
  std::int64_t features = 0;
  for (const ModalityEncoder& m : packed_->modalities)
    features = std::max<std::int64_t>(features, m.features);
  const std::int64_t d = packed_->hidden;
  return static_cast<std::size_t>((steps + 2) * features + steps * (6 * d + packed_->feed_forward) +
                                  d) +
         attention_scratch(steps, d);
}

void Encoder::encode(std::int32_t modality, const float* frames, std::int64_t steps, float* scratch,
                     float* nig) const {
  const Packed& p = *packed_;
  const ModalityEncoder& m = p.modalities[static_cast<std::size_t>(modality)];
  const casd_model_options& options = p.model->options();
  const std::int64_t d = p.hidden, features = m.features;
  const bool last = options.pooling == CASD_POOLING_LAST;

  // Standardised frames with a zero frame at both ends, so that the convolution's window is
  // contiguous.
  float* input = scratch;
  float* h = input + (steps + 2) * features;  // [steps, d]
  float* normed = h + steps * d;
  float* q = normed + steps * d;
  float* k = q + steps * d;
  float* v = k + steps * d;
  float* attended = v + steps * d;
  float* inner = attended + steps * d;  // [steps, feed_forward]
  float* pooled = inner + steps * p.feed_forward;
  float* rest = pooled + d;

  std::fill(input, input + (steps + 2) * features, 0.0f);
  if (frames)
    for (std::int64_t t = 0; t < steps; ++t)
      standardise(frames + t * features, m.mean, m.std, m.features,
                  static_cast<float>(options.input_clip), input + (t + 1) * features);

  linear(m.convolution, input, features, steps, h, d);
  const float root = std::sqrt(static_cast<float>(d));
  const auto kept = static_cast<std::int64_t>(p.position.size()) / d;
  for (std::int64_t t = 0; t < steps; ++t) {
    if (t >= kept) write_position_code(t, d, pooled);
    const float* position = t < kept ? p.position.data() + t * d : pooled;
    for (std::int64_t i = 0; i < d; ++i) h[t * d + i] = root * h[t * d + i] + position[i];
  }

  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    const Layer& layer = m.layers[l];
    // If only the last frame is pooled, the last layer does not compute the others.
    const bool only_last = last && l + 1 == m.layers.size();
    const std::int64_t first = only_last ? steps - 1 : 0, rows = steps - first;
    float* part = h + first * d;
    layer_norm(h, steps, d, layer.norm1_weight, layer.norm1_bias, normed);
    linear(layer.query, normed + first * d, d, rows, q, d);
    linear(layer.key, normed, d, steps, k, d);
    linear(layer.value, normed, d, steps, v, d);
    attention(q, rows, k, v, steps, d, p.heads, rest, attended);
    linear_add(layer.output, attended, d, rows, part, d);
    layer_norm(part, rows, d, layer.norm2_weight, layer.norm2_bias, normed);
    linear(layer.feed_forward_0, normed, d, rows, inner, p.feed_forward);
    relu(inner, rows * p.feed_forward);
    linear_add(layer.feed_forward_1, inner, p.feed_forward, rows, part, d);
  }

  if (last) {
    layer_norm(h + (steps - 1) * d, 1, d, m.norm_weight, m.norm_bias, pooled);
  } else {
    layer_norm(h, steps, d, m.norm_weight, m.norm_bias, normed);
    std::fill(pooled, pooled + d, 0.0f);
    for (std::int64_t t = 0; t < steps; ++t)
      for (std::int64_t i = 0; i < d; ++i) pooled[i] += normed[t * d + i];
    for (std::int64_t i = 0; i < d; ++i) pooled[i] /= static_cast<float>(steps);
  }

  linear(m.evidence, pooled, d, 1, nig, 4 * d);
  const auto limit = [](double value) { return static_cast<float>(value); };
  const EvidenceLimits<float> limits{limit(options.delta_min), limit(options.delta_max),
                                     limit(options.alpha_min), limit(options.alpha_max),
                                     limit(options.beta_min)};
  for (std::int64_t i = 0; i < d; ++i) {
    const NormalInverseGamma<float> law =
        evidence<float>({nig[i], nig[d + i], nig[2 * d + i], nig[3 * d + i]}, limits);
    nig[d + i] = law.delta;
    nig[2 * d + i] = law.alpha;
    nig[3 * d + i] = law.beta;
  }
}

void Encoder::classify(const float* representation, float* logits) const {
  linear(packed_->classifier, representation, packed_->hidden, 1, logits,
         packed_->classifier.outputs);
}

}  // namespace casd
