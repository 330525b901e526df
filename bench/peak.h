// The rate of floating-point operations that this machine can reach, and the number of operations of a
// prediction.
#pragma once

#include <casd/casd.h>

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Operations of an iteration of chains().
constexpr double operations_of_chains = 12 * 8 * 2;

#if defined(__x86_64__)

/// Twelve independent chains of fused multiplications and additions. Returns operations per second.
__attribute__((target("avx2,fma"), noinline)) inline double chains(int64_t iterations) {
  const __m256 factor = _mm256_set1_ps(1.0000001f), add = _mm256_set1_ps(1e-9f);
  __m256 a0 = add, a1 = add, a2 = add, a3 = add, a4 = add, a5 = add, a6 = add, a7 = add, a8 = add,
         a9 = add, a10 = add, a11 = add;
  const auto start = Clock::now();
  for (int64_t i = 0; i < iterations; ++i) {
    // Hides from the compiler that all chains are equal.
    asm volatile("" : "+x"(a0), "+x"(a1), "+x"(a2), "+x"(a3), "+x"(a4), "+x"(a5));
    asm volatile("" : "+x"(a6), "+x"(a7), "+x"(a8), "+x"(a9), "+x"(a10), "+x"(a11));
    a0 = _mm256_fmadd_ps(a0, factor, add), a1 = _mm256_fmadd_ps(a1, factor, add);
    a2 = _mm256_fmadd_ps(a2, factor, add), a3 = _mm256_fmadd_ps(a3, factor, add);
    a4 = _mm256_fmadd_ps(a4, factor, add), a5 = _mm256_fmadd_ps(a5, factor, add);
    a6 = _mm256_fmadd_ps(a6, factor, add), a7 = _mm256_fmadd_ps(a7, factor, add);
    a8 = _mm256_fmadd_ps(a8, factor, add), a9 = _mm256_fmadd_ps(a9, factor, add);
    a10 = _mm256_fmadd_ps(a10, factor, add), a11 = _mm256_fmadd_ps(a11, factor, add);
  }
  asm volatile("" : : "x"(a0), "x"(a1), "x"(a2), "x"(a3), "x"(a4), "x"(a5));
  asm volatile("" : : "x"(a6), "x"(a7), "x"(a8), "x"(a9), "x"(a10), "x"(a11));
  return operations_of_chains * static_cast<double>(iterations) / seconds_since(start);
}

/// Operations per second of one thread with AVX2, best of several short runs; 0: not measured.
inline double measured_peak() {
  double best = 0;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  for (int run = 0; run < 10; ++run) {
    const double rate = chains(200000);
    best = rate > best ? rate : best;
  }
  return best;
}

#else

inline double chains(int64_t) { return 0; }
inline double measured_peak() { return 0; }

#endif

/// Additions and multiplications of matrix products of a sample, without softmax and layer norm, and
/// without regard to what an engine leaves out.
inline double operations(const casd_schema* schema, const casd_model_options& options,
                         casd_modality_mask mask, int64_t steps) {
  const auto d = static_cast<double>(options.hidden), t = static_cast<double>(steps);
  const double feed_forward = options.feed_forward > 0 ? static_cast<double>(options.feed_forward)
                                                       : options.feed_forward_factor * d;
  double sum = 0;
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    if (mask >> m & 1u)
      sum += 6 * t * casd_schema_modality_features(schema, m) * d + 8 * d * d +
             options.layers * (8 * t * d * d + 4 * t * d * feed_forward + 4 * t * t * d);
  return sum;
}

}  // namespace bench
