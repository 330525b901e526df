// Tensors of the random numbers of a training step (method/noise.h): dropout masks and the noise of the
// sampled representation. They are drawn on the host, keyed by the row of the whole batch and the true
// time step, so that padding, micro-batches, threads and devices do not change them.
#pragma once

#include "method/noise.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace casd::torch_engine {

/// Selects the random numbers of one pass through the network.
struct RandomContext {
  double dropout = 0;  // 0: no masks are made
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint32_t pass = 0;       // 0: the input, 1: complete input (teacher `shared`)
  std::uint64_t first_row = 0;  // of the whole batch: that of the input's row 0
};

/// Maps the rows of an activation [sample.size() * frames, width] to samples and time steps. Frame f
/// of sample i is time step first[i] + f. Time steps from end[i] on are padding and become zero.
struct FrameRange {
  const std::vector<std::int32_t>& sample;  // row of the input
  std::int64_t frames;
  std::vector<std::int32_t> first, end;
};

/// x times a fresh mask: 0 with probability `dropout`, else 1 / (1 - dropout).
at::Tensor drop(const at::Tensor& x, const FrameRange& range, const RandomContext& random,
                std::int32_t modality, std::uint32_t place);

/// Standard normal numbers [rows, width], float64 on the CPU.
at::Tensor normal_noise(std::int64_t rows, std::int64_t width, const RandomContext& random);

/// Gamma(a, 1) variates for each a > 1, [rows, width], float64 on the CPU.
at::Tensor gamma_noise(const at::Tensor& a, const RandomContext& random);

}  // namespace casd::torch_engine
