#include "torch/noise.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

namespace casd::torch_plugin {
namespace {

constexpr std::uint32_t places = 160;  // per modality: 2 + 2 * 64 layers fit
constexpr std::int64_t grain = 16384;  // numbers a thread draws at least; a multiple of 64

/// Box-Muller from two words: u in (0, 1), angle in [0, 1).
double normal_from(std::uint32_t first, std::uint32_t second) {
  constexpr double two_pi = 6.283185307179586476925;
  const double u = (static_cast<double>(first) + 0.5) * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(two_pi * (static_cast<double>(second) * 0x1p-32));
}

}  // namespace

at::Tensor drop(const at::Tensor& x, const Chance& chance, std::int32_t modality,
                std::uint32_t place) {
  if (chance.dropout <= 0) return x;
  const RandomStream stream(
      chance.seed, chance.step, RandomSite::dropout,
      (chance.pass * 32 + static_cast<std::uint32_t>(modality)) * places + place);
  const at::Tensor mask = at::empty(x.sizes(), at::TensorOptions().dtype(at::kFloat));
  float* to = mask.mutable_data_ptr<float>();
  const auto rate = static_cast<float>(chance.dropout);
  const auto kept = static_cast<float>(1 / (1 - chance.dropout));
  at::parallel_for(0, mask.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
    // Blocks begin at multiples of four whatever the number of threads.
    begin = (begin + 3) / 4 * 4;
    end = std::min((end + 3) / 4 * 4, mask.numel());
    if (begin >= end) return;
    const auto count = static_cast<std::size_t>(end - begin);
    stream.fill_uniform({to + begin, count}, static_cast<std::uint64_t>(begin));
    for (std::int64_t i = begin; i < end; ++i) to[i] = to[i] >= rate ? kept : 0.0f;
  });
  return x * mask.to(x.options());
}

at::Tensor normal_noise(at::IntArrayRef shape, const Chance& chance) {
  const at::Tensor out = at::empty(shape, at::TensorOptions().dtype(at::kDouble));
  const RandomStream stream(chance.seed, chance.step, RandomSite::sampling_normal, chance.pass);
  auto* to = out.mutable_data_ptr<double>();
  at::parallel_for(0, out.numel(), grain / 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const PhiloxBlock word = stream.block(static_cast<std::uint64_t>(i));
      to[i] = normal_from(word[0], word[1]);
    }
  });
  return out;
}

at::Tensor gamma_noise(const at::Tensor& a, const Chance& chance) {
  constexpr std::uint64_t attempts = 32;  // one is refused with a chance below 5 %
  const at::Tensor shape = a.detach().to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor out = at::empty(shape.sizes(), shape.options());
  const RandomStream stream(chance.seed, chance.step, RandomSite::sampling_gamma, chance.pass);
  const auto* from = shape.const_data_ptr<double>();
  auto* to = out.mutable_data_ptr<double>();
  at::parallel_for(0, out.numel(), grain / 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const double d = from[i] - 1.0 / 3, c = 1 / std::sqrt(9 * d);
      to[i] = d;
      for (std::uint64_t k = 0; k < attempts; ++k) {
        const PhiloxBlock word = stream.block(static_cast<std::uint64_t>(i) * attempts + k);
        const double x = normal_from(word[0], word[1]);
        const double root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root;
        const double u = (static_cast<double>(word[2]) + 0.5) * 0x1p-32;
        if (std::log(u) >= 0.5 * x * x + d - d * v + d * std::log(v)) continue;
        to[i] = d * v;
        break;
      }
    }
  });
  return out;
}

}  // namespace casd::torch_plugin
