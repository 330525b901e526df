// Prediction sets, intervals, error probabilities and percentiles of a row, from the model's tables of
// held-out results.
#pragma once

#include "model/model.h"
#include "predict/prediction.h"

#include <vector>

namespace casd {

/// Any number of threads. Does not allocate after its construction.
class GuaranteeRows {
 public:
  /// Share of the resamplings of the held-out data in which the error rate may be exceeded.
  static constexpr double risk = 0.04;

  /// `coverage` of sets and intervals; `error_rate` of accepted rows, 0: accept all. The model must
  /// outlive this object. Throws STATE if `error_rate` is set and the model has no tables,
  /// INVALID_ARGUMENT if it is set for a regression.
  GuaranteeRows(const Model& model, double coverage, double error_rate);

  /// Whether the model has the tables.
  bool empty() const { return keys_.empty(); }

  /// Fills the fields from probabilities, values, standard deviations and U_F of the row. Without
  /// tables they are NaN, but for the error probability; a row is then accepted.
  void fill(Prediction& prediction, std::int64_t row, ModalityMask participating) const;

 private:
  struct Key {
    TemperatureKey key;
    std::vector<float> threshold;  // largest score of a member, one per table of scores
    std::vector<float> level;      // largest accepted error probability, one per table of errors
  };
  const Key& rules(TemperatureKey key) const;

  const Model& model_;
  const bool selective_;
  std::vector<Key> keys_;
  Key other_;  // sets of modalities without tables
};

}  // namespace casd
