// What a model's evidence and uncertainty look like on a set of samples: means of each modality and
// under each condition. Training and the report derive their remarks from it (remarks.h).
#pragma once

#include "eval/condition_predictions.h"
#include "eval/task_scores.h"

#include <vector>

namespace casd {

/// Means over the samples that have the modality, on complete input; NaN without such a sample.
struct ModalitySummary {
  double degrees_of_freedom = no_metric;  // nu
  double weight = no_metric;              // C
  double variance = no_metric;            // V
};

/// Means over the samples that have a modality of the condition; NaN without such a sample.
struct ConditionSummary {
  ModalityMask mask = 0;
  double uncertainty = no_metric;  // U_F
  double scale = no_metric;        // sigma_F
  double score = no_metric;        // F1 in %, regression: minus the mean absolute error
};

struct EvidenceSummary {
  std::vector<ModalitySummary> modalities;
  std::vector<ConditionSummary>
      conditions;  // the complete one is last; empty: nothing measured yet
  /// Standard deviation of mu_F over the samples on complete input: root mean square over dimensions.
  double spread = no_metric;
  double chance = no_metric;          // score of predictions that do not depend on the input
  double standard_error = no_metric;  // of the complete condition's score

  /// NULL: there is no such condition.
  const ConditionSummary* find(ModalityMask mask) const;
};

/// Collects an EvidenceSummary while collect_predictions() runs.
class EvidenceSummaryBuilder {
 public:
  /// The last of the conditions is the complete one.
  EvidenceSummaryBuilder(const Schema& schema, const std::vector<ModalitySubset>& conditions);
  /// Adds the predictions of a chunk under a condition.
  void add(std::size_t condition, const Prediction& prediction);
  /// `outputs`, `score`: of each condition. Call it once.
  EvidenceSummary finish(const std::vector<ConditionPredictions>& outputs,
                         const std::vector<double>& score);

 private:
  struct Sum {
    double value = 0, count = 0;
    void add(double term) {
      value += term;
      ++count;
    }
    double mean() const { return count > 0 ? value / count : no_metric; }
  };
  const Schema& schema_;
  EvidenceSummary summary_;
  std::vector<Sum> scale_;                          // [conditions]
  std::vector<Sum> degrees_, weight_, variance_;    // [modalities]
  std::vector<double> location_, location_square_;  // [hidden]
  double complete_rows_ = 0;
};

/// The score of predictions that do not depend on the input: classes and multi-label: the larger F1 of
/// guesses with the frequency of each class and of the most frequent class always; regression: minus
/// the mean distance from the mean target.
double chance_score(const Schema& schema, Span<const Sample* const> labelled);

/// At most `most` samples, at equal distances in their order.
std::vector<const Sample*> some_samples(Span<const Sample* const> samples, std::size_t most);

}  // namespace casd
