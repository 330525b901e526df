// Schema, options, batch, mask and prediction through the C ABI, generated from the input's bytes.
#include <casd/casd.h>

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int most_steps = 9;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", what, casd_last_error());
  std::abort();
}

/// Small sizes, so that a run is short; all other options from the input.
casd_model* make_model(FuzzedDataProvider& bytes, std::vector<int32_t>& features) {
  casd_schema* schema = nullptr;
  casd_model* model = nullptr;
  if (casd_schema_create(&schema) != CASD_OK) return nullptr;
  casd_schema_set_task(schema, bytes.ConsumeIntegralInRange<int32_t>(-1, 3));
  const int modalities = bytes.ConsumeIntegralInRange<int>(0, 8);
  for (int m = 0; m < modalities; ++m) {
    const auto count = bytes.ConsumeIntegralInRange<int32_t>(0, 5);
    const std::string name =
        bytes.ConsumeBool() ? "m" + std::to_string(m) : bytes.ConsumeRandomLengthString(70);
    if (casd_schema_add_modality(schema, name.c_str(), count) != CASD_OK) continue;
    features.push_back(count);
    if (bytes.ConsumeBool())
      casd_schema_set_feature_name(schema, static_cast<int32_t>(features.size()) - 1,
                                   bytes.ConsumeIntegralInRange<int32_t>(-1, 5),
                                   bytes.ConsumeRandomLengthString(300).c_str());
  }
  for (int k = bytes.ConsumeIntegralInRange<int>(0, 4); k > 0; --k)
    casd_schema_add_output(schema, bytes.ConsumeBool()
                                       ? ("o" + std::to_string(k)).c_str()
                                       : bytes.ConsumeRandomLengthString(70).c_str());
  casd_model_options options;
  require(casd_model_options_init(&options, sizeof options) == CASD_OK, "options");
  if (bytes.ConsumeBool()) casd_model_options_use_recipe(&options, CASD_RECIPE_PAPER);
  options.hidden = bytes.ConsumeIntegralInRange<int32_t>(0, 8);
  options.heads = bytes.ConsumeIntegralInRange<int32_t>(0, 4);
  options.layers = bytes.ConsumeIntegralInRange<int32_t>(0, 2);
  options.feed_forward = bytes.ConsumeIntegralInRange<int32_t>(0, 9);
  options.max_steps = bytes.ConsumeIntegralInRange<int32_t>(1, most_steps);
  options.pooling = bytes.ConsumeIntegralInRange<int32_t>(-1, 2);
  options.seed = bytes.ConsumeIntegral<uint64_t>();
  for (int i = bytes.ConsumeIntegralInRange<int>(0, 3); i > 0; --i) {
    const int32_t index = bytes.ConsumeIntegralInRange<int32_t>(4, casd_model_options_count());
    const char* name = casd_model_options_name(index);
    const std::string value = bytes.ConsumeRandomLengthString(24);
    if (name && name != std::string("max_steps"))
      casd_model_options_set(&options, name, value.c_str());
  }
  casd_model_create(&model, schema, &options);
  casd_schema_destroy(schema);
  return model;
}

/// Saves and loads the model, which must succeed and give the same bytes.
casd_model* reload(casd_model* model, FuzzedDataProvider& bytes) {
  casd_model* noted = nullptr;
  if (casd_model_with_user_value(&noted, model, bytes.ConsumeRandomLengthString(40).c_str(),
                                 bytes.ConsumeRandomLengthString(100).c_str()) == CASD_OK) {
    casd_model_destroy(model);
    model = noted;
  }
  std::size_t size = 0;
  require(casd_model_save_memory(nullptr, 0, &size, model) == CASD_OK, "save");
  std::vector<unsigned char> first(size), second(size);
  require(casd_model_save_memory(first.data(), size, nullptr, model) == CASD_OK, "save");
  casd_model* loaded = nullptr;
  require(casd_model_load_memory(&loaded, first.data(), size) == CASD_OK, "load");
  require(casd_model_save_memory(second.data(), size, nullptr, loaded) == CASD_OK, "save again");
  require(first == second, "saved to other bytes");
  casd_model_destroy(model);
  return loaded;
}

std::vector<float> floats(FuzzedDataProvider& bytes, std::size_t count) {
  std::vector<float> out(count);
  const int kind = bytes.ConsumeIntegralInRange<int>(0, 2);
  for (float& value : out) {
    if (kind == 0)
      value = static_cast<float>(bytes.ConsumeIntegral<int8_t>()) / 16;
    else if (kind == 1)
      value = bytes.ConsumeFloatingPoint<float>();
    else
      bytes.ConsumeData(&value, sizeof value);  // NaN and infinities too
  }
  return out;
}

void fill(casd_batch* batch, const std::vector<int32_t>& features, FuzzedDataProvider& bytes) {
  for (int i = bytes.ConsumeIntegralInRange<int>(0, 4); i > 0; --i) {
    int64_t sample = 0;
    if (casd_batch_add_sample(&sample, batch) != CASD_OK) return;
    for (std::size_t m = 0; m < features.size(); ++m) {
      if (bytes.ConsumeBool()) continue;
      const auto steps = bytes.ConsumeIntegralInRange<int64_t>(0, most_steps + 1);
      const auto wide = bytes.ConsumeIntegralInRange<int64_t>(0, features[m] + 2);
      const int32_t given = bytes.ConsumeIntegralInRange<int>(0, 15) == 0
                                ? bytes.ConsumeIntegralInRange<int32_t>(-1, 6)
                                : features[m];
      const std::size_t row = static_cast<std::size_t>(std::max<int64_t>(wide, given));
      const std::vector<float> values =
          floats(bytes, static_cast<std::size_t>(steps) * std::max<std::size_t>(row, 1));
      casd_batch_set_frames(batch, sample, static_cast<int32_t>(m), values.data(), steps, given,
                            wide);
    }
  }
}

void read_fields(const casd_prediction* prediction, int64_t samples) {
  for (casd_field field = -1; field <= CASD_FIELD_ABSTAIN + 1; ++field) {
    int64_t rows = 0, columns = 0;
    const casd_status status = casd_prediction_shape(&rows, &columns, prediction, field);
    const float* data = casd_prediction_data(prediction, field);
    require((status == CASD_OK) == (data != nullptr), "shape and data disagree");
    if (!data) continue;
    require(rows == samples, "rows");
    // Reads all values, so that AddressSanitizer checks them.
    volatile float last = 0;
    for (int64_t i = 0; i < rows * columns; ++i) last = data[i];
    (void)last;
    if (field != CASD_FIELD_PROBABILITIES) continue;
    for (int64_t i = 0; i < rows; ++i) {
      casd_status row = CASD_OK;
      require(casd_prediction_row_status(&row, prediction, i) == CASD_OK, "row's status");
      for (int64_t k = 0; row == CASD_OK && k < columns; ++k) {
        const float p = data[i * columns + k];
        require(p >= 0 && p <= 1.0001f, "a probability of a row that is OK");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider bytes(data, size);
  std::vector<int32_t> features;
  casd_model* model = make_model(bytes, features);
  if (!model) return 0;
  model = reload(model, bytes);
  casd_schema* schema = nullptr;
  casd_batch* batch = nullptr;
  casd_predictor* predictor = nullptr;
  casd_prediction* prediction = nullptr;
  casd_predictor_options options;
  require(casd_predictor_options_init(&options, sizeof options) == CASD_OK, "options");
  options.threads = bytes.ConsumeIntegralInRange<int32_t>(1, 2);
  options.on_empty = bytes.ConsumeIntegralInRange<int32_t>(0, 1);
  require(casd_model_schema(&schema, model) == CASD_OK, "schema");
  require(casd_batch_create(&batch, schema) == CASD_OK, "batch");
  require(casd_predictor_create(&predictor, model, &options) == CASD_OK, "predictor");
  require(casd_prediction_create(&prediction) == CASD_OK, "prediction");
  for (int call = 0; call < 2; ++call) {
    fill(batch, features, bytes);
    const casd_modality_mask mask =
        bytes.ConsumeBool() ? CASD_ALL_MODALITIES : bytes.ConsumeIntegral<std::uint16_t>();
    if (casd_predict(prediction, predictor, batch, mask) == CASD_OK)
      read_fields(prediction, casd_batch_size(batch));
    if (bytes.ConsumeBool()) casd_batch_clear(batch);
  }
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  require(casd_live_objects() == 0, "objects are left");
  return 0;
}
