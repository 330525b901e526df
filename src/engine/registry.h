// The engines of this library, by name and device. Built-in engines register themselves; a plug-in's
// entry loads it when it is used.
#pragma once

#include "engine/training_engine.h"

#include <casd/predict.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace casd {

struct EngineSetup {
  casd_device device = CASD_DEVICE_CPU;
  std::int32_t device_index = 0;
  std::int32_t threads = 1;
};

struct TrainingSetup {
  TrainingOptions options;
  Span<const float> class_weights;  // [outputs], classes only; empty: all 1
};

struct EngineEntry {
  EngineCapabilities capabilities;
  bool built_in;
  /// The model's weights are copied or shared. Throw UNAVAILABLE when device or plug-in is missing.
  InferenceEnginePtr (*infer)(const ModelPtr& model, const EngineSetup& setup);
  /// NULL if it does not train.
  std::unique_ptr<TrainingEngine> (*train)(const Model& model, const EngineSetup& setup,
                                           const TrainingSetup& training);
};

/// Adds an engine; entries of higher `priority` come first.
class EngineRegistration {
 public:
  EngineRegistration(const EngineEntry& entry, int priority);
};

/// All engines, built-in ones first.
const std::vector<EngineEntry>& engines();

/// The first engine for the device. `name`: NULL for any. Throws UNAVAILABLE if there is no such engine,
/// or with `trains` none that trains.
const EngineEntry& find_engine(const char* name, casd_device device, bool trains);
const EngineEntry& find_engine(casd_engine_choice choice, casd_device device, bool trains);

/// The texts of casd_engine_choice, in its order.
inline constexpr const char* engine_choices[] = {"auto", "cpu", "torch"};

/// casd_engine_get_info(). Throws NOT_FOUND past the end of the list.
casd_engine_info engine_info(std::int32_t index);

}  // namespace casd
