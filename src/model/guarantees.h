// Tables of held-out results, from which prediction sets, intervals, thresholds of selective
// prediction, percentiles and the reference of a monitor are read (docs/method.md).
#pragma once

#include "model/schema.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace casd {

/// Numbers in one table.
constexpr std::size_t most_per_table = 512;

/// Order statistics of `count` numbers: all of them, or so many that `values` has a bounded size.
struct QuantileTable {
  std::int64_t count = 0;
  std::vector<float> values;  // ascending; the last is the largest number

  bool empty() const { return values.empty(); }
  /// The rank of values[j] among the numbers, counted from 1: ceil((j + 1) count / size).
  std::int64_t rank(std::size_t j) const {
    const auto size = static_cast<std::int64_t>(values.size());
    return ((static_cast<std::int64_t>(j) + 1) * count + size - 1) / size;
  }
};

/// Error probabilities of held-out decisions with their results. Entry j describes the decisions
/// whose error probability is at most level[j].
struct ErrorTable {
  std::vector<float> level;            // ascending, no two equal
  std::vector<std::int64_t> accepted;  // decisions; the last entry counts all
  std::vector<std::int64_t> wrong;     // of these, wrong ones

  bool empty() const { return level.empty(); }
};

/// The tables of one set of modalities. `key` as that of a temperature.
struct KeyGuarantees {
  std::uint32_t key = 0;
  QuantileTable uncertainty;          // U_F
  std::vector<QuantileTable> scores;  // nonconformity: one table; else one per output
  std::vector<ErrorTable> errors;     // one table; multi-label: one per output; regression: none
};

/// Variance of an output: f + sum over m of factor[m] * term[m], in standardised units.
struct OutputVariance {
  double floor = 0;
  std::vector<double> factor;  // per modality
};

/// A key as that of a temperature, and the number of samples with these modalities.
using PatternCounts = std::vector<std::pair<std::uint32_t, std::int64_t>>;

struct Guarantees {
  std::vector<OutputVariance> output_variance;   // regression: one per output
  std::vector<QuantileTable> modality_variance;  // V_m, one table per modality
  PatternCounts patterns;                        // modalities that samples have; ascending keys
  std::vector<KeyGuarantees> keys;               // ascending keys

  bool empty() const { return keys.empty(); }
  /// How many tables of scores, of decisions a key has.
  static std::size_t score_tables(const Schema& schema);
  static std::size_t decision_tables(const Schema& schema);
  /// NULL if the set of modalities has no tables.
  const KeyGuarantees* find(std::uint32_t key) const;
};

}  // namespace casd
