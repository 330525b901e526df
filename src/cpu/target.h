// Instruction sets for which the kernels of the CPU engine are compiled, and which of them this
// machine can run.
#pragma once

#include "core/span.h"

namespace casd::cpu {

enum class Target { scalar, sse4, avx2, avx512, neon };

/// "scalar", "sse4", "avx2", "avx512" or "neon".
const char* target_name(Target target);

/// Targets that are compiled in and that this machine can run, the fastest first. Never empty.
Span<const Target> supported_targets();

}  // namespace casd::cpu
