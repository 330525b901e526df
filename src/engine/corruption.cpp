#include "engine/corruption.h"

#include "core/random.h"
#include "model/modality_count.h"

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

}  // namespace

ModalityMask draw_kept_modalities(const CorruptionKey& key, std::int64_t row, ModalityMask given) {
  const int count = modality_count(given);
  if (count == 0) return 0;
  const RandomStream combinations(key.seed, key.step, RandomSite::corruption, combination);
  const auto nonempty = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
  return spread(1 + combinations.below(nonempty, static_cast<std::uint64_t>(row)), given);
}

void Corruption::reserve(std::size_t samples, std::size_t modalities, std::size_t steps) {
  kept.reserve(samples);
  ends.reserve(samples * modalities);
  frames.reserve(samples * steps);
  numbers.reserve(steps + fast_piece);
}

void draw_corruption(const InputTable& input, Span<const std::int64_t> rows, double frame_drop,
                     const CorruptionKey& key, std::int64_t first_row, Corruption& out) {
  const auto modalities = static_cast<std::size_t>(input.modalities());
  const RandomStream rates(key.seed, key.step, RandomSite::corruption, rate);
  out.kept.resize(rows.size());
  out.frames.clear();
  out.ends.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::uint64_t>(first_row) + i;
    out.kept[i] = draw_kept_modalities(key, static_cast<std::int64_t>(row), input.given(rows[i]));
    for (std::size_t m = 0; m < modalities; ++m, out.ends.push_back(out.frames.size())) {
      if (!(out.kept[i] >> m & 1u)) continue;
      const auto steps =
          static_cast<std::size_t>(input.frames(rows[i], static_cast<std::int32_t>(m)).steps);
      const double drop = frame_drop * static_cast<double>(rates.uniform(row * modalities + m));
      const RandomStream of_frames(key.seed, key.step, RandomSite::corruption,
                                   frames + static_cast<std::uint32_t>(m));
      out.numbers.resize((steps + fast_piece - 1) / fast_piece * fast_piece);
      of_frames.fill_uniform(out.numbers, row << index_bits_of_frames);
      for (std::size_t t = 0; t < steps; ++t)
        out.frames.push_back(static_cast<double>(out.numbers[t]) < drop ? 1 : 0);
    }
  }
}

}  // namespace casd
