// The law of each modality and confidence-aware fusion, one dimension at a time (docs/method.md 3, 4).
// Templates: the engines use float, tests of the formulas use double.
#pragma once

#include <casd/model.h>

#include <cstdint>

namespace casd {

/// Normal-Inverse-Gamma: y | mu, s2 ~ N(mu, s2), mu | s2 ~ N(gamma, s2 / delta),
/// s2 ~ Inv-Gamma(alpha, beta).
template <class T>
struct NormalInverseGamma {
  T gamma, delta, alpha, beta;

  T aleatoric() const { return beta / (alpha - 1); }            // E[s2]
  T epistemic() const { return beta / (delta * (alpha - 1)); }  // Var[mu]
  T variance() const { return aleatoric() + epistemic(); }      // of the Student's t
  T degrees_of_freedom() const { return 2 * alpha; }
  T squared_scale() const { return beta * (1 + delta) / (delta * alpha); }
};

template <class T>
struct FusedLaw {
  T location;            // mu_F
  T degrees_of_freedom;  // nu_F
  T squared_scale;       // Sigma_F
  T variance;            // U_F
  T disagreement;        // sum of C_m (mu_m - mu_F)^2
};

/// Fuses `count` laws (1 to 32). `trust`: factor of each weight, or NULL. `weight` [count] receives
/// C_m.
template <class T>
FusedLaw<T> fuse(const NormalInverseGamma<T>* law, std::int32_t count,
                 casd_fusion_weighting weights, casd_fused_variance fused_variance, const T* trust,
                 T* weight);

}  // namespace casd

#include "infer/fusion_inline.h"
