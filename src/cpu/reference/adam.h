// One step of Adam with L2 weight decay in plain C++, as it is usually written (Kingma and Ba, arXiv
// 1412.6980, algorithm 1).
#pragma once

#include <cmath>

namespace casd::cpu::reference {

template <class T>
struct AdamState {
  T parameter, first, second;
};

template <class T>
AdamState<T> adam(AdamState<T> s, T gradient, T rate, T weight_decay, T count) {
  const T beta1 = static_cast<T>(0.9), beta2 = static_cast<T>(0.999),
          epsilon = static_cast<T>(1e-8);
  gradient += weight_decay * s.parameter;
  s.first = beta1 * s.first + (1 - beta1) * gradient;
  s.second = beta2 * s.second + (1 - beta2) * gradient * gradient;
  const T first = s.first / (1 - std::pow(beta1, count));
  const T second = s.second / (1 - std::pow(beta2, count));
  s.parameter -= rate * first / (std::sqrt(second) + epsilon);
  return s;
}

}  // namespace casd::cpu::reference
