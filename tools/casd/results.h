// One predicted sample, as the three formats of casd predict print it.
#pragma once

#include "common.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace program {

/// The sample of one row of a prediction, with what the data says about it.
class Result {
 public:
  /// `target`: as casd_batch_target(); NULL: no label.
  Result(const casd_prediction* prediction, const casd_schema* schema, int64_t row,
         std::string split, std::string sample, const float* target);

  const std::string& split() const { return split_; }
  const std::string& sample() const { return sample_; }
  /// "ok"; "empty": the sample has none of the selected modalities; "numeric": no finite result.
  std::string status() const;
  bool has_label() const { return target_ != nullptr; }
  /// The label of output `column` (classes: 0) as text: the class, "yes" or "no", the number.
  std::string label(int32_t column) const;
  /// The classes of the prediction set, joined by "+"; "none"; "" if there is no set.
  std::string set() const;
  /// The most probable class; "" if there is no result.
  std::string predicted() const;
  /// NaN where there is none.
  double value(casd_field field, int32_t column = 0) const;
  /// PROBABILITIES or, of a regression, VALUE.
  casd_field main_field() const;

  nlohmann::ordered_json json() const;

 private:
  const casd_prediction* prediction_;
  const casd_schema* schema_;
  int64_t row_;
  std::string split_, sample_;
  const float* target_;
};

/// The result of a sample as text for people: cells of a Table, with columns in the order of their
/// importance.
class ResultTable {
 public:
  /// `abstains`: whether a column says which decisions to use.
  ResultTable(const casd_schema* schema, bool abstains) : schema_(schema), abstains_(abstains) {}
  void add(const Result& result);
  void print() const;

 private:
  /// The cells that every sample has; `split` and `label` are separate, because they may be left out.
  struct Line {
    std::string sample, split, label;
    std::vector<std::string> values;
    double uncertainty;
    std::string status;
  };
  std::vector<std::string> headings() const;
  void print_order() const;

  const casd_schema* schema_;
  const bool abstains_;
  std::vector<Line> lines_;
};

/// CSV (RFC 4180, lines end with LF): always the same columns for one schema; empty: no value.
std::string csv_header(const casd_schema* schema);
std::string csv_line(const casd_schema* schema, const Result& result);

}  // namespace program
