// The chance in a training step: dropout masks and the noise of the sampled representation. Drawn on
// the host from counters, so that every device draws the same numbers.
#pragma once

#include "core/random.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace casd::torch_plugin {

/// Where the numbers of one pass through the network come from.
struct Chance {
  double dropout = 0;  // 0: no masks are made
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint32_t pass = 0;  // 0: the input, 1: complete input (teacher `shared`)
};

/// Places within a modality at which dropout is drawn.
constexpr std::uint32_t dropout_embedding = 0;
constexpr std::uint32_t dropout_pooled = 1;
inline std::uint32_t dropout_attention(std::int32_t layer) {
  return 2 + 2 * static_cast<std::uint32_t>(layer);
}
inline std::uint32_t dropout_feed_forward(std::int32_t layer) {
  return 3 + 2 * static_cast<std::uint32_t>(layer);
}

/// x times a fresh mask: 0 with probability `dropout`, else 1 / (1 - dropout).
at::Tensor drop(const at::Tensor& x, const Chance& chance, std::int32_t modality,
                std::uint32_t place);

/// Standard normal numbers of a shape, float64 on the CPU.
at::Tensor normal_noise(at::IntArrayRef shape, const Chance& chance);

/// Gamma(a, 1) variates for each a > 1 (Marsaglia and Tsang, doi 10.1145/358407.358414), float64 on
/// the CPU.
at::Tensor gamma_noise(const at::Tensor& a, const Chance& chance);

}  // namespace casd::torch_plugin
