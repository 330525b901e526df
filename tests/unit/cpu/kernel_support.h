// Shared by the tests of kernels: aligned memory, numbers, and a loop over the targets.
#pragma once

#include "core/random.h"
#include "cpu/layout.h"
#include "cpu/target.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <memory>
#include <vector>

namespace casd::cpu::test {

/// Floats aligned to a cache line.
class Buffer {
 public:
  explicit Buffer(std::int64_t count, float value = 0)
      : memory_(static_cast<std::size_t>(count) + 16, value), count_(count) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = memory_.data() + (64 - address % 64) % 64 / sizeof(float);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  float* data() { return begin_; }
  const float* data() const { return begin_; }
  std::int64_t size() const { return count_; }
  float& operator[](std::int64_t i) { return begin_[i]; }
  float operator[](std::int64_t i) const { return begin_[i]; }

 private:
  std::vector<float> memory_;
  float* begin_;
  std::int64_t count_;
};

/// Fills with normal numbers that depend on `part`.
inline void fill(Buffer& buffer, std::uint64_t part, double scale = 1) {
  const RandomStream stream(11, part, RandomSite::synthetic);
  for (std::int64_t i = 0; i < buffer.size(); ++i)
    buffer[i] = static_cast<float>(scale * stream.normal(static_cast<std::uint64_t>(i)));
}

/// Activations [channels, stride]: normal numbers, and in the columns beyond `columns` `padding`.
inline void fill_activations(Buffer& buffer, std::int64_t columns, std::int64_t stride,
                             std::uint64_t part, double scale = 1, float padding = 1e30f) {
  fill(buffer, part, scale);
  for (std::int64_t i = 0; i < buffer.size(); ++i)
    if (i % stride >= columns) buffer[i] = padding;
}

/// A test that runs once for every target that the machine supports.
class KernelTest : public testing::TestWithParam<Target> {};

#define CASD_TEST_ALL_TARGETS(suite)                                              \
  INSTANTIATE_TEST_SUITE_P(                                                       \
      All, suite,                                                                 \
      testing::ValuesIn(::casd::cpu::supported_targets().begin(),                 \
                        ::casd::cpu::supported_targets().end()),                  \
      [](const auto& i) { return std::string(::casd::cpu::target_name(i.param)); })

}  // namespace casd::cpu::test
