// Engines behind the function table of a plug-in.
#pragma once

#include "engine/registry.h"

#include <vector>

namespace casd {

/// The engines of libcasd_torch. Its entries load the plug-in when they are used.
std::vector<EngineEntry> plugin_engines();

/// An engine behind a given table (tests).
std::unique_ptr<TrainingEngine> make_plugin_training(const casd_engine_plugin& table,
                                                     const EngineCapabilities& capabilities,
                                                     const Model& model, const EngineSetup& setup,
                                                     const TrainingSetup& training);

}  // namespace casd
