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

/// The fastest of supported_targets(), or what choose_target() set.
Target chosen_target();

/// For tests: encoders created later use this target.
void choose_target(Target target);

}  // namespace casd::cpu
