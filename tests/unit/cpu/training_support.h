// Shared by the tests of kernels: activations with padding, random numbers, comparisons.
#pragma once

#include "core/random.h"
#include "cpu/layout.h"
#include "cpu/training_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace casd::cpu::test {

/// Aligned floats.
class Aligned {
 public:
  explicit Aligned(std::size_t count, float value = 0) : store_(count + 32, value), count_(count) {}
  float* data() {
    void* at = store_.data();
    std::size_t space = store_.size() * sizeof(float);
    return static_cast<float*>(std::align(64, count_ * sizeof(float), at, space));
  }

 private:
  std::vector<float> store_;
  std::size_t count_;
};

/// Rows with a stride, as kernels expect them; the padding holds `fill`.
class Rows {
 public:
  Rows(std::size_t rows, std::size_t columns, float fill = 0)
      : rows_(rows),
        columns_(columns),
        stride_(static_cast<std::size_t>(padded(static_cast<std::int64_t>(columns)))),
        store_(rows * stride_, fill) {}
  Rows(const std::vector<double>& values, std::size_t columns, float fill = 0)
      : Rows(values.size() / columns, columns, fill) {
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < columns; ++c)
        data()[r * stride_ + c] = static_cast<float>(values[r * columns + c]);
  }
  float* data() { return store_.data(); }
  std::int64_t stride() const { return static_cast<std::int64_t>(stride_); }
  std::vector<double> values() {
    std::vector<double> out;
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < columns_; ++c)
        out.push_back(static_cast<double>(data()[r * stride_ + c]));
    return out;
  }
  /// Whether all padding is zero.
  bool is_padded_with_zeros() {
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = columns_; c < stride_; ++c)
        if (data()[r * stride_ + c] != 0) return false;
    return true;
  }

 private:
  std::size_t rows_, columns_, stride_;
  Aligned store_;
};

/// Normal numbers that floats represent exactly.
inline std::vector<double> random_values(std::size_t count, std::uint32_t part, double scale = 1) {
  const RandomStream stream(7, 0, RandomSite::synthetic, part);
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<double>(static_cast<float>(stream.normal(i) * scale));
  return out;
}

inline std::vector<float> floats(const std::vector<double>& from) {
  std::vector<float> out(from.size());
  std::transform(from.begin(), from.end(), out.begin(),
                 [](double v) { return static_cast<float>(v); });
  return out;
}

inline std::vector<double> doubles(const std::vector<float>& from) {
  return std::vector<double>(from.begin(), from.end());
}

/// max |a - b| / max |b|
inline double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 1e-6, difference = 0;
  if (a.size() != b.size()) return INFINITY;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(std::fabs(a[i] - b[i]) <= difference)) difference = std::fabs(a[i] - b[i]);
    largest = std::max(largest, std::fabs(b[i]));
  }
  return difference / largest;
}

/// Central differences of `loss` with respect to each number of `at`.
inline std::vector<double> finite_differences(
    std::vector<double> at, const std::function<double(const std::vector<double>&)>& loss,
    double step = 1e-5) {
  std::vector<double> out(at.size());
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double old = at[i];
    at[i] = old + step;
    const double above = loss(at);
    at[i] = old - step;
    out[i] = (above - loss(at)) / (2 * step);
    at[i] = old;
  }
  return out;
}

inline double weighted_sum(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
  return sum;
}

/// Runs `test` with the kernels of every instruction set of this machine.
inline void on_every_target(const std::function<void(const TrainingKernels&)>& test) {
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(target_name(target));
    test(training_kernels(target));
  }
}

}  // namespace casd::cpu::test
