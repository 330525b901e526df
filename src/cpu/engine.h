// The built-in engine as an InferenceEngine.
#pragma once

#include "engine/registry.h"

namespace casd {

constexpr EngineCapabilities cpu_capabilities = {"cpu", CASD_DEVICE_CPU, true, true};

/// The registry's entry "cpu".
EngineEntry cpu_engine();

}  // namespace casd
