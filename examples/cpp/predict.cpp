// Predicts one sample under every set of modalities, from C++: handles in smart pointers, errors as
// exceptions. Usage: predict MODEL.casd
#include <casd/casd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void check(casd_status status) {
  if (status != CASD_OK) throw std::runtime_error(casd_last_error());
}

struct Destroy {
  void operator()(casd_schema* p) const { casd_schema_destroy(p); }
  void operator()(casd_model* p) const { casd_model_destroy(p); }
  void operator()(casd_batch* p) const { casd_batch_destroy(p); }
  void operator()(casd_predictor* p) const { casd_predictor_destroy(p); }
  void operator()(casd_prediction* p) const { casd_prediction_destroy(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Destroy>;

/// make<casd_model>([&](auto** out) { return casd_model_load(out, path); })
template <class T, class Create>
Handle<T> make(Create create) {
  T* raw = nullptr;
  check(create(&raw));
  return Handle<T>(raw);
}

std::string names_of(const casd_schema* schema, casd_modality_mask mask) {
  std::string names;
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    if (mask >> m & 1u)
      names += (names.empty() ? "" : "+") + std::string(casd_schema_modality_name(schema, m));
  return names;
}

void predict(const char* path) {
  const auto model = make<casd_model>([&](auto** out) { return casd_model_load(out, path); });
  const auto schema =
      make<casd_schema>([&](auto** out) { return casd_model_schema(out, model.get()); });
  const auto batch =
      make<casd_batch>([&](auto** out) { return casd_batch_create(out, schema.get()); });
  const auto predictor = make<casd_predictor>(
      [&](auto** out) { return casd_predictor_create(out, model.get(), nullptr); });
  const auto prediction = make<casd_prediction>(casd_prediction_create);

  // One sample with 20 frames of each modality. Replace the frames by your features.
  check(casd_batch_add_sample(nullptr, batch.get()));
  const int32_t modalities = casd_schema_modality_count(schema.get());
  for (int32_t m = 0; m < modalities; ++m) {
    constexpr std::int64_t steps = 20;
    const std::int32_t features = casd_schema_modality_features(schema.get(), m);
    const std::vector<float> frames(static_cast<std::size_t>(steps * features), 0.25f);
    check(casd_batch_set_frames(batch.get(), 0, m, frames.data(), steps, features, 0));
  }

  const bool regression = casd_schema_task(schema.get()) == CASD_TASK_REGRESSION;
  for (casd_modality_mask mask = 1; mask < casd_modality_mask{1} << modalities; ++mask) {
    check(casd_predict(prediction.get(), predictor.get(), batch.get(), mask));
    const float output = casd_prediction_data(
        prediction.get(), regression ? CASD_FIELD_VALUE : CASD_FIELD_PROBABILITIES)[0];
    const float uncertainty = casd_prediction_data(prediction.get(), CASD_FIELD_UNCERTAINTY)[0];
    std::printf("%-24s %s %.3f, uncertainty %.3f\n", names_of(schema.get(), mask).c_str(),
                casd_schema_output_name(schema.get(), 0), output, uncertainty);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: predict MODEL.casd\n"), 2;
  try {
    predict(argv[1]);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
