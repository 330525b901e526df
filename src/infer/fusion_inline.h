// The definition of fuse(); included by fusion.h only.
#pragma once

#include <cmath>

namespace casd {

template <class T>
T fusion_weight(const NormalInverseGamma<T>& law, casd_fusion_weighting weights) {
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

template <class T>
FusedLaw<T> fuse(const NormalInverseGamma<T>* law, std::int32_t count,
                 casd_fusion_weighting weights, casd_fused_variance fused_variance, const T* trust,
                 T* weight) {
  T total = 0;
  for (std::int32_t m = 0; m < count; ++m) {
    weight[m] = fusion_weight(law[m], weights) * (trust ? trust[m] : 1);
    total += weight[m];
  }
  FusedLaw<T> out{0, law[0].degrees_of_freedom(), 0, 0, 0};
  for (std::int32_t m = 0; m < count; ++m) {
    weight[m] /= total;
    out.location += weight[m] * law[m].gamma;
    const T nu = law[m].degrees_of_freedom();
    if (nu < out.degrees_of_freedom) out.degrees_of_freedom = nu;
    out.variance += fused_variance == CASD_FUSED_VARIANCE_MEAN
                        ? law[m].variance() / static_cast<T>(count)
                        : weight[m] * weight[m] * law[m].variance();
  }
  for (std::int32_t m = 0; m < count; ++m) {
    const T distance = law[m].gamma - out.location;
    out.disagreement += weight[m] * distance * distance;
  }
  out.squared_scale = out.variance * (out.degrees_of_freedom - 2) / out.degrees_of_freedom;
  return out;
}

}  // namespace casd
