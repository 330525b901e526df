// Trust, contributions and temperatures, fitted together on held-out samples (docs/method.md 10.2).
#pragma once

#include "eval/work_progress.h"
#include "model/model.h"

#include <casd/schema.h>

#include <cstdint>
#include <vector>

namespace casd {

/// What the fit needs to know of held-out samples with a target: N samples, M modalities, d hidden
/// dimensions, K logits.
struct HeldOutEvidence {
  casd_task task = CASD_TASK_CLASSES;
  std::int32_t modalities = 0;                             // M
  std::size_t hidden = 0;                                  // d
  std::size_t columns = 0;                                 // K
  std::vector<double> classifier_weight, classifier_bias;  // [K, d], [K]
  std::vector<ModalityMask> given;  // [N] the modalities of each sample, not 0
  std::vector<double> location;     // [N, M, d] gamma; any number where a modality is missing
  std::vector<double> weight;       // [N, M, d] w before trust
  std::vector<double> linear;       // [N, M, K] outputs of the linear experts
  /// Where absent modalities participate: location and weight of their zero sequences; else empty.
  std::vector<double> absent_location, absent_weight;  // [N, M, d]
  /// Classes: [N] the class. Multi-label: [N, K / 2]. Regression: [N, K], standardised.
  std::vector<double> target;

  std::size_t count() const { return given.size(); }
};

struct FusionFit {
  std::vector<double> trust;         // [M] in [0.01, 1]
  std::vector<double> contribution;  // [M] 0 or more
  /// Of every key, also of those without a sample, ascending; empty for a regression.
  std::vector<std::pair<TemperatureKey, double>> temperatures;
  double objective = 0;
};

constexpr int expected_evaluations = 60;

/// The minimum of the held-out loss with its priors, from trust 1, contributions 1 and temperatures 2.
/// Without samples it is this start. The progress expects `expected_evaluations` of the loss; it stands
/// at its end while the search needs more.
FusionFit fit_fusion(const HeldOutEvidence& held_out, const WorkProgress& progress = {});

}  // namespace casd
