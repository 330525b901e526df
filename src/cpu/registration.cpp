// Adds the engine "cpu" to the registry. No other file refers to this one: the linker keeps it because
// of the option -u in src/CMakeLists.txt.
#include "cpu/engine.h"

extern "C" const casd::EngineRegistration casd_cpu_engine_registration;
const casd::EngineRegistration casd_cpu_engine_registration(casd::cpu_engine(), 100);
