// Computes a row of the prediction from the evidence of a sample: fusion, classifier, calibration.
#pragma once

#include "method/fusion.h"
#include "model/model.h"
#include "predict/guarantee_rows.h"
#include "predict/prediction.h"
#include "predict/workspace.h"

#include <cstdint>
#include <vector>

namespace casd {

/// Any number of threads. Does not allocate.
class PredictionRows {
 public:
  /// The model must outlive this object. `coverage`, `error_rate`: casd_predictor_options.
  PredictionRows(const Model& model, double coverage, double error_rate);

  /// Fills one row from the modalities in `participating`. If there are none, the row is NaN with
  /// status STATE. If a result is not finite, the row is NaN with status NUMERIC.
  void fill(Prediction& prediction, const EvidenceTable& evidence, std::int64_t row,
            ModalityMask participating) const;

  /// Sums over the dimensions i of w_i^2 C_m^2 V_m for each output (w: its row of the classifier) and
  /// modality, 0 for one that does not participate; `out` [K, modalities].
  void variance_terms(const EvidenceTable& evidence, std::int64_t row, ModalityMask participating,
                      double* out) const;

  /// U_F of each dimension; `participating` is not 0.
  void fused_variance(const EvidenceTable& evidence, std::int64_t row, ModalityMask participating,
                      float* out) const;

 private:
  /// Modalities that are fused, and their evidence [4, hidden].
  struct Inputs {
    std::int32_t count = 0;
    std::int32_t modality[CASD_MAX_MODALITIES];
    const float* nig[CASD_MAX_MODALITIES];
    ModalityFactors<float> factors[CASD_MAX_MODALITIES];
    // Of the linear path, for modalities that were given; else NULL.
    const float* linear[CASD_MAX_MODALITIES];  // [K]
    float contribution[CASD_MAX_MODALITIES];
    float guard[CASD_MAX_MODALITIES];  // its factor of the variance
  };

  /// A dimension's distributions and, fused, their distribution; `weight`: C_m.
  FusedLaw<float> fuse_dimension(const Inputs& inputs, std::int64_t i,
                                 NormalInverseGamma<float>* law, float* weight) const;
  bool has_finite_evidence(const Inputs& inputs) const;
  Inputs inputs(const EvidenceTable& evidence, std::int64_t row, ModalityMask participating) const;
  void fuse_row(Prediction& prediction, std::int64_t row, const Inputs& inputs) const;
  void classify_row(Prediction& prediction, std::int64_t row, const Inputs& inputs,
                    ModalityMask participating) const;
  void add_variance(Span<float> variance, std::int64_t i, const Inputs& inputs,
                    const NormalInverseGamma<float>* law, const float* weight) const;

  const Model& model_;
  const std::int64_t hidden_;
  const std::int32_t modalities_;
  const std::int64_t logits_;
  std::vector<float> trust_, contribution_;              // [modalities]
  Span<const float> weight_, bias_;                      // of the classifier: [K, hidden], [K]
  Span<const float> target_mean_, target_std_;           // regression only
  std::vector<float> variance_floor_, variance_factor_;  // [K], [K, modalities]; or empty
  GuaranteeRows guarantees_;
};

}  // namespace casd
