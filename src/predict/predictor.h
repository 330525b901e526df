// Runs a model. Samples are encoded once; predictions under further masks then cost little.
#pragma once

#include "engine/inference_engine.h"
#include "model/batch.h"
#include "model/model.h"
#include "predict/prediction.h"
#include "predict/workspace.h"

#include <casd/predict.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace casd {

casd_predictor_options default_predictor_options();
casd_predictor_options checked(casd_predictor_options options);

/// Any number of threads can use one predictor concurrently. Each concurrent call has its own
/// workspace. The caller owns Prediction, EvidenceTable and samples.
class Predictor {
 public:
  /// Throws UNAVAILABLE when the device or the plug-in is missing.
  Predictor(ModelPtr model, const casd_predictor_options& options);
  /// With an engine that has the weights of the model.
  Predictor(ModelPtr model, InferenceEnginePtr engine, const casd_predictor_options& options);
  ~Predictor();

  const ModelPtr& model() const;
  const casd_predictor_options& options() const;

  /// Encodes the modalities in `wanted` that the samples have. With absent = zeros also encodes zero
  /// sequences: of every modality (`any_mask`), or only of those that `wanted` or the sample lacks.
  /// Throws INVALID_ARGUMENT naming sample and modality if a length exceeds max_steps.
  void encode(EvidenceTable& evidence, Span<const Sample* const> samples, ModalityMask wanted,
              bool any_mask) const;

  /// Fuses, classifies and fills the tables using only the modalities in `mask`. Samples without any
  /// of them get NaN and the row status STATE, for every value of the option on_empty.
  void predict_from_evidence(Prediction& prediction, const EvidenceTable& evidence,
                             ModalityMask mask) const;

  /// Terms of the variance of a regression's outputs: PredictionRows::variance_terms().
  void variance_terms(const EvidenceTable& evidence, std::int64_t row, ModalityMask participating,
                      double* out) const;

  /// A predictor of the linear maps alone: the same model with a classifier of zeros. It shares the
  /// engine, and reads the same evidence.
  std::unique_ptr<Predictor> linear_part() const;

  /// U_F per dimension [samples, hidden], of which the field `uncertainty` is the mean. The samples
  /// have a modality of the mask.
  std::vector<float> fused_variance(const EvidenceTable& evidence, ModalityMask mask) const;

  /// casd_predict(). On the CPU it does not allocate if its workspace was used for a call of at least
  /// that size before.
  void predict(Prediction& prediction, const Batch& batch, casd_modality_mask mask) const;

  /// casd_predict_frames(): one sample, one sequence per modality of the model. Frames of modalities
  /// outside the mask are not read. The others are not read after this function returns.
  void predict_frames(Prediction& prediction, Span<const FrameSequence> frames,
                      casd_modality_mask mask) const;

  /// casd_predictor_trim(): releases the memory of workspaces that no call uses.
  void trim() const;
  /// Number of workspaces, idle or in use.
  std::int64_t workspaces() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Pointers to all samples of a vector or a Batch.
template <class Samples>
std::vector<const Sample*> sample_pointers(const Samples& samples) {
  std::vector<const Sample*> out;
  out.reserve(static_cast<std::size_t>(samples.size()));
  for (decltype(samples.size()) i = 0; i < samples.size(); ++i) out.push_back(&samples[i]);
  return out;
}

}  // namespace casd
