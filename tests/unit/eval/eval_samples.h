// Random samples with known labels, for the tests of evaluation and calibration.
#pragma once

#include "core/random.h"
#include "model/options.h"
#include "predict/predictor.h"

#include <cmath>
#include <string>
#include <vector>

namespace casd::test {

inline Schema schema_of(int modalities, casd_task task = CASD_TASK_CLASSES, int outputs = 2) {
  Schema schema;
  for (int m = 0; m < modalities; ++m) schema.add_modality("m" + std::to_string(m), 2);
  schema.set_task(task);
  for (int k = 0; k < outputs; ++k) schema.add_output(std::string(1, static_cast<char>('a' + k)));
  return schema;
}

inline casd_model_options small_sizes() {
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  return options;
}

inline ModelPtr make_model(const Schema& schema) { return create_model(schema, small_sizes()); }

/// The model with the tensor `name` multiplied by `factor`.
inline ModelPtr scaled(const ModelPtr& model, const std::string& name, float factor) {
  std::vector<float> values(model->values().begin(), model->values().end());
  const TensorPlace tensor = find_tensor(model->layout(), name);
  for (std::int64_t i = tensor.offset; i < tensor.offset + tensor.size; ++i)
    values[static_cast<std::size_t>(i)] *= factor;
  return std::make_shared<const Model>(model->shared_layout(), std::move(values));
}

/// The model with its logits multiplied by `factor`.
inline ModelPtr sharper(const ModelPtr& model, float factor) {
  return scaled(scaled(model, "classifier.weight", factor), "classifier.bias", factor);
}

/// Every modality given, three frames of normal numbers.
inline std::vector<Sample> make_samples(const Schema& schema, std::size_t count) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    Sample sample = empty_sample(schema);
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      std::vector<float> frames(6);
      for (std::size_t k = 0; k < 6; ++k)
        frames[k] = static_cast<float>(
            RandomStream(1, i, RandomSite::synthetic, static_cast<std::uint32_t>(m)).normal(k));
      set_frames(sample, schema, m, frames);
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

inline Prediction predict(const ModelPtr& model, const std::vector<Sample>& samples,
                          ModalityMask mask) {
  casd_predictor_options options = default_predictor_options();
  options.on_empty = CASD_EMPTY_NAN;
  Batch batch(model->schema());
  for (const Sample& sample : samples) batch.add() = sample;
  Prediction prediction;
  Predictor(model, options).predict(prediction, batch, mask);
  return prediction;
}

/// Draws the class of each sample with the probability softmax(logits / tau) that the model predicts
/// from the modalities in `mask`, so that tau is the correct temperature.
inline void draw_targets(std::vector<Sample>& samples, const ModelPtr& model, double tau,
                         ModalityMask mask = CASD_ALL_MODALITIES, std::uint64_t seed = 9) {
  const Prediction prediction = predict(model, samples, mask);
  const Span<const float> logits = prediction.table(CASD_FIELD_LOGITS);
  const RandomStream stream(seed, 0, RandomSite::synthetic);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double margin = static_cast<double>(logits[2 * i + 1] - logits[2 * i]);
    const double of_b = 1 / (1 + std::exp(-margin / tau));
    const float target = stream.uniform_double(i) < of_b ? 1.0f : 0.0f;
    set_target(samples[i], model->schema(), {&target, 1});
  }
}

}  // namespace casd::test
