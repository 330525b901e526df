// Tables of held-out results for prediction sets, intervals, selective prediction, percentiles and the
// monitor (docs/method.md).
#pragma once

#include "core/span.h"
#include "eval/work_progress.h"
#include "model/guarantees.h"
#include "model/schema.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace casd {

/// A held-out decision: its error probability, and whether it was wrong.
using Decision = std::pair<float, bool>;

/// Results on held-out samples under one set of modalities.
struct HeldOutResults {
  std::vector<float> uncertainty;
  // Of the labelled samples only; as in KeyGuarantees.
  std::vector<std::vector<float>> scores;
  std::vector<std::vector<Decision>> decisions;
};

/// Adds what a table needs of the probabilities of one labelled sample. Classes: `probability`
/// [outputs], `target` the class. Multi-label: probability [outputs], target 0 or 1 for each output.
void add_result(HeldOutResults& to, casd_task task, Span<const float> probability,
                Span<const float> target);
/// Regression: the value and the standard deviation of each output in the targets' units.
void add_result(HeldOutResults& to, Span<const float> value, Span<const float> deviation,
                Span<const float> target);

/// The nonconformity of a class of probability p, of a value with its standard deviation.
inline float nonconformity(float probability) { return 1 - probability; }
inline float nonconformity(float value, float deviation, float target) {
  const float distance = value < target ? target - value : value - target;
  return distance / deviation;
}

/// The order statistics of the finite numbers, at most `most` of them.
QuantileTable quantile_table(std::vector<float> numbers, std::size_t most);
/// The decisions with a finite error probability, in at most `most` entries.
ErrorTable error_table(std::vector<Decision> decisions, std::size_t most);

/// Numbers stored in all tables together, unless one would then have fewer than the second number.
constexpr std::size_t most_stored = 65536, least_per_table = 64;
/// How many numbers each of `tables` may store.
std::size_t numbers_per_table(std::size_t tables);

/// The tables from the results by key, and the variances V_m of each modality.
Guarantees guarantees(const std::map<std::uint32_t, HeldOutResults>& results,
                      const std::vector<std::vector<float>>& modality_variance,
                      const WorkProgress& progress = {});

}  // namespace casd
