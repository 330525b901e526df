// The built-in engine as an InferenceEngine.
#pragma once

#include "engine/registry.h"

namespace casd {

/// The registry's entry "cpu".
EngineEntry cpu_engine();

}  // namespace casd
