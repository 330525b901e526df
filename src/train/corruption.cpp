#include "train/corruption.h"

#include "core/random.h"

namespace casd {
namespace {

/// Parts of the random site `corruption`: the modalities, the drop rates, and, from `frames` on,
/// the dropped frames with one part per modality.
enum : std::uint32_t { combination = 0, rate = 1, frames = 2 };

/// Each sample has its own range of frame indices: max_steps is at most 2^16.
constexpr int index_bits_of_frames = 16;

/// fill_uniform() is fastest with multiples of this size. Surplus numbers are ignored.
constexpr std::size_t fast_piece = 64;

/// Distributes the bits of `choice` to the modalities of `given`, lowest first.
ModalityMask spread(std::uint32_t choice, ModalityMask given) {
  ModalityMask kept = 0;
  for (ModalityMask rest = given; rest != 0; rest &= rest - 1, choice >>= 1)
    if (choice & 1u) kept |= rest & (~rest + 1);
  return kept;
}

int count_bits(ModalityMask mask) {
  int count = 0;
  for (; mask != 0; mask &= mask - 1) ++count;
  return count;
}

}  // namespace

Corruption draw_corruption(const Schema& schema, Span<const Sample* const> samples,
                           double frame_drop, std::uint64_t seed, std::uint64_t step) {
  const auto modalities = static_cast<std::size_t>(schema.modality_count());
  const RandomStream combinations(seed, step, RandomSite::corruption, combination);
  const RandomStream rates(seed, step, RandomSite::corruption, rate);
  std::vector<RandomStream> frame_streams;
  for (std::size_t m = 0; m < modalities; ++m)
    frame_streams.emplace_back(seed, step, RandomSite::corruption,
                               frames + static_cast<std::uint32_t>(m));

  Corruption out;
  out.kept.resize(samples.size());
  out.dropped.resize(samples.size() * modalities);
  std::vector<float> chance;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = *samples[i];
    const int count = count_bits(sample.given);
    if (count == 0) continue;
    const auto nonempty = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
    out.kept[i] = spread(1 + combinations.below(nonempty, i), sample.given);
    for (std::size_t m = 0; m < modalities; ++m) {
      if (!(out.kept[i] >> m & 1u)) continue;
      const auto steps =
          static_cast<std::size_t>(sample.steps(schema, static_cast<std::int32_t>(m)));
      const double drop = frame_drop * static_cast<double>(rates.uniform(i * modalities + m));
      chance.resize((steps + fast_piece - 1) / fast_piece * fast_piece);
      frame_streams[m].fill_uniform(chance, static_cast<std::uint64_t>(i) << index_bits_of_frames);
      std::vector<std::uint8_t>& dropped = out.dropped[i * modalities + m];
      dropped.resize(steps);
      for (std::size_t t = 0; t < steps; ++t)
        dropped[t] = static_cast<double>(chance[t]) < drop ? 1 : 0;
    }
  }
  return out;
}

}  // namespace casd
