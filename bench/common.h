// Shared by the benchmarks: handles, and a task with the sizes of the usual CMU-MOSI features.
#pragma once

#include <casd/casd.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

inline void check(casd_status status) {
  if (status != CASD_OK) throw std::runtime_error(casd_last_error());
}

struct Destroy {
  void operator()(casd_schema* p) const { casd_schema_destroy(p); }
  void operator()(casd_model* p) const { casd_model_destroy(p); }
  void operator()(casd_batch* p) const { casd_batch_destroy(p); }
  void operator()(casd_dataset* p) const { casd_dataset_destroy(p); }
  void operator()(casd_predictor* p) const { casd_predictor_destroy(p); }
  void operator()(casd_prediction* p) const { casd_prediction_destroy(p); }
  void operator()(casd_trainer* p) const { casd_trainer_destroy(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Destroy>;

template <class T, class Create>
Handle<T> make(Create create) {
  T* raw = nullptr;
  check(create(&raw));
  return Handle<T>(raw);
}

inline Handle<casd_schema> make_schema() {
  auto schema = make<casd_schema>(casd_schema_create);
  for (const auto& [name, features] :
       {std::make_pair("language", 300), std::make_pair("audio", 74), std::make_pair("visual", 35)})
    check(casd_schema_add_modality(schema.get(), name, features));
  for (const char* output : {"negative", "positive"})
    check(casd_schema_add_output(schema.get(), output));
  return schema;
}

inline Handle<casd_model> make_model(const casd_schema* schema, casd_preset preset) {
  casd_model_options options;
  check(casd_model_options_init(&options, sizeof options));
  check(casd_model_options_use_preset(&options, preset));
  options.pooling = CASD_POOLING_LAST;
  return make<casd_model>([&](auto** out) { return casd_model_create(out, schema, &options); });
}

/// Features and targets from a linear congruential generator, with all modalities.
inline Handle<casd_batch> make_batch(const casd_schema* schema, int64_t samples, int64_t steps) {
  auto batch = make<casd_batch>([&](auto** out) { return casd_batch_create(out, schema); });
  uint32_t noise = 1;
  std::vector<float> frames;
  for (int64_t i = 0; i < samples; ++i) {
    check(casd_batch_add_sample(nullptr, batch.get()));
    for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m) {
      frames.resize(static_cast<std::size_t>(steps * casd_schema_modality_features(schema, m)));
      for (float& value : frames) {
        noise = noise * 1664525u + 1013904223u;
        value = static_cast<float>(noise >> 8) / 8388608.0f - 1.0f;
      }
      check(casd_batch_set_frames(batch.get(), i, m, frames.data(), steps,
                                  casd_schema_modality_features(schema, m), 0));
    }
    const auto target = static_cast<float>(i % 2);
    check(casd_batch_set_target(batch.get(), i, &target, 1));
  }
  return batch;
}

/// A model with the default options, trained on the dataset with the default options.
inline Handle<casd_model> train_default(const casd_schema* schema, const casd_dataset* data,
                                        unsigned seed) {
  const auto fresh = [&] {
    casd_model_options options;
    check(casd_model_options_init(&options, sizeof options));
    options.seed = seed;
    return make<casd_model>([&](auto** out) { return casd_model_create(out, schema, &options); });
  }();
  casd_trainer_options options;
  check(casd_trainer_options_init(&options, sizeof options));
  options.seed = seed;
  const auto trainer = make<casd_trainer>(
      [&](auto** out) { return casd_trainer_create(out, fresh.get(), &options); });
  check(casd_trainer_fit(trainer.get(), data, nullptr, nullptr, nullptr));
  return make<casd_model>([&](auto** out) { return casd_trainer_snapshot(out, trainer.get()); });
}

}  // namespace bench
