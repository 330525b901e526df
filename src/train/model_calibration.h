// Fits the calibration of a trained model, for casd_model_calibrate() and casd_trainer_calibrate().
#pragma once

#include "data/dataset.h"
#include "eval/grounding.h"

#include <casd/calibrate.h>

#include <string>

namespace casd {

/// The model with what its options ask for (fit_after_training()); the model itself if that is nothing.
/// `train`: for linear maps and guard; empty: they are kept. `held_out_name` names the held-out samples
/// in messages: "the batch". Throws INVALID_ARGUMENT if none of them has a label, NUMERIC if none has
/// a finite prediction.
ModelPtr calibrate(const ModelPtr& model, Span<const Sample* const> train,
                   Span<const Sample* const> held_out, const FitRequest& request,
                   const std::string& held_out_name, const EvaluationProgress& progress = {});

casd_calibrate_options default_calibrate_options();

/// casd_model_calibrate(). `split`: NULL or "": the default.
ModelPtr calibrate(const ModelPtr& model, const Dataset& dataset, const char* split,
                   const casd_calibrate_options& options, const EvaluationProgress& progress = {});

}  // namespace casd
