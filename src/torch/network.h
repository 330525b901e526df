// The encoders as LibTorch operations, with or without gradient (docs/method.md 2).
#pragma once

#include "torch/input.h"
#include "torch/parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace casd::torch_engine {

/// The network over one set of leaves. One thread at a time.
class Encoders {
 public:
  explicit Encoders(const ParameterLeaves& parameters);

  /// [rows, 4, hidden]: gamma, delta, alpha, beta of the rows of one modality.
  at::Tensor encode(const ModalityInput& input, std::int32_t modality,
                    const RandomContext& random) const;

  /// Logits [samples, K] of representations [samples, hidden].
  at::Tensor classify(const at::Tensor& representation) const;

 private:
  struct Layer {
    at::Tensor norm1_weight, norm1_bias, query_weight, query_bias, key_value_weight, key_value_bias,
        output_weight, output_bias, norm2_weight, norm2_bias, wide_weight, wide_bias, narrow_weight,
        narrow_bias;
  };
  struct Modality {
    at::Tensor conv_weight, conv_bias, norm_weight, norm_bias, evidence_weight, evidence_bias;
    std::vector<Layer> layers;
  };

  at::Tensor embed(const Modality& modality, const at::Tensor& frames) const;
  at::Tensor attend(const Layer& layer, const at::Tensor& normed, const at::Tensor& last,
                    const at::Tensor& hidden_keys, std::int64_t rows, std::int64_t steps) const;
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;

  casd_model_options options_;
  std::vector<Modality> modalities_;
  at::Tensor classifier_weight_, classifier_bias_;
  mutable at::Tensor position_;  // [steps, hidden], extended for longer sequences
};

}  // namespace casd::torch_engine
