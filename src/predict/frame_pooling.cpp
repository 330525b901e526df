#include "predict/frame_pooling.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

/// The sum of products, in four parts that do not wait for each other.
double dot(const float* weight, const double* values, std::size_t count) {
  constexpr std::size_t parts = 4;
  double sums[parts] = {};
  std::size_t i = 0;
  for (; i + parts <= count; i += parts)
    for (std::size_t p = 0; p < parts; ++p)
      sums[p] += static_cast<double>(weight[i + p]) * values[i + p];
  for (; i < count; ++i) sums[0] += static_cast<double>(weight[i]) * values[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

FrameSumItem frame_sum_item(const Model& model, std::int32_t modality, const FrameSequence& frames,
                            double* sums) {
  const auto m = static_cast<std::size_t>(modality);
  const ModalityPlaces& places = model.layout().modalities[m];
  return {frames.values,
          frames.steps,
          model.schema().modalities[m].features,
          model.tensor(places.mean).data(),
          model.tensor(places.deviation).data(),
          static_cast<float>(model.options().input_clip),
          sums};
}

InputStatistics<double> pool_sums(double* sums, std::int64_t features) {
  // Each feature's results replace its four sums; the fourth one is its share of the energy.
  double* first = sums;
  double* last = first + features;
  double* sum = last + features;
  double* square = sum + features;
  const auto width = static_cast<double>(features);
  const double change = square[features], count = square[features + 1];
  InputStatistics<double> out;
  for (std::int64_t f = 0; f < features; ++f) {
    const double shift = sum[f] / count, mean = first[f] + shift, end = last[f];
    const double variance = std::max(square[f] / count - shift * shift, 0.0);
    square[f] = (variance + mean * mean + end * end) / (2 * width);
    first[f] = mean;
    last[f] = std::sqrt(variance);
    sum[f] = end;
  }
  for (std::int64_t f = 0; f < features; ++f) out.energy += square[f];
  out.has_change = count > 1;
  if (count > 1) out.change = change / ((count - 1) * width);
  return out;
}

InputStatistics<double> FramePooling::pool(const Model& model, std::int32_t modality,
                                           const FrameSequence& frames) {
  const std::int64_t features =
      model.schema().modalities[static_cast<std::size_t>(modality)].features;
  sums_.resize(static_cast<std::size_t>(frame_sum_count(features)));
  width_ = 3 * static_cast<std::size_t>(features);
  sum_frames(frame_sum_item(model, modality, frames, sums_.data()));
  return pool_sums(sums_.data(), features);
}

void run_linear_map(const Model& model, std::int32_t modality, Span<const double> pooled,
                    float* out) {
  const LinearPlaces& places =
      *model.layout().modalities[static_cast<std::size_t>(modality)].linear;
  const Span<const float> bias = model.tensor(places.bias);
  const float* weight = model.tensor(places.weight).data();
  for (std::size_t k = 0; k < bias.size(); ++k, weight += pooled.size())
    out[k] = static_cast<float>(static_cast<double>(bias[k]) +
                                dot(weight, pooled.data(), pooled.size()));
}

GuardFactors<float> guard_factors(const Model& model, std::int32_t modality,
                                  const InputStatistics<double>& input) {
  const Span<const float> stored =
      model.tensor(*model.layout().modalities[static_cast<std::size_t>(modality)].guard);
  const GuardFactors<double> factors =
      guard_factors<double>(input, {static_cast<double>(stored[0]), static_cast<double>(stored[1]),
                                    static_cast<double>(stored[2])});
  const double noise =
      noise_factor(input, static_cast<double>(stored[1]), model.typical_change(modality));
  return {static_cast<float>(factors.variance), static_cast<float>(factors.weight),
          static_cast<float>(factors.linear), static_cast<float>(noise)};
}

}  // namespace casd
