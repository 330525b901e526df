// Computes a row of the prediction from the evidence of a sample: fusion, classifier, calibration.
#pragma once

#include "cpu/encoder.h"
#include "model/model.h"
#include "predict/prediction.h"
#include "predict/workspace.h"

#include <cstdint>
#include <vector>

namespace casd {

/// Any number of threads. Does not allocate.
class PredictionRows {
 public:
  /// Both must outlive this object.
  PredictionRows(const Model& model, const Encoder& encoder);

  /// Fills one row from the modalities in `participating`. If there are none, the row is NaN with
  /// status STATE. If a result is not finite, the row is NaN with status NUMERIC.
  void fill(Prediction& prediction, const EvidenceTable& evidence, std::int64_t row,
            ModalityMask participating) const;

 private:
  /// Modalities that are fused, and their evidence [4, hidden].
  struct Inputs {
    std::int32_t count = 0;
    std::int32_t modality[CASD_MAX_MODALITIES];
    const float* nig[CASD_MAX_MODALITIES];
    float trust[CASD_MAX_MODALITIES];
  };

  bool has_finite_evidence(const Inputs& inputs) const;
  Inputs inputs(const EvidenceTable& evidence, std::int64_t row, ModalityMask participating) const;
  void fuse_row(Prediction& prediction, std::int64_t row, const Inputs& inputs) const;
  void classify_row(Prediction& prediction, std::int64_t row, ModalityMask participating) const;

  const Model& model_;
  const Encoder& encoder_;
  const std::int64_t hidden_;
  const std::int32_t modalities_;
  std::vector<float> trust_;                    // [modalities]
  Span<const float> target_mean_, target_std_;  // regression only
};

}  // namespace casd
