// Included by the functions that need an engine: from a static libcasd the linker takes only object files
// that something refers to, and built-in engines only register themselves.
#pragma once

#include "engine/registry.h"

extern "C" const casd::EngineRegistration casd_cpu_engine_registration;

namespace {

[[gnu::used]] const casd::EngineRegistration* const built_in_engines[] = {
    &casd_cpu_engine_registration};

}  // namespace
