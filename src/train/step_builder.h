// Builds the requests of training steps on a set of samples: targets, and the sums over the batch by
// which losses are divided.
#pragma once

#include "engine/training_engine.h"
#include "model/model.h"

#include <casd/train.h>

#include <cstdint>
#include <vector>

namespace casd {

/// The options that an engine needs.
TrainingOptions training_options(const casd_trainer_options& options);

class StepBuilder {
 public:
  StepBuilder() = default;
  /// The samples must outlive this object. Throws INVALID_ARGUMENT if a sample has more than max_steps
  /// frames of a modality. class_weights: [outputs], or empty.
  StepBuilder(const Model& model, Span<const Sample* const> samples,
              Span<const float> class_weights);

  std::int64_t samples() const { return input_.samples(); }
  /// What engines bind; valid as long as this object.
  TrainingData data() const { return {input_, target_, labelled_}; }

  /// A step on the whole batch `rows`, which must outlive the request. `step`: number of the step in its
  /// phase.
  StepRequest request(const casd_trainer_options& options, casd_phase phase, std::int64_t step,
                      Span<const std::int64_t> rows) const;

 private:
  /// Modalities of a row that participate if those in `kept` are not removed.
  ModalityMask participating(ModalityMask kept) const { return zeros_ ? all_ : kept; }

  InputTable input_;
  std::vector<float> target_;           // [samples, columns]
  std::vector<std::uint8_t> labelled_;  // [samples]
  std::vector<float> target_weight_;    // [samples]: class weight, 1, or 0 without a label
  ModalityMask all_ = 0;
  bool zeros_ = false;
};

}  // namespace casd
