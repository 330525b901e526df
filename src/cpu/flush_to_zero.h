// Denormal numbers are slow, and small gradients and moments of Adam reach them. Kernels run with them
// replaced by zero; the caller's setting returns afterwards.
#pragma once

#include <cstdint>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace casd::cpu {

class FlushToZero {
 public:
#if defined(__SSE2__) || defined(_M_X64)
  FlushToZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }  // results and operands
  ~FlushToZero() { _mm_setcsr(before_); }
#elif defined(__aarch64__)
  FlushToZero() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
    const std::uint64_t flush = before_ | (std::uint64_t{1} << 24);
    __asm__ volatile("msr fpcr, %0" : : "r"(flush));
  }
  ~FlushToZero() { __asm__ volatile("msr fpcr, %0" : : "r"(before_)); }
#else
  FlushToZero() {}
  ~FlushToZero() {}
#endif
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;

 private:
#if defined(__SSE2__) || defined(_M_X64)
  unsigned int before_;
#elif defined(__aarch64__)
  std::uint64_t before_;
#endif
};

}  // namespace casd::cpu
