// Where a model runs. Samples are encoded once; a prediction under any mask is then cheap.
#pragma once

#include "infer/prediction.h"
#include "infer/workspace.h"
#include "model/batch.h"
#include "model/model.h"

#include <casd/predict.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace casd {

casd_predictor_options default_predictor_options();
casd_predictor_options checked(casd_predictor_options options);

/// Any number of threads may use one predictor at once. Each call in flight has a workspace of its
/// own; a Prediction, an EvidenceTable and the samples belong to the caller.
class Predictor {
 public:
  /// Throws UNAVAILABLE when the device or the plug-in is missing.
  Predictor(ModelPtr model, const casd_predictor_options& options);
  ~Predictor();

  const ModelPtr& model() const;
  const casd_predictor_options& options() const;

  /// Encodes what the samples have of the modalities in `wanted`; under absent = zeros also zero
  /// sequences: of every modality (`any_mask`), or only where it will not take part as given.
  /// Lengths are checked against max_steps (INVALID_ARGUMENT names sample and modality).
  void encode(EvidenceTable& evidence, Span<const Sample* const> samples, ModalityMask wanted,
              bool any_mask) const;

  /// Fuses, classifies and fills the tables as if only `mask` were there. Samples left with
  /// nothing get NaN and the row status STATE, whatever on_empty says.
  void predict_from_evidence(Prediction& prediction, const EvidenceTable& evidence,
                             ModalityMask mask) const;

  /// casd_predict(). On the CPU it does not allocate once its workspace has served a call of that
  /// size.
  void predict(Prediction& prediction, const Batch& batch, casd_modality_mask mask) const;

  /// casd_predict_frames(): one sample, a sequence per modality of the model. Frames behind a cleared
  /// bit of the mask are not read; wanted ones are read until this function returns.
  void predict_frames(Prediction& prediction, Span<const FrameSequence> frames,
                      casd_modality_mask mask) const;

  /// casd_predictor_trim(): releases the memory of workspaces that no call uses.
  void trim() const;
  /// Workspaces that there are, idle or in use.
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
