#include <casd/predict.h>

#include "capi/handles.h"
#include "capi/option_struct.h"

using casd::given;
using casd::guard;

namespace {

constexpr std::size_t first = casd::first_size::predictor_options;

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

}  // namespace

casd_status casd_predictor_options_init(casd_predictor_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_predictor_options(), first, "options");
  });
}

casd_status casd_predictor_create(casd_predictor** predictor, const casd_model* model,
                                  const casd_predictor_options* options) {
  return guard([&] {
    given(predictor, "predictor");
    *predictor = new casd_predictor(
        given(model, "model").value,
        casd::import_struct(options, casd::default_predictor_options(), first, "options"));
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

const float* casd_prediction_data(const casd_prediction* prediction, casd_field field) {
  const float* data = nullptr;
  // The result is NULL on failure; casd_last_error() has the reason.
  guard([&] { data = filled(prediction, field).table(field).data(); });
  return data;
}
