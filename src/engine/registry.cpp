#include "engine/registry.h"

#include "core/error.h"
#include "engine/plugin_engine.h"
#include "model/options.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace casd {
namespace {

struct Registered {
  EngineEntry entry;
  int priority;
};

/// Filled before main() or when the library is loaded.
std::vector<Registered>& registered() {
  static std::vector<Registered> all;
  return all;
}

/// Creates a small network with the engine; throws if that fails.
void use_engine(const EngineEntry& engine) {
  Schema schema;
  schema.add_modality("modality", 1);
  schema.add_output("negative");
  schema.add_output("positive");
  casd_model_options options = default_model_options();
  options.hidden = 2;
  options.heads = 1;
  options.layers = 1;
  options.feed_forward = 1;
  EngineSetup setup;
  setup.device = engine.capabilities.device;
  engine.infer(create_model(schema, options), setup);
}

/// Copies as many whole UTF-8 characters as fit.
void copy_text(char* to, std::size_t capacity, const std::string& from) {
  std::size_t count = std::min(from.size(), capacity - 1);
  if (count < from.size())
    while (count > 0 && (static_cast<unsigned char>(from[count]) & 0xC0u) == 0x80u) --count;
  std::memcpy(to, from.data(), count);
  to[count] = 0;
}

}  // namespace

EngineRegistration::EngineRegistration(const EngineEntry& entry, int priority) {
  registered().push_back({entry, priority});
}

const std::vector<EngineEntry>& engines() {
  static const std::vector<EngineEntry> all = [] {
    std::vector<Registered> sorted = registered();
    std::stable_sort(sorted.begin(), sorted.end(), [](const Registered& a, const Registered& b) {
      return a.priority > b.priority;
    });
    std::vector<EngineEntry> out;
    for (const Registered& each : sorted) out.push_back(each.entry);
    for (const EngineEntry& each : plugin_engines()) out.push_back(each);
    return out;
  }();
  return all;
}

const EngineEntry& find_engine(const char* name, casd_device device, bool trains) {
  for (const EngineEntry& engine : engines())
    if (engine.capabilities.device == device && (!trains || engine.train) &&
        (!name || std::strcmp(name, engine.capabilities.name) == 0))
      return engine;
  fail(CASD_ERROR_UNAVAILABLE, "there is no engine ", name ? name : "", name ? " " : "", "for the ",
       device == CASD_DEVICE_CPU ? "CPU" : "GPU", trains ? " that trains" : "");
}

const EngineEntry& find_engine(casd_engine_choice choice, casd_device device, bool trains) {
  return find_engine(
      choice == CASD_ENGINE_AUTO ? nullptr : engine_choices[static_cast<std::size_t>(choice)],
      device, trains);
}

casd_engine_info engine_info(std::int32_t index) {
  const std::vector<EngineEntry>& all = engines();
  if (index < 0 || static_cast<std::size_t>(index) >= all.size())
    fail(CASD_ERROR_NOT_FOUND, "there is no engine ", index, ", there are ", all.size());
  const EngineEntry& engine = all[static_cast<std::size_t>(index)];
  casd_engine_info out{};
  out.struct_size = sizeof out;
  out.device = engine.capabilities.device;
  out.trains = engine.capabilities.trains;
  out.concurrent = engine.capabilities.concurrent;
  copy_text(out.name, sizeof out.name, engine.capabilities.name);
  out.available = 1;
  if (engine.built_in) return out;
  try {
    use_engine(engine);
  } catch (const Error& error) {
    out.available = 0;
    copy_text(out.reason, sizeof out.reason, error.what());
  }
  return out;
}

}  // namespace casd
