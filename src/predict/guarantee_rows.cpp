#include "predict/guarantee_rows.h"

#include "core/error.h"
#include "method/conformal.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();

}  // namespace

GuaranteeRows::GuaranteeRows(const Model& model, double coverage, double error_rate)
    : model_(model), selective_(error_rate > 0) {
  const Guarantees& tables = model.calibration().guarantees;
  const Schema& schema = model.schema();
  if (selective_) {
    require(schema.task != CASD_TASK_REGRESSION, "error_rate is ", error_rate,
            ", but a regression has no error rate: use intervals");
    if (tables.empty())
      fail(CASD_ERROR_STATE, "error_rate is ", error_rate,
           ", but the model has no tables of held-out results: calibrate it");
  }
  const std::size_t scores = Guarantees::score_tables(schema);
  const std::size_t decisions = Guarantees::decision_tables(schema);
  other_ = {0, std::vector<float>(scores, infinite),
            std::vector<float>(decisions, selective_ ? -1 : infinite)};
  std::vector<float> largest(scores, -1);
  for (const KeyGuarantees& of_key : tables.keys) {
    Key key = other_;
    key.key = of_key.key;
    for (std::size_t k = 0; k < scores; ++k) {
      key.threshold[k] = conformal_threshold(of_key.scores[k], coverage);
      if (key.threshold[k] < infinite) largest[k] = std::max(largest[k], key.threshold[k]);
    }
    for (std::size_t k = 0; k < decisions && selective_; ++k)
      key.level[k] = selective_level(of_key.errors[k], error_rate, risk);
    keys_.push_back(std::move(key));
  }
  // A set of modalities with too few held-out samples uses the threshold of the set that needs the
  // largest one. If no set has enough, everything is a member.
  for (std::size_t k = 0; k < scores; ++k) {
    if (largest[k] < 0) continue;
    other_.threshold[k] = largest[k];
    for (Key& key : keys_)
      if (key.threshold[k] == infinite) key.threshold[k] = largest[k];
  }
}

const GuaranteeRows::Key& GuaranteeRows::rules(TemperatureKey key) const {
  const auto found =
      std::lower_bound(keys_.begin(), keys_.end(), key,
                       [](const Key& entry, TemperatureKey wanted) { return entry.key < wanted; });
  return found != keys_.end() && found->key == key ? *found : other_;
}

void GuaranteeRows::fill(Prediction& prediction, std::int64_t row,
                         ModalityMask participating) const {
  const Schema& schema = model_.schema();
  const TemperatureKey key = temperature_key(schema, participating);
  const Key& of_key = rules(key);
  const Span<float> probability = prediction.row(CASD_FIELD_PROBABILITIES, row);
  const Span<float> error = prediction.row(CASD_FIELD_ERROR_PROBABILITY, row);
  const Span<float> abstain = prediction.row(CASD_FIELD_ABSTAIN, row);
  for (std::size_t k = 0; k < error.size(); ++k) {
    const float p = schema.task == CASD_TASK_CLASSES
                        ? *std::max_element(probability.begin(), probability.end())
                        : std::max(probability[k], 1 - probability[k]);
    error[k] = 1 - p;
    abstain[k] = error[k] <= of_key.level[k] ? 0 : 1;
  }
  if (empty()) return;
  if (const KeyGuarantees* tables = model_.calibration().guarantees.find(key))
    prediction.row(CASD_FIELD_UNCERTAINTY_PERCENTILE, row)[0] =
        100 * percentile(tables->uncertainty, prediction.row(CASD_FIELD_UNCERTAINTY, row)[0]);
  const Span<float> set = prediction.row(CASD_FIELD_PREDICTION_SET, row);
  const auto member = [](float p, float threshold) { return 1 - p <= threshold ? 1.0f : 0.0f; };
  for (std::size_t k = 0; k < probability.size(); ++k) {
    if (schema.task == CASD_TASK_CLASSES) {
      set[k] = member(probability[k], of_key.threshold[0]);
    } else {
      set[2 * k] = member(1 - probability[k], of_key.threshold[k]);
      set[2 * k + 1] = member(probability[k], of_key.threshold[k]);
    }
  }
  const Span<float> value = prediction.row(CASD_FIELD_VALUE, row);
  const Span<float> deviation = prediction.row(CASD_FIELD_STANDARD_DEVIATION, row);
  const Span<float> interval = prediction.row(CASD_FIELD_INTERVAL, row);
  for (std::size_t k = 0; k < value.size(); ++k) {
    const float reach = of_key.threshold[k] * deviation[k];
    interval[2 * k] = value[k] - reach;
    interval[2 * k + 1] = value[k] + reach;
  }
}

}  // namespace casd
