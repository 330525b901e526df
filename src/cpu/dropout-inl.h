// Dropout. The backward pass reads the mask that the forward pass has drawn.
#if defined(CASD_CPU_DROPOUT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CASD_CPU_DROPOUT_INL_H
#undef CASD_CPU_DROPOUT_INL_H
#else
#define CASD_CPU_DROPOUT_INL_H
#endif

#include "core/random.h"
#include "cpu/simd-inl.h"

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

using WordTag = hn::RebindToUnsigned<Tag>;
using Words = hn::Vec<WordTag>;

/// Blocks of RandomStream::block() for one vector of indices.
class PhiloxVectors {
 public:
  explicit PhiloxVectors(const RandomStream& stream) : key_(stream.key()) {
    const PhiloxBlock first = stream.block_counter(0);
    for (int i = 0; i < 3; ++i) counter_[i] = first[static_cast<std::size_t>(i) + 1];
  }

  HWY_INLINE void Draw(Words index, Words out[4]) const {
    const WordTag d;
    Words c0 = index, c1 = hn::Set(d, counter_[0]), c2 = hn::Set(d, counter_[1]),
          c3 = hn::Set(d, counter_[2]);
    std::uint32_t k0 = key_[0], k1 = key_[1];
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
      Words low0, high0, low1, high1;
      Multiply(c0, 0xD2511F53u, low0, high0);
      Multiply(c2, 0xCD9E8D57u, low1, high1);
      c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(d, k0));
      c1 = low1;
      c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(d, k1));
      c3 = low0;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

 private:
  /// The two halves of 64-bit products.
  static HWY_INLINE void Multiply(Words x, std::uint32_t factor, Words& low, Words& high) {
    const WordTag d;
#if HWY_TARGET == HWY_SCALAR
    const std::uint64_t product = std::uint64_t{hn::GetLane(x)} * factor;
    low = hn::Set(d, static_cast<std::uint32_t>(product));
    high = hn::Set(d, static_cast<std::uint32_t>(product >> 32));
#else
    const Words by = hn::Set(d, factor);
    const Words even = hn::BitCast(d, hn::MulEven(x, by));
    const Words odd = hn::BitCast(d, hn::MulEven(hn::Shuffle2301(x), by));
    low = hn::OddEven(hn::Shuffle2301(odd), even);
    high = hn::OddEven(odd, hn::Shuffle2301(even));
#endif
  }

  PhiloxKey key_;
  std::uint32_t counter_[3];
};

/// y = (add ? y : 0) + x m for `columns` time steps from `first_step` on, where m is 0 with probability
/// `rate`, else 1 / (1 - rate). The number of channel c and time step t is `channels t + c` of the
/// stream; it keeps the value if it is at least `rate`. mask: [channels, stride] bytes and eight more
/// (dropout_mask_floats()); receives one byte for each vector.
inline HWY_NOINLINE void Dropout(const RandomStream& stream, double rate, std::int64_t first_step,
                                 const float* x, bool add, float* y, std::int64_t channels,
                                 std::int64_t columns, std::int64_t stride, std::uint8_t* mask) {
  const Tag d;
  const WordTag dw;
  const hn::RebindToSigned<Tag> di;
  const PhiloxVectors random(stream);
  // Of 24 bits: uniform >= rate, without conversion.
  const auto least = hn::Set(di, static_cast<std::int32_t>(std::ceil(std::ldexp(
                                     static_cast<double>(static_cast<float>(rate)), 24))));
  const Vec kept = Broadcast(static_cast<float>(1 / (1 - rate)));
  const auto apply = [&](Words bits, std::int64_t at) {
    const auto number = hn::BitCast(di, hn::ShiftRight<8>(bits));
    const auto keep = hn::RebindMask(d, hn::Not(hn::Lt(number, least)));
    hn::StoreMaskBits(d, keep, mask + at / lanes);
    Vec value = hn::IfThenElseZero(keep, hn::Mul(hn::Load(d, x + at), kept));
    if (add) value = hn::Add(value, hn::Load(d, y + at));
    hn::Store(value, d, y + at);
  };
  const auto width = static_cast<std::uint32_t>(channels);
  for (std::int64_t t = 0; t < columns; t += lanes) {
    const Words step = hn::Iota(dw, static_cast<std::uint32_t>(first_step + t));
    Words bits[4];
    if (channels % 4 == 0) {
      const Words row = hn::Mul(step, hn::Set(dw, width / 4));
      for (std::int64_t c = 0; c < channels; c += 4) {
        random.Draw(hn::Add(row, hn::Set(dw, static_cast<std::uint32_t>(c / 4))), bits);
        for (std::int64_t k = 0; k < 4; ++k) apply(bits[k], (c + k) * stride + t);
      }
      continue;
    }
    const Words row = hn::Mul(step, hn::Set(dw, width));
    for (std::int64_t c = 0; c < channels; ++c) {
      const Words number = hn::Add(row, hn::Set(dw, static_cast<std::uint32_t>(c)));
      random.Draw(hn::ShiftRight<2>(number), bits);
      const Words place = hn::And(number, hn::Set(dw, 3));
      Words word = bits[0];
      for (std::uint32_t k = 1; k < 4; ++k)
        word = hn::IfThenElse(hn::Eq(place, hn::Set(dw, k)), bits[k], word);
      apply(word, c * stride + t);
    }
  }
}

/// y = x m with the mask of Dropout().
inline HWY_NOINLINE void DropoutAgain(const std::uint8_t* mask, double rate, const float* x,
                                      float* y, std::int64_t channels, std::int64_t columns,
                                      std::int64_t stride) {
  const Tag d;
  const Vec kept = Broadcast(static_cast<float>(1 / (1 - rate)));
  for (std::int64_t row = 0; row < channels * stride; row += stride)
    for (std::int64_t at = row; at < row + columns; at += lanes)
      hn::Store(hn::IfThenElseZero(hn::LoadMaskBits(d, mask + at / lanes),
                                   hn::Mul(hn::Load(d, x + at), kept)),
                d, y + at);
}

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
