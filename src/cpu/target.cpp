#include "cpu/target.h"

#include <atomic>
#include <cstdint>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace casd::cpu {
namespace {

#if defined(__x86_64__)

struct Registers {
  std::uint32_t eax, ebx, ecx, edx;
  bool has(std::uint32_t Registers::*reg, int bit) const { return this->*reg >> bit & 1u; }
};

Registers processor_information(std::uint32_t leaf) {
  Registers r{0, 0, 0, 0};
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

/// The register sets that the operating system saves (XCR0).
std::uint64_t saved_registers() {
  std::uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
}

std::vector<Target> detect() {
  using R = Registers;
  const R basic = processor_information(1), extended = processor_information(7),
          more = processor_information(0x80000001u);
  const bool sse4 = basic.has(&R::ecx, 9) && basic.has(&R::ecx, 19) && basic.has(&R::ecx, 20);
  const bool saves = basic.has(&R::ecx, 27);  // OSXSAVE: xgetbv can be used
  const std::uint64_t saved = saves ? saved_registers() : 0;
  constexpr std::uint64_t ymm = 0x6, zmm = 0xe6;
  const bool avx2 = sse4 && (saved & ymm) == ymm && basic.has(&R::ecx, 28) &&  // AVX
                    basic.has(&R::ecx, 12) && basic.has(&R::ecx, 29) &&        // FMA, F16C
                    extended.has(&R::ebx, 5) && extended.has(&R::ebx, 3) &&    // AVX2, BMI
                    extended.has(&R::ebx, 8) && more.has(&R::ecx, 5);          // BMI2, LZCNT
  const bool avx512 = avx2 && (saved & zmm) == zmm && extended.has(&R::ebx, 16) &&
                      extended.has(&R::ebx, 17) && extended.has(&R::ebx, 30) &&  // F, DQ, BW
                      extended.has(&R::ebx, 31);                                 // VL
  std::vector<Target> out;
  if (avx512) out.push_back(Target::avx512);
  if (avx2) out.push_back(Target::avx2);
  if (sse4) out.push_back(Target::sse4);
  out.push_back(Target::scalar);
  return out;
}

#elif defined(__aarch64__)

std::vector<Target> detect() { return {Target::neon}; }

#else

std::vector<Target> detect() { return {Target::scalar}; }

#endif

/// A Target, or -1: the fastest.
std::atomic<int> chosen{-1};

}  // namespace

const char* target_name(Target target) {
  switch (target) {
    case Target::scalar:
      return "scalar";
    case Target::sse4:
      return "sse4";
    case Target::avx2:
      return "avx2";
    case Target::avx512:
      return "avx512";
    case Target::neon:
      return "neon";
  }
  return "";
}

Span<const Target> supported_targets() {
  static const std::vector<Target> found = detect();
  return found;
}

Target chosen_target() {
  const int target = chosen.load();
  return target < 0 ? supported_targets()[0] : static_cast<Target>(target);
}

void choose_target(Target target) { chosen = static_cast<int>(target); }

}  // namespace casd::cpu
