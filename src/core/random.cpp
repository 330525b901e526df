#include "core/random.h"

#include <cmath>
#include <utility>

namespace casd {
namespace {

constexpr std::uint32_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
constexpr std::uint32_t weyl0 = 0x9E3779B9u, weyl1 = 0xBB67AE85u;

inline void philox_rounds(std::uint32_t& c0, std::uint32_t& c1, std::uint32_t& c2,
                          std::uint32_t& c3, std::uint32_t k0, std::uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{multiplier0} * c0;
    const std::uint64_t p1 = std::uint64_t{multiplier1} * c2;
    const auto high0 = static_cast<std::uint32_t>(p0 >> 32);
    const auto high1 = static_cast<std::uint32_t>(p1 >> 32);
    c0 = high1 ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = high0 ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += weyl0;
    k1 += weyl1;
  }
}

constexpr float to_unit = 1.0f / 16777216.0f;  // 2^-24

}  // namespace

PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) {
  philox_rounds(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return counter;
}

// Counter: block index, site, and the two halves of the step; key: the seed.
RandomStream::RandomStream(std::uint64_t seed, std::uint64_t step, RandomSite site,
                           std::uint32_t part)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      site_(static_cast<std::uint32_t>(site) + part),
      step_(step) {}

RandomStream RandomStream::at_row(std::uint64_t row) const {
  RandomStream out = *this;
  out.site_ ^= static_cast<std::uint32_t>(row & 0xFFFF) << 16;
  out.step_ ^= (row >> 16) << 48;
  return out;
}

PhiloxBlock RandomStream::block_counter(std::uint64_t index) const {
  return {static_cast<std::uint32_t>(index), site_, static_cast<std::uint32_t>(step_),
          static_cast<std::uint32_t>(step_ >> 32)};
}

PhiloxBlock RandomStream::block(std::uint64_t index) const {
  return philox(block_counter(index), key_);
}

std::uint32_t RandomStream::bits(std::uint64_t index) const { return block(index >> 2)[index & 3]; }

float RandomStream::uniform(std::uint64_t index) const {
  return static_cast<float>(bits(index) >> 8) * to_unit;
}

double RandomStream::uniform_double(std::uint64_t index) const {
  const std::uint64_t word = (std::uint64_t{bits(2 * index)} << 32) | bits(2 * index + 1);
  return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53;
}

double RandomStream::normal(std::uint64_t index) const {
  constexpr double two_pi = 6.283185307179586476925;
  return std::sqrt(-2.0 * std::log(uniform_double(2 * index))) *
         std::cos(two_pi * uniform_double(2 * index + 1));
}

void RandomStream::fill_uniform(Span<float> out, std::uint64_t first) const {
  // Lanes of independent blocks, so that the compiler can keep the ten rounds in vector registers.
  constexpr std::size_t lanes = 16;
  const auto step_low = static_cast<std::uint32_t>(step_);
  const auto step_high = static_cast<std::uint32_t>(step_ >> 32);
  const std::size_t whole = out.size() / (4 * lanes) * (4 * lanes);
  auto block = static_cast<std::uint32_t>(first >> 2);
  for (std::size_t at = 0; at < whole; at += 4 * lanes, block += lanes) {
    std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      c0[i] = block + static_cast<std::uint32_t>(i);
      c1[i] = site_;
      c2[i] = step_low;
      c3[i] = step_high;
    }
    std::uint32_t k0 = key_[0], k1 = key_[1];
    for (int round = 0; round < 10; ++round, k0 += weyl0, k1 += weyl1) {
      for (std::size_t i = 0; i < lanes; ++i) {
        const std::uint64_t p0 = std::uint64_t{multiplier0} * c0[i];
        const std::uint64_t p1 = std::uint64_t{multiplier1} * c2[i];
        c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
        c1[i] = static_cast<std::uint32_t>(p1);
        c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
        c3[i] = static_cast<std::uint32_t>(p0);
      }
    }
    float* to = out.data() + at;
    for (std::size_t i = 0; i < lanes; ++i) {
      // Through int32: 24 bits fit, and its conversion exists as a vector instruction.
      to[4 * i] = static_cast<float>(static_cast<std::int32_t>(c0[i] >> 8)) * to_unit;
      to[4 * i + 1] = static_cast<float>(static_cast<std::int32_t>(c1[i] >> 8)) * to_unit;
      to[4 * i + 2] = static_cast<float>(static_cast<std::int32_t>(c2[i] >> 8)) * to_unit;
      to[4 * i + 3] = static_cast<float>(static_cast<std::int32_t>(c3[i] >> 8)) * to_unit;
    }
  }
  for (std::size_t at = whole; at < out.size(); ++at) out[at] = uniform(first + at);
}

std::uint32_t RandomStream::below(std::uint32_t n, std::uint64_t index) const {
  return static_cast<std::uint32_t>((std::uint64_t{bits(index)} * n) >> 32);
}

std::vector<std::int64_t> random_permutation(std::int64_t n, const RandomStream& stream) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[stream.below(static_cast<std::uint32_t>(i), i)]);
  return order;
}

}  // namespace casd
