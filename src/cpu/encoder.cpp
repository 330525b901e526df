#include "cpu/encoder.h"

#include "cpu/encoder_weights.h"
#include "cpu/flush_to_zero.h"
#include "cpu/inference_kernels.h"
#include "cpu/scratch.h"

#include <algorithm>

namespace casd {

struct Encoder::Packed {
  Packed(ModelPtr m, cpu::Target target)
      : model(std::move(m)),
        weights(model->layout(), model->values().data()),
        kernels(cpu::inference_kernels(target)) {}

  const ModelPtr model;
  const cpu::EncoderWeights weights;
  const cpu::InferenceKernels& kernels;
};

Encoder::Encoder(ModelPtr model, cpu::Target target)
    : packed_(std::make_unique<const Packed>(std::move(model), target)) {}

Encoder::~Encoder() = default;

std::size_t Encoder::scratch_size(std::int64_t steps, std::int64_t columns,
                                  std::size_t sequences) const {
  const std::int64_t stride = cpu::row_stride(columns, sequences);
  return static_cast<std::size_t>(
      packed_->weights.scratch_size(steps, stride, static_cast<std::int64_t>(sequences)) +
      cpu::cache_line);
}

void Encoder::encode(std::int32_t modality, Span<const EncoderSequence> sequences, float* scratch,
                     EncoderStages stages) const {
  const cpu::FlushToZero mode;
  packed_->kernels.encode(packed_->weights, modality, sequences, stages, cpu::aligned(scratch));
}

std::int32_t Encoder::modalities() const { return packed_->model->schema().modality_count(); }

std::size_t Encoder::stages() const { return packed_->weights.layers + 1; }

double Encoder::cost(std::int32_t modality, std::int64_t steps, std::size_t stage) const {
  const cpu::EncoderWeights& weights = packed_->weights;
  const auto features =
      static_cast<double>(weights.modalities[static_cast<std::size_t>(modality)].features);
  const auto hidden = static_cast<double>(weights.hidden),
             expanded = static_cast<double>(weights.feed_forward), t = static_cast<double>(steps);
  if (stage == 0) return t * hidden * 3 * features;
  // Each of these takes the time of several in the other maps: attention has exponentials and short
  // vectors, maps of one frame read each weight once.
  constexpr double attention = 2, single_frame = 8;
  const double last_frame = hidden * (2 * hidden + 2 * expanded);
  if (weights.pool_last && stage == weights.layers)
    return t * hidden * 2 * hidden + single_frame * last_frame;
  return t * hidden * (4 * hidden + 2 * expanded + attention * 2 * t);
}

std::size_t Encoder::sum_count() const {
  std::int64_t most = 0;
  for (const Modality& modality : packed_->model->schema().modalities)
    most = std::max(most, frame_sum_count(modality.features));
  return static_cast<std::size_t>(most);
}

void Encoder::classify(const float* representation, float* logits) const {
  const Model& model = *packed_->model;
  const LinearPlaces& places = model.layout().classifier;
  const float* weight = model.values().data() + places.weight.offset;
  const float* bias = model.values().data() + places.bias.offset;
  const std::int64_t hidden = packed_->weights.hidden;
  for (std::int64_t k = 0; k < places.bias.size; ++k) {
    float sum = bias[k];
    for (std::int64_t i = 0; i < hidden; ++i) sum += weight[k * hidden + i] * representation[i];
    logits[k] = sum;
  }
}

}  // namespace casd
