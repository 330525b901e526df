// The encoders as LibTorch operations, with or without gradient (METHOD.md 2).
#pragma once

#include "torch/noise.h"
#include "torch/parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace casd::torch_plugin {

/// One modality's frames of the samples it takes part in.
struct ModalityInput {
  at::Tensor sample;    // [rows] int64, ascending
  at::Tensor length;    // [rows] int64
  at::Tensor frames;    // [rows, steps, features] standardised; zeros beyond the length
  bool ragged = false;  // lengths differ
  bool whole = false;   // every sample takes part
  std::int64_t rows() const { return sample.defined() ? sample.size(0) : 0; }
};

struct Input {
  std::int64_t samples = 0;
  std::vector<ModalityInput> modalities;
};

class Encoders {
 public:
  explicit Encoders(const Parameters& parameters);

  /// [rows, 4, hidden]: gamma, delta, alpha, beta of the rows of one modality.
  at::Tensor encode(const ModalityInput& input, std::int32_t modality, const Chance& chance) const;

  /// Logits [samples, K] of representations [samples, hidden].
  at::Tensor classify(const at::Tensor& representation) const;

 private:
  struct Layer {
    at::Tensor norm1_weight, norm1_bias, qkv_weight, qkv_bias, output_weight, output_bias,
        norm2_weight, norm2_bias, wide_weight, wide_bias, narrow_weight, narrow_bias;
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
  at::Tensor without_keys_;      // [3 hidden]: 0 for the keys' part, else 1
  mutable at::Tensor position_;  // [steps, hidden], grown when a longer sequence comes
};

}  // namespace casd::torch_plugin
