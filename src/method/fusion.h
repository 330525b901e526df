// Confidence-aware fusion of the modalities that participate, one dimension at a time (docs/method.md
// 4).
#pragma once

#include "method/law.h"

#include <casd/model.h>

#include <cmath>
#include <cstdint>

namespace casd {

/// How modalities are fused (casd_model_options).
struct FusionRules {
  casd_fusion_weighting weights;
  casd_fused_variance fused_variance;
};

template <class T>
struct FusedLaw {
  T location;            // mu_F
  T degrees_of_freedom;  // nu_F
  T squared_scale;       // sigma_F^2
  T variance;            // U_F
  T disagreement;        // sum of C_m (gamma_m - mu_F)^2
};

/// w_m without the factor of trust.
template <class T>
CASD_HOST_DEVICE T fusion_weight(const NormalInverseGamma<T>& law, casd_fusion_weighting weights) {
  switch (weights) {
    case CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM:
      return law.degrees_of_freedom() - 2;
    case CASD_WEIGHTS_DEGREES_OF_FREEDOM:
      return law.degrees_of_freedom();
    case CASD_WEIGHTS_PRECISION:
      return 1 / law.variance();
    default:
      return 1;
  }
}

/// sigma_F^2 from U_F and nu_F.
template <class T>
CASD_HOST_DEVICE T fused_squared_scale(T variance, T degrees_of_freedom) {
  return variance * (degrees_of_freedom - 2) / degrees_of_freedom;
}

/// What multiplies weight and variance of a modality: trust and input guard (docs/method.md 10).
template <class T>
struct ModalityFactors {
  T weight, variance;
};

/// Fuses `count` laws (1 to 32). `factors` [count] or NULL. `weight` [count] receives C_m.
template <class T>
CASD_HOST_DEVICE FusedLaw<T> fuse(const NormalInverseGamma<T>* law, std::int32_t count,
                                  const FusionRules& rules, const ModalityFactors<T>* factors,
                                  T* weight) {
  T total = 0;
  for (std::int32_t m = 0; m < count; ++m) {
    weight[m] = fusion_weight(law[m], rules.weights) * (factors ? factors[m].weight : 1);
    total += weight[m];
  }
  FusedLaw<T> out{0, law[0].degrees_of_freedom(), 0, 0, 0};
  for (std::int32_t m = 0; m < count; ++m) {
    weight[m] /= total;
    out.location += weight[m] * law[m].gamma;
    const T nu = law[m].degrees_of_freedom();
    if (nu < out.degrees_of_freedom) out.degrees_of_freedom = nu;
    const T variance = law[m].variance() * (factors ? factors[m].variance : 1);
    out.variance += rules.fused_variance == CASD_FUSED_VARIANCE_MEAN
                        ? variance / static_cast<T>(count)
                        : weight[m] * weight[m] * variance;
  }
  for (std::int32_t m = 0; m < count; ++m) {
    const T distance = law[m].gamma - out.location;
    out.disagreement += weight[m] * distance * distance;
  }
  out.squared_scale = fused_squared_scale(out.variance, out.degrees_of_freedom);
  return out;
}

/// The gradient of a loss with respect to the results of fuse() that a loss uses.
template <class T>
struct FusedGradient {
  T location, degrees_of_freedom, variance;
};

/// Adds to `gradient` [count] what `fused_gradient` contributes. `fused` and `weight` are the results
/// of fuse() without factors. The smallest degrees of freedom divide their gradient among equals.
template <class T>
CASD_HOST_DEVICE void fuse_backward(const NormalInverseGamma<T>* law, std::int32_t count,
                                    const FusionRules& rules, const FusedLaw<T>& fused,
                                    const T* weight, const FusedGradient<T>& fused_gradient,
                                    NormalInverseGamma<T>* gradient) {
  const bool is_mean = rules.fused_variance == CASD_FUSED_VARIANCE_MEAN;
  // C_m = w_m / sum of w: dL/dw_m = (dL/dC_m - sum over k of C_k dL/dC_k) / sum of w.
  const auto share_gradient = [&](std::int32_t m) {
    return fused_gradient.location * law[m].gamma +
           (is_mean ? 0 : fused_gradient.variance * 2 * weight[m] * law[m].variance());
  };
  T mean_gradient = 0, total = 0;
  std::int32_t smallest = 0;
  for (std::int32_t m = 0; m < count; ++m) {
    mean_gradient += weight[m] * share_gradient(m);
    total += fusion_weight(law[m], rules.weights);
    smallest += law[m].degrees_of_freedom() == fused.degrees_of_freedom;
  }
  for (std::int32_t m = 0; m < count; ++m) {
    const T weight_gradient = (share_gradient(m) - mean_gradient) / total;
    T variance_gradient =
        fused_gradient.variance * (is_mean ? 1 / static_cast<T>(count) : weight[m] * weight[m]);
    gradient[m].gamma += fused_gradient.location * weight[m];
    if (rules.weights == CASD_WEIGHTS_PRECISION) {
      const T variance = law[m].variance();
      variance_gradient -= weight_gradient / (variance * variance);
    } else if (rules.weights != CASD_WEIGHTS_EQUAL) {
      gradient[m].alpha += 2 * weight_gradient;
    }
    if (law[m].degrees_of_freedom() == fused.degrees_of_freedom)
      gradient[m].alpha += 2 * fused_gradient.degrees_of_freedom / static_cast<T>(smallest);
    variance_backward(law[m], variance_gradient, gradient[m]);
  }
}

}  // namespace casd
