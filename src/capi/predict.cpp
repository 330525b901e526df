#include <casd/predict.h>

#include "capi/built_in_engines.h"
#include "capi/handles.h"
#include "capi/option_struct.h"
#include "engine/registry.h"

#include <algorithm>
#include <cstdint>

using casd::fail;
using casd::given;
using casd::guard;

namespace {

void require_filled(const casd::Prediction& prediction) {
  if (!prediction.filled())
    casd::fail(CASD_ERROR_STATE, "the prediction is empty: call casd_predict() first");
}

const casd::Prediction& filled(const casd_prediction* prediction, casd_field field) {
  const casd::Prediction& value = given(prediction, "prediction").value;
  casd::require(field >= 0 && field < casd::field_count, "unknown field ", field,
                ", allowed: 0 to ", casd::field_count - 1);
  require_filled(value);
  casd::require(value.columns(field) > 0, "the model's task has no field ", field);
  return value;
}

/// One sequence per modality of the model. On the stack, because the call must not allocate.
struct Sequences {
  casd::FrameSequence all[CASD_MAX_MODALITIES];
  std::int32_t count = 0;
};

void require_count(const casd::Schema& schema, std::int32_t modality_count) {
  if (modality_count != schema.modality_count())
    fail(CASD_ERROR_INVALID_ARGUMENT, "modality_count is ", modality_count, ", the model has ",
         schema.modality_count(), " modalities");
}

Sequences sequences(const casd::Schema& schema, const float* const* frames, const int64_t* steps,
                    std::int32_t modality_count) {
  given(frames, "frames");
  given(steps, "steps");
  require_count(schema, modality_count);
  Sequences out;
  out.count = modality_count;
  for (std::int32_t m = 0; m < modality_count; ++m) out.all[m] = {frames[m], steps[m]};
  return out;
}

/// The same for frames that are concatenated, one modality after the other.
Sequences packed_sequences(const casd::Schema& schema, const float* values, std::size_t count,
                           const int64_t* steps, std::int32_t modality_count) {
  given(steps, "steps");
  require_count(schema, modality_count);
  constexpr auto most = INT64_MAX / CASD_MAX_MODALITIES;  // the sum cannot overflow
  Sequences out;
  out.count = modality_count;
  int64_t used = 0;
  for (std::int32_t m = 0; m < modality_count; ++m) {
    const casd::Modality& modality = schema.modalities[static_cast<std::size_t>(m)];
    if (steps[m] < 0 || steps[m] > most / modality.features)
      fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", modality.name, "': ", steps[m],
           " frames, allowed: 0 (missing) to ", most / modality.features);
    used += steps[m] * modality.features;
  }
  if (static_cast<std::uint64_t>(used) != count)
    fail(CASD_ERROR_INVALID_ARGUMENT, "value_count is ", count, ", but steps and features make ",
         used);
  if (count > 0) given(values, "values");
  for (std::int32_t m = 0; m < modality_count; ++m) {
    out.all[m] = {steps[m] > 0 ? values : nullptr, steps[m]};
    if (steps[m] > 0) values += steps[m] * schema.modalities[static_cast<std::size_t>(m)].features;
  }
  return out;
}

}  // namespace

casd_status casd_engine_info_init(casd_engine_info* info, size_t size) {
  return guard([&] {
    casd::init_struct(info, size, casd_engine_info{}, casd::first_size::engine_info, "info");
  });
}

casd_status casd_engine_get_info(casd_engine_info* info, int32_t index) {
  return guard([&] {
    const std::size_t size =
        casd::receiving_size(&given(info, "info"), casd::first_size::engine_info, "info");
    casd::init_struct(info, size, casd::engine_info(index), casd::first_size::engine_info, "info");
  });
}

casd_status casd_predictor_options_init(casd_predictor_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_predictor_options(),
                      casd::first_size::predictor_options, "options");
  });
}

casd_status casd_predictor_create(casd_predictor** predictor, const casd_model* model,
                                  const casd_predictor_options* options) {
  return guard([&] {
    given(predictor, "predictor");
    *predictor =
        new casd_predictor(given(model, "model").value,
                           casd::import_struct(options, casd::default_predictor_options(),
                                               casd::first_size::predictor_options, "options"));
  });
}

void casd_predictor_destroy(casd_predictor* predictor) { delete predictor; }

casd_status casd_predictor_trim(casd_predictor* predictor) {
  return guard([&] { given(predictor, "predictor").value.trim(); });
}

casd_status casd_prediction_create(casd_prediction** prediction) {
  return guard([&] {
    given(prediction, "prediction");
    *prediction = new casd_prediction;
  });
}

void casd_prediction_destroy(casd_prediction* prediction) { delete prediction; }

casd_status casd_predict(casd_prediction* prediction, casd_predictor* predictor,
                         const casd_batch* batch, casd_modality_mask modality_mask) {
  return guard([&] {
    given(prediction, "prediction");
    given(predictor, "predictor")
        .value.predict(prediction->value, given(batch, "batch").value, modality_mask);
  });
}

casd_status casd_predict_frames(casd_prediction* prediction, casd_predictor* predictor,
                                const float* const* frames, const int64_t* steps,
                                int32_t modality_count, casd_modality_mask modality_mask) {
  return guard([&] {
    given(prediction, "prediction");
    const casd::Predictor& runs = given(predictor, "predictor").value;
    const Sequences all = sequences(runs.model()->schema(), frames, steps, modality_count);
    runs.predict_frames(prediction->value, {all.all, static_cast<std::size_t>(all.count)},
                        modality_mask);
  });
}

casd_status casd_predict_packed(casd_prediction* prediction, casd_predictor* predictor,
                                const float* values, size_t value_count, const int64_t* steps,
                                int32_t modality_count, casd_modality_mask modality_mask) {
  return guard([&] {
    given(prediction, "prediction");
    const casd::Predictor& runs = given(predictor, "predictor").value;
    const Sequences all =
        packed_sequences(runs.model()->schema(), values, value_count, steps, modality_count);
    runs.predict_frames(prediction->value, {all.all, static_cast<std::size_t>(all.count)},
                        modality_mask);
  });
}

casd_status casd_prediction_shape(int64_t* rows, int64_t* columns,
                                  const casd_prediction* prediction, casd_field field) {
  return guard([&] {
    const casd::Prediction& value = filled(prediction, field);
    if (rows) *rows = value.rows();
    if (columns) *columns = value.columns(field);
  });
}

casd_status casd_prediction_row_status(casd_status* status, const casd_prediction* prediction,
                                       int64_t row) {
  return guard([&] {
    given(status, "status");
    const casd::Prediction& value = given(prediction, "prediction").value;
    require_filled(value);
    casd::require(row >= 0 && row < value.rows(), "there is no row ", row, ", the prediction has ",
                  value.rows());
    *status = value.row_status(row);
  });
}

casd_status casd_prediction_copy(float* buffer, size_t capacity, size_t* needed,
                                 const casd_prediction* prediction, casd_field field) {
  return guard([&] {
    casd::copy_out(buffer, capacity, needed, filled(prediction, field).table(field), "numbers");
  });
}

casd_status casd_prediction_copy_fields(float* buffer, size_t capacity, size_t* needed,
                                        const casd_prediction* prediction, const casd_field* fields,
                                        int32_t count) {
  return guard([&] {
    if (count < 1) fail(CASD_ERROR_INVALID_ARGUMENT, "count is ", count, ", expected 1 or more");
    given(fields, "fields");
    std::size_t size = 0;
    for (std::int32_t i = 0; i < count; ++i)
      size += filled(prediction, fields[i]).table(fields[i]).size();
    if (!casd::fits(buffer, capacity, needed, size, "numbers")) return;
    for (std::int32_t i = 0; i < count; ++i) {
      const casd::Span<const float> table = prediction->value.table(fields[i]);
      buffer = std::copy(table.begin(), table.end(), buffer);
    }
  });
}

const float* casd_prediction_data(const casd_prediction* prediction, casd_field field) {
  const float* data = nullptr;
  // The result is NULL on failure; casd_last_error() has the reason.
  guard([&] { data = filled(prediction, field).table(field).data(); });
  return data;
}
