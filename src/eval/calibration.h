// Temperatures, and optionally the modalities' trust, fitted on held-out samples (docs/method.md 6.4).
#pragma once

#include "eval/condition_predictions.h"

namespace casd {

struct CalibrationRequest {
  bool temperatures = true;
  bool trust = false;
  int threads = 1;
};
/// Fits temperatures: per key the tau in [0.2, 20] with the smallest unweighted cross-entropy
/// (docs/method.md 6.4), and trust: one factor per modality that lowers the mean cross-entropy over
/// all conditions. Keys without a labelled sample get no temperature. Samples whose prediction fails
/// are left out. Regression has nothing to fit.
/// The samples are encoded once. Their frames are not read afterwards.
Calibration fit_calibration(const ModelPtr& model, Span<const Sample* const> samples,
                            const CalibrationRequest& request, const WorkProgress& progress = {});
/// The work of fit_calibration() for each sample, in the unit of encode_work.
double calibration_work(const Schema& schema, const CalibrationRequest& request);

/// How far the predictions of complete inputs are from the targets: the cross-entropy at the
/// temperature of [0.2, 20] that makes it least, so that evidence alone does not decide (multi-label:
/// of each output's pair), or the mean squared error in the targets' units (regression). With fewer
/// than 200 labelled samples the temperature is cross-fitted: that of each tenth is the best one of
/// the others, whole groups together. NaN without a labelled sample.
double held_out_loss(Predictor& predictor, Span<const Sample* const> samples);

}  // namespace casd
