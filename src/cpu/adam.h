// Constants of one step of the optimiser for parameters with one learning rate and one step count.
#pragma once

#include <cmath>

namespace casd::cpu {

struct AdamConstants {
  static constexpr float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float rate;            // divided by the correction of the first moment
  float second_scale;    // 1 / sqrt of the correction of the second moment
  float weight_decay;    // L2
  float gradient_scale;  // of the clipping

  AdamConstants(double learning_rate, double decay, double scale, double count)
      : rate(static_cast<float>(learning_rate / (1 - std::pow(0.9, count)))),
        second_scale(static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, count)))),
        weight_decay(static_cast<float>(decay)),
        gradient_scale(static_cast<float>(scale)) {}
};

}  // namespace casd::cpu
