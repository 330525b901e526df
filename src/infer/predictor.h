// Where a model runs. Samples are encoded once; then any mask can be asked about cheaply.
#pragma once

#include "infer/encoder.h"
#include "infer/prediction.h"
#include "model/batch.h"
#include "model/model.h"

#include <casd/predict.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace casd {

/// Normal-Inverse-Gamma parameters of some samples, per modality.
struct Evidence {
  std::int64_t samples = 0;
  std::vector<ModalityMask> given;  // [samples] what the sample has
  std::vector<float> present;       // [samples, modalities, 4, hidden] where it is given
  std::vector<float> zeros;         // the same of zero sequences; absent = zeros only
};

casd_predictor_options default_predictor_options();
casd_predictor_options checked(casd_predictor_options options);

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
  void encode(Evidence& evidence, Span<const Sample* const> samples, ModalityMask wanted,
              bool any_mask);

  /// Fuses, classifies and fills the tables as if only `mask` were there. Samples left with
  /// nothing get NaN and the row status STATE, whatever on_empty says.
  void conclude(Prediction& prediction, const Evidence& evidence, ModalityMask mask);

  /// casd_predict(): checks, encode, conclude. On the CPU it does not allocate after the first call
  /// of that size.
  void predict(Prediction& prediction, const Batch& batch, casd_modality_mask mask);

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
