// Missing frames, and standardised ones (docs/method.md, 1).
#pragma once

#include <cmath>
#include <cstdint>

namespace casd {

/// Whether all values of a frame are NaN.
inline bool is_missing(const float* frame, std::int64_t features) {
  for (std::int64_t f = 0; f < features; ++f)
    if (!std::isnan(frame[f])) return false;
  return true;
}

/// One frame: (x - mean) / std. Values that are not finite become 0 (the mean). Clipped to +-clip
/// (0: not clipped). T is float in the engines, double in the parity tests.
template <class T>
void standardise(const float* frame, const float* mean, const float* std, std::int32_t features,
                 T clip, T* out) {
  for (std::int32_t i = 0; i < features; ++i) {
    T z = (static_cast<T>(frame[i]) - static_cast<T>(mean[i])) / static_cast<T>(std[i]);
    if (!std::isfinite(z)) z = 0;
    if (clip > 0) z = z > clip ? clip : (z < -clip ? -clip : z);
    out[i] = z;
  }
}

}  // namespace casd
