#include "cpu/encoder_weights.h"

#include "core/platform.h"
#include "cpu/scratch.h"
#include "method/position_code.h"

#include <algorithm>
#include <cmath>

namespace casd::cpu {
namespace {

/// Frames with a precomputed position code. For later frames it is computed when needed.
constexpr std::int64_t most_positions = 1024;

/// Writes weights into an arena. Without memory it only counts.
class Packer {
 public:
  Packer(const float* values, float* memory) : values_(values), arena_(memory) {}

  std::int64_t taken() const { return arena_.taken(); }

  const float* copy(const TensorPlace& place) {
    float* out = arena_.take(place.size);
    if (out) std::copy_n(values_ + place.offset, place.size, out);
    return out;
  }

  NormWeights norm(const NormPlaces& places) { return {copy(places.weight), copy(places.bias)}; }

  /// One map with the outputs of several.
  LinearWeights linear(std::initializer_list<std::pair<const LinearPlaces*, float>> maps) {
    LinearWeights out;
    out.inputs = maps.begin()->first->weight.size / maps.begin()->first->bias.size;
    for (const auto& [places, factor] : maps) out.outputs += places->bias.size;
    float* weight = arena_.take(out.outputs * out.inputs);
    float* bias = arena_.take(out.outputs);
    out.weight = weight;
    out.bias = bias;
    if (!weight) return out;
    std::vector<float> rows, biases;
    rows.reserve(static_cast<std::size_t>(out.outputs * out.inputs));
    biases.reserve(static_cast<std::size_t>(out.outputs));
    for (const auto& [places, factor] : maps) {
      append(places->weight, factor, rows);
      append(places->bias, factor, biases);
    }
    pack_linear(rows.data(), biases.data(), out.outputs, out.inputs, 1, weight, bias);
    return out;
  }

  RowWeights rows(const LinearPlaces& places, float factor = 1) {
    RowWeights out;
    out.outputs = places.bias.size;
    out.inputs = places.weight.size / out.outputs;
    out.stride = padded(out.outputs);
    float* weight = arena_.take(out.inputs * out.stride);
    float* bias = arena_.take(out.stride);
    out.weight = weight;
    out.bias = bias;
    if (weight)
      pack_rows(values_ + places.weight.offset, values_ + places.bias.offset, out.outputs,
                out.inputs, factor, weight, bias);
    return out;
  }

  /// The weight is [outputs, features, 3]; the window of three frames is [3, features].
  RowWeights convolution(const LinearPlaces& places, float factor) {
    const std::int64_t features = places.weight.size / places.bias.size / 3;
    RowWeights out;
    out.outputs = places.bias.size;
    out.inputs = 3 * features;
    out.stride = padded(out.outputs);
    float* weight = arena_.take(out.inputs * out.stride);
    float* bias = arena_.take(out.stride);
    out.weight = weight;
    out.bias = bias;
    if (!weight) return out;
    const float* from = values_ + places.weight.offset;
    std::fill_n(weight, out.inputs * out.stride, 0.0f);
    std::fill_n(bias, out.stride, 0.0f);
    for (std::int64_t o = 0; o < out.outputs; ++o) {
      for (std::int64_t f = 0; f < features; ++f)
        for (std::int64_t k = 0; k < 3; ++k)
          weight[(k * features + f) * out.stride + o] = from[(o * features + f) * 3 + k] * factor;
      bias[o] = values_[places.bias.offset + o] * factor;
    }
    return out;
  }

  float* take(std::int64_t count) { return arena_.take(count); }

 private:
  void append(const TensorPlace& place, float factor, std::vector<float>& to) const {
    for (std::int64_t i = 0; i < place.size; ++i) to.push_back(values_[place.offset + i] * factor);
  }

  const float* values_;
  Arena arena_;
};

ModalityWeights pack_modality(const ModalityPlaces& places, const EncoderWeights& weights,
                              Packer& packer) {
  const auto width = static_cast<float>(weights.hidden);
  const float query_factor =
      1.44269504f / std::sqrt(width / static_cast<float>(weights.heads));  // log2(e)
  ModalityWeights out;
  out.features = places.mean.size;
  out.mean = packer.copy(places.mean);
  out.deviation = packer.copy(places.deviation);
  out.convolution = packer.convolution(places.convolution, std::sqrt(width));
  for (std::size_t l = 0; l < places.layers.size(); ++l) {
    const EncoderLayerPlaces& layer = places.layers[l];
    if (weights.pool_last && l + 1 == places.layers.size()) {
      out.last_layer = {packer.norm(layer.attention_norm),
                        packer.norm(layer.feed_forward_norm),
                        packer.linear({{&layer.key, 1}, {&layer.value, 1}}),
                        packer.rows(layer.query, query_factor),
                        packer.rows(layer.output),
                        packer.rows(layer.expand),
                        packer.rows(layer.contract)};
    } else {
      out.layers.push_back(
          {packer.norm(layer.attention_norm), packer.norm(layer.feed_forward_norm),
           packer.linear({{&layer.query, query_factor}, {&layer.key, 1}, {&layer.value, 1}}),
           packer.linear({{&layer.output, 1}}), packer.linear({{&layer.expand, 1}}),
           packer.linear({{&layer.contract, 1}})});
    }
  }
  out.final_norm = packer.norm(places.final_norm);
  out.evidence = packer.rows(places.evidence);
  return out;
}

/// The code of `steps` frames, [width, steps]. Splits a step into 32 a + b and uses the addition
/// theorems, because sines would take most of the time of loading a small model.
void write_position_codes(std::int64_t width, std::int64_t steps, float* out) {
  constexpr std::int64_t block = 32;
  for (std::int64_t c = 0; c < width; c += 2) {
    float *sines = out + c * steps, *cosines = c + 1 < width ? sines + steps : nullptr;
    double fine_sin[block], fine_cos[block];
    for (std::int64_t b = 0; b < block; ++b) {
      fine_sin[b] = position_code(b, c, width);
      fine_cos[b] = position_code(b, c + 1, width);
    }
    for (std::int64_t first = 0; first < steps; first += block) {
      const double s = position_code(first, c, width), k = position_code(first, c + 1, width);
      for (std::int64_t b = 0; b < block && first + b < steps; ++b) {
        sines[first + b] = static_cast<float>(s * fine_cos[b] + k * fine_sin[b]);
        if (cosines) cosines[first + b] = static_cast<float>(k * fine_cos[b] - s * fine_sin[b]);
      }
    }
  }
}

}  // namespace

EvidenceLimits<float> evidence_limits(const casd_model_options& options) {
  return {static_cast<float>(options.delta_min), static_cast<float>(options.delta_max),
          static_cast<float>(options.alpha_min), static_cast<float>(options.alpha_max),
          static_cast<float>(options.beta_min)};
}

EncoderWeights::EncoderWeights(const NetworkLayout& layout, const float* values)
    : hidden(layout.options.hidden),
      heads(layout.options.heads),
      feed_forward(layout.options.feed_forward),
      layers(static_cast<std::size_t>(layout.options.layers)),
      pool_last(pools_last(layout.options) && layout.options.layers > 0),
      input_clip(static_cast<float>(layout.options.input_clip)),
      limits(evidence_limits(layout.options)),
      position_steps(std::min<std::int64_t>(layout.options.max_steps, most_positions)) {
  // Twice: to count, and to write.
  for (const bool write : {false, true}) {
    Packer packer(values, write ? aligned(storage_.data()) : nullptr);
    modalities.clear();
    for (const ModalityPlaces& places : layout.modalities)
      modalities.push_back(pack_modality(places, *this, packer));
    float* codes = packer.take(hidden * position_steps);
    if (write)
      write_position_codes(hidden, position_steps, codes);
    else
      storage_ = touched_vector<float, Floats::allocator_type>(
          static_cast<std::size_t>(packer.taken() + cache_line));
    position = codes;
  }
}

std::int64_t EncoderWeights::scratch_size(std::int64_t steps, std::int64_t stride,
                                          std::int64_t sequences) const {
  std::int64_t most = 0;
  for (const ModalityWeights& modality : modalities) {
    Arena arena(nullptr);
    InferenceScratch(*this, modality.features, steps, stride, sequences, arena);
    most = std::max(most, arena.taken());
  }
  return most;
}

}  // namespace casd::cpu
