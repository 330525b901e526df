// Statistics of the training samples, fitted before the first step (docs/method.md 1, 6).
#pragma once

#include "model/batch.h"
#include "model/model.h"

#include <vector>

namespace casd {

struct Statistics {
  std::vector<std::vector<float>> mean, std;   // per modality [features]
  std::vector<float> target_mean, target_std;  // regression [outputs]; else empty
};

/// Population mean and standard deviation over the finite values of all frames, computed in double. A
/// feature without a finite value gets mean 0 and deviation 1; a deviation below 1e-6 becomes 1.
Statistics fit_statistics(const Schema& schema, Span<const Sample* const> samples);

/// A copy of the model with normaliser and target scale replaced.
ModelPtr with_statistics(const Model& model, const Statistics& statistics);

/// N / (K N_k) over the samples with a class; 1 where a class has none.
std::vector<float> balanced_class_weights(const Schema& schema, Span<const Sample* const> samples);

}  // namespace casd
