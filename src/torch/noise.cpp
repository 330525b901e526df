#include "torch/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace casd::torch_engine {
namespace {

// RandomStream::fill_uniform() is fastest in pieces of this size.
constexpr std::int64_t fast_piece = 64;

}  // namespace

at::Tensor drop(const at::Tensor& x, const FrameRange& range, const RandomContext& random,
                std::int32_t modality, std::uint32_t place) {
  if (random.dropout <= 0) return x;
  const RandomStream stream = dropout_stream(random.seed, random.step, random.pass,
                                             static_cast<std::uint32_t>(modality), place);
  const at::Tensor mask = at::empty(x.sizes(), at::TensorOptions().dtype(at::kFloat));
  const std::int64_t width = x.size(1), row_size = range.frames * width;
  const auto rate = static_cast<float>(random.dropout);
  const auto kept = static_cast<float>(1 / (1 - random.dropout));
  std::vector<float> drawn;
  float* to = mask.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < range.sample.size(); ++i, to += row_size) {
    // Number `width * time step + column` of the row's stream.
    const std::int64_t begin = range.first[i] * width;
    const std::int64_t count =
        std::min(row_size, (std::int64_t{range.end[i]} - range.first[i]) * width);
    const std::int64_t surplus = begin % 4;  // fill_uniform() begins at multiples of four
    drawn.resize(
        static_cast<std::size_t>((surplus + count + fast_piece - 1) / fast_piece * fast_piece));
    stream.at_row(random.first_row + static_cast<std::uint64_t>(range.sample[i]))
        .fill_uniform(drawn, static_cast<std::uint64_t>(begin - surplus));
    const float* from = drawn.data() + surplus;
    for (std::int64_t k = 0; k < count; ++k) to[k] = from[k] >= rate ? kept : 0.0f;
    std::fill(to + count, to + row_size, 0.0f);
  }
  return x * mask.to(x.options());
}

at::Tensor normal_noise(std::int64_t rows, std::int64_t width, const RandomContext& random) {
  const at::Tensor out = at::empty({rows, width}, at::TensorOptions().dtype(at::kDouble));
  const RandomStream stream(random.seed, random.step, RandomSite::sampling_normal, random.pass);
  auto* to = out.mutable_data_ptr<double>();
  for (std::int64_t row = 0; row < rows; ++row) {
    const RandomStream of_row = stream.at_row(random.first_row + static_cast<std::uint64_t>(row));
    for (std::int64_t i = 0; i < width; ++i)
      *to++ = casd::normal_noise(of_row, static_cast<std::uint64_t>(i));
  }
  return out;
}

at::Tensor gamma_noise(const at::Tensor& a, const RandomContext& random) {
  const at::Tensor shape = a.detach().to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor out = at::empty(shape.sizes(), shape.options());
  const RandomStream stream(random.seed, random.step, RandomSite::sampling_gamma, random.pass);
  const auto* from = shape.const_data_ptr<double>();
  auto* to = out.mutable_data_ptr<double>();
  for (std::int64_t row = 0; row < shape.size(0); ++row) {
    const RandomStream of_row = stream.at_row(random.first_row + static_cast<std::uint64_t>(row));
    for (std::int64_t i = 0; i < shape.size(1); ++i)
      *to++ = casd::gamma_noise(of_row, static_cast<std::uint64_t>(i), *from++);
  }
  return out;
}

}  // namespace casd::torch_engine
