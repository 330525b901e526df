#include "engine/registry.h"

#include "core/error.h"
#include "engine/device_network.h"
#include "model/options.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace casd {
namespace {

struct Engine {
  const char* name;
  casd_device device;
  bool built_in, trains, concurrent;
};

constexpr Engine engines[] = {
    {"cpu", CASD_DEVICE_CPU, true, false, true},
    {"torch", CASD_DEVICE_CPU, false, true, false},
    {"torch", CASD_DEVICE_CUDA, false, true, false},
};
constexpr auto engine_count = static_cast<std::int32_t>(sizeof engines / sizeof *engines);

/// Loads the plug-in and creates a small network on the device; throws if that fails.
void use_device(casd_device device) {
  Schema schema;
  schema.add_modality("modality", 1);
  schema.add_output("negative");
  schema.add_output("positive");
  casd_model_options options = default_model_options();
  options.hidden = 2;
  options.heads = 1;
  options.layers = 1;
  options.feed_forward = 1;
  const DeviceNetwork network(*create_model(schema, options), device, 0, 1);
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

casd_engine_info engine_info(std::int32_t index) {
  if (index < 0 || index >= engine_count)
    fail(CASD_ERROR_NOT_FOUND, "there is no engine ", index, ", there are ", engine_count);
  const Engine& engine = engines[index];
  casd_engine_info out{};
  out.struct_size = sizeof out;
  out.device = engine.device;
  out.trains = engine.trains;
  out.concurrent = engine.concurrent;
  copy_text(out.name, sizeof out.name, engine.name);
  out.available = 1;
  if (engine.built_in) return out;
  try {
    use_device(engine.device);
  } catch (const Error& error) {
    out.available = 0;
    copy_text(out.reason, sizeof out.reason, error.what());
  }
  return out;
}

}  // namespace casd
