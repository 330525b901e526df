// The tables that casd_predict() fills.
#pragma once

#include "core/live_bytes.h"
#include "core/span.h"
#include "model/model.h"

#include <casd/predict.h>

#include <array>
#include <cstdint>
#include <vector>

namespace casd {

constexpr std::int32_t field_count = CASD_FIELD_ABSTAIN + 1;

class Prediction {
 public:
  /// Sets the number of rows; keeps allocated memory. Fields that the task does not have get no
  /// columns.
  void resize(std::int64_t rows, const Model& model);
  bool filled() const { return filled_; }
  std::int64_t rows() const { return rows_; }
  /// 0: the task has no such field.
  std::int64_t columns(casd_field field) const { return columns_[static_cast<std::size_t>(field)]; }
  /// [rows, columns], row-major.
  Span<const float> table(casd_field field) const;
  Span<float> row(casd_field field, std::int64_t row);
  /// OK, or why the row is NaN.
  casd_status row_status(std::int64_t row) const { return status_[static_cast<std::size_t>(row)]; }
  void set_row_status(std::int64_t row, casd_status status) {
    status_[static_cast<std::size_t>(row)] = status;
  }
  /// The modalities of the mask that the sample has.
  ModalityMask participating(std::int64_t row) const {
    return participating_[static_cast<std::size_t>(row)];
  }
  void set_participating(std::int64_t row, ModalityMask mask) {
    participating_[static_cast<std::size_t>(row)] = mask;
  }

 private:
  std::array<Floats, field_count> tables_;
  std::array<std::int64_t, field_count> columns_{};
  std::vector<casd_status> status_;          // [rows]
  std::vector<ModalityMask> participating_;  // [rows]
  std::int64_t rows_ = 0;
  bool filled_ = false;
};

}  // namespace casd
