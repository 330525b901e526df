#include <casd/predict.h>

#include "capi/guard.h"
#include "capi/handles.h"
#include "model/options.h"

#include <algorithm>

using casd::given;
using casd::guard;

namespace {

constexpr std::size_t first_size = sizeof(casd_predictor_options);  // of release 0.1

const casd::Prediction& filled(const casd_prediction* prediction, casd_field field) {
  const casd::Prediction& value = given(prediction, "prediction").value;
  casd::require(field >= 0 && field < casd::field_count, "unknown field ", field,
                ", allowed: 0 to ", casd::field_count - 1);
  if (!value.filled())
    casd::fail(CASD_ERROR_STATE, "the prediction is empty: call casd_predict() first");
  casd::require(value.columns(field) > 0, "the model's task has no field ", field);
  return value;
}

}  // namespace

casd_status casd_predictor_options_init(casd_predictor_options* options, size_t size) {
  return guard([&] {
    const casd_predictor_options defaults = casd::default_predictor_options();
    casd::export_struct_bytes(options, size, &defaults, sizeof defaults, first_size, "options");
  });
}

casd_status casd_predictor_create(casd_predictor** predictor, const casd_model* model,
                                  const casd_predictor_options* options) {
  return guard([&] {
    given(predictor, "predictor");
    *predictor = new casd_predictor(
        given(model, "model").value,
        casd::import_struct(options, casd::default_predictor_options(), first_size, "options"));
  });
}

void casd_predictor_destroy(casd_predictor* predictor) { delete predictor; }

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

casd_status casd_prediction_shape(int64_t* rows, int64_t* columns,
                                  const casd_prediction* prediction, casd_field field) {
  return guard([&] {
    const casd::Prediction& value = filled(prediction, field);
    if (rows) *rows = value.rows();
    if (columns) *columns = value.columns(field);
  });
}

casd_status casd_prediction_copy(const casd_prediction* prediction, casd_field field, float* buffer,
                                 size_t capacity, size_t* needed) {
  return guard([&] {
    const casd::Span<const float> table = filled(prediction, field).table(field);
    if (needed) *needed = table.size();
    if (!buffer && capacity == 0 && needed) return;
    casd::require(buffer != nullptr && capacity >= table.size(), "the buffer has room for ",
                  buffer ? capacity : 0, " numbers, needed: ", table.size());
    std::copy(table.begin(), table.end(), buffer);
  });
}

const float* casd_prediction_data(const casd_prediction* prediction, casd_field field) {
  const float* data = nullptr;
  // A NULL tells it; the message is there for who wants to know why.
  guard([&] { data = filled(prediction, field).table(field).data(); });
  return data;
}
