#include "predict/prediction.h"

namespace casd {

void Prediction::resize(std::int64_t rows, const Model& model) {
  const Schema& schema = model.schema();
  const auto outputs = static_cast<std::int64_t>(schema.outputs.size());
  const bool regression = schema.task == CASD_TASK_REGRESSION;
  std::array<std::int64_t, field_count> columns{};
  const auto set = [&](casd_field field, std::int64_t count) {
    columns[static_cast<std::size_t>(field)] = count;
  };
  set(CASD_FIELD_PROBABILITIES, regression ? 0 : outputs);
  set(CASD_FIELD_LOGITS, schema.logit_count());
  set(CASD_FIELD_VALUE, regression ? outputs : 0);
  for (const casd_field field : {CASD_FIELD_CONFIDENCE, CASD_FIELD_UNCERTAINTY,
                                 CASD_FIELD_DISAGREEMENT, CASD_FIELD_UNCERTAINTY_PERCENTILE})
    set(field, 1);
  for (casd_field field = CASD_FIELD_MODALITY_VARIANCE; field <= CASD_FIELD_MODALITY_WEIGHT;
       ++field)
    set(field, schema.modality_count());
  set(CASD_FIELD_MODALITY_GUARD, schema.modality_count());
  const std::int64_t decisions = schema.task == CASD_TASK_CLASSES ? 1 : regression ? 0 : outputs;
  set(CASD_FIELD_ERROR_PROBABILITY, decisions);
  set(CASD_FIELD_ABSTAIN, decisions);
  set(CASD_FIELD_PREDICTION_SET, regression ? 0 : schema.logit_count());
  set(CASD_FIELD_STANDARD_DEVIATION, regression ? outputs : 0);
  set(CASD_FIELD_INTERVAL, regression ? 2 * outputs : 0);
  for (const casd_field field :
       {CASD_FIELD_REPRESENTATION, CASD_FIELD_SCALE, CASD_FIELD_DEGREES_OF_FREEDOM})
    set(field, model.options().hidden);
  // Allocate first: if memory runs out, the old tables and their description stay consistent.
  for (std::size_t field = 0; field < tables_.size(); ++field)
    tables_[field].reserve(static_cast<std::size_t>(rows * columns[field]));
  status_.reserve(static_cast<std::size_t>(rows));
  participating_.reserve(static_cast<std::size_t>(rows));
  for (std::size_t field = 0; field < tables_.size(); ++field)
    tables_[field].resize(static_cast<std::size_t>(rows * columns[field]));
  status_.resize(static_cast<std::size_t>(rows));
  participating_.resize(static_cast<std::size_t>(rows));
  columns_ = columns;
  rows_ = rows;
  filled_ = true;
}

Span<const float> Prediction::table(casd_field field) const {
  return tables_[static_cast<std::size_t>(field)];
}

Span<float> Prediction::row(casd_field field, std::int64_t row) {
  const auto columns = static_cast<std::size_t>(this->columns(field));
  return {tables_[static_cast<std::size_t>(field)].data() + static_cast<std::size_t>(row) * columns,
          columns};
}

}  // namespace casd
