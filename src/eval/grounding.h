// What is fitted after the training: linear maps, input guard, trust, contributions, temperatures
// (docs/method.md 6.4 and 10).
#pragma once

#include "eval/calibration.h"

namespace casd {

struct FitRequest {
  bool balance_classes = true;  // the linear experts weigh classes by N / (K N_k)
  bool temperatures = true;     // of a model without linear maps
  bool trust = false;           // of a model without linear maps
  int threads = 1;
};

struct FittedModel {
  ModelPtr model;
  std::size_t samples = 0;  // held-out samples that the fit used
};

/// A copy of the model with everything that its options ask for:
/// - `linear`: linear maps fitted on `train`; trust, contributions and temperatures on `held_out`
///   (without samples: 1, 1 and 2);
/// - `input_guard`: limits fitted on both;
/// - without `linear`: fit_calibration() on `held_out`.
/// If `train` is empty, the model keeps its linear maps and its guard; a guard that was never fitted is
/// fitted on `held_out`. The samples have a modality and a permitted length.
/// `progress` is called with the work done and all work, about in reads of a sample; the last call has
/// both equal.
FittedModel fit_after_training(const ModelPtr& model, Span<const Sample* const> train,
                               Span<const Sample* const> held_out, const FitRequest& request,
                               const EvaluationProgress& progress = {});

}  // namespace casd
