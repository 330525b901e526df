// Settings of Highway; must precede its headers. libcasd uses only headers of Highway: it detects the
// processor itself (cpu/target.h) and calls through its own tables.
#pragma once

// SSSE3 alone is too rare, SVE has no size known at compile time.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
// No kernel encrypts or converts half floats, so those instruction sets are not required.
#define HWY_DISABLE_PCLMUL_AES
#define HWY_DISABLE_F16C
// Highway's assertions need its library.
#define HWY_IS_DEBUG_BUILD 0
