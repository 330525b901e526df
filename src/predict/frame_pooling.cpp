#include "predict/frame_pooling.h"

#include "model/normaliser.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

bool is_missing(const float* frame, std::size_t features) {
  for (std::size_t f = 0; f < features; ++f)
    if (!std::isnan(frame[f])) return false;
  return true;
}

/// Adds a frame to the sums; returns the sum of squared differences from the frame before.
double add_frame(const float* frame, const float* last, std::size_t features, double* sum,
                 double* square) {
  double change = 0;
  for (std::size_t f = 0; f < features; ++f) {
    const auto z = static_cast<double>(frame[f]);
    const double step = z - static_cast<double>(last[f]);
    sum[f] += z;
    square[f] += z * z;
    change += step * step;
  }
  return change;
}

}  // namespace

InputStatistics<double> FramePooling::pool(const Model& model, std::int32_t modality,
                                           const FrameSequence& frames) {
  const auto m = static_cast<std::size_t>(modality);
  const std::int32_t width = model.schema().modalities[m].features;
  const auto features = static_cast<std::size_t>(width);
  const float* mean = model.tensor(model.layout().modalities[m].mean).data();
  const float* deviation = model.tensor(model.layout().modalities[m].deviation).data();
  const auto clip = static_cast<float>(model.options().input_clip);
  frame_.resize(features);
  last_.resize(features);
  sum_.assign(features, 0);
  square_.assign(features, 0);
  values_.resize(3 * features);

  double count = 0, change = 0;
  for (std::int64_t t = 0; t < frames.steps; ++t) {
    const float* raw = frames.values + t * width;
    if (is_missing(raw, features)) continue;
    standardise<float>(raw, mean, deviation, width, clip, frame_.data());
    const double difference =
        add_frame(frame_.data(), last_.data(), features, sum_.data(), square_.data());
    if (count > 0) change += difference;
    std::swap(frame_, last_);
    ++count;
  }

  InputStatistics<double> statistics;
  for (std::size_t f = 0; f < features; ++f) {
    const double average = sum_[f] / count, last = static_cast<double>(last_[f]);
    values_[f] = average;
    values_[features + f] = std::sqrt(std::max(square_[f] / count - average * average, 0.0));
    values_[2 * features + f] = last;
    statistics.energy += (square_[f] / count + last * last) / (2 * static_cast<double>(width));
  }
  statistics.has_change = count > 1;
  if (count > 1) statistics.change = change / ((count - 1) * static_cast<double>(width));
  return statistics;
}

void run_linear_map(const Model& model, std::int32_t modality, Span<const double> pooled,
                    float* out) {
  const LinearPlaces& places =
      *model.layout().modalities[static_cast<std::size_t>(modality)].linear;
  const Span<const float> bias = model.tensor(places.bias);
  const float* weight = model.tensor(places.weight).data();
  for (std::size_t k = 0; k < bias.size(); ++k, weight += pooled.size()) {
    double sum = static_cast<double>(bias[k]);
    for (std::size_t i = 0; i < pooled.size(); ++i)
      sum += static_cast<double>(weight[i]) * pooled[i];
    out[k] = static_cast<float>(sum);
  }
}

GuardFactors<float> guard_factors(const Model& model, std::int32_t modality,
                                  const InputStatistics<double>& input) {
  const Span<const float> stored =
      model.tensor(*model.layout().modalities[static_cast<std::size_t>(modality)].guard);
  const GuardFactors<double> factors =
      guard_factors<double>(input, {static_cast<double>(stored[0]), static_cast<double>(stored[1]),
                                    static_cast<double>(stored[2])});
  return {static_cast<float>(factors.variance), static_cast<float>(factors.weight),
          static_cast<float>(factors.linear)};
}

}  // namespace casd
