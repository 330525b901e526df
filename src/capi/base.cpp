#include "capi/call_boundary.h"
#include "capi/handles.h"
#include "core/live_bytes.h"
#include "core/log.h"
#include "core/plugin.h"
#include "core/thread_pool.h"

#include <casd/base.h>

#include <cstring>

#define CASD_STRING_OF(x) #x
#define CASD_STRING(x) CASD_STRING_OF(x)

namespace casd {

std::atomic<std::int64_t> LiveObject::count{0};

namespace {

std::string& last_error() {
  thread_local std::string message;
  return message;
}

}  // namespace

void set_last_error(const char* message) noexcept {
  try {
    last_error() = message;
  } catch (...) {
    last_error().clear();  // no memory for a message; an exception must not leave this function
  }
}

}  // namespace casd

const char* casd_last_error(void) { return casd::last_error().c_str(); }

casd_status casd_last_error_copy(char* buffer, size_t capacity, size_t* needed) {
  // Does not use guard(): a failure here must not replace the message that the caller requests.
  const std::string& message = casd::last_error();
  if (needed) *needed = message.size() + 1;
  if (capacity == 0 && !buffer && needed) return CASD_OK;
  if (!buffer) return CASD_ERROR_INVALID_ARGUMENT;
  if (capacity < message.size() + 1) return CASD_ERROR_BUFFER_TOO_SMALL;
  std::memcpy(buffer, message.c_str(), message.size() + 1);
  return CASD_OK;
}

const char* casd_status_name(casd_status status) {
  static const char* const names[] = {"OK",        "INVALID_ARGUMENT", "OUT_OF_MEMORY", "IO",
                                      "FORMAT",    "VERSION",          "UNAVAILABLE",   "STATE",
                                      "CANCELLED", "NUMERIC",          "DEVICE",        "INTERNAL",
                                      "NOT_FOUND", "BUFFER_TOO_SMALL"};
  constexpr auto count = static_cast<casd_status>(sizeof names / sizeof *names);
  return status >= 0 && status < count ? names[status] : "UNKNOWN";
}

uint32_t casd_version(void) {
  return CASD_VERSION_MAJOR * 10000 + CASD_VERSION_MINOR * 100 + CASD_VERSION_PATCH;
}

const char* casd_version_string(void) {
  return CASD_STRING(CASD_VERSION_MAJOR) "." CASD_STRING(CASD_VERSION_MINOR) "." CASD_STRING(
      CASD_VERSION_PATCH);
}

uint32_t casd_abi_version(void) { return CASD_ABI_VERSION; }

const char* casd_build_info(void) {
  return "{\"version\":\"" CASD_STRING(CASD_VERSION_MAJOR) "." CASD_STRING(
      CASD_VERSION_MINOR) "." CASD_STRING(CASD_VERSION_PATCH) "\",\"abi\":" CASD_STRING(CASD_ABI_VERSION) ",\"compiler\":\""
#if defined(__clang__)
         "clang " __clang_version__
#elif defined(__GNUC__)
         "gcc " __VERSION__
#else
         "unknown"
#endif
         "\",\"build_type\":\"" CASD_BUILD_TYPE "\",\"system\":\"" CASD_SYSTEM
         "\",\"engine\":\"portable\"}";
}

casd_status casd_set_log(casd_log_callback callback, casd_log_level level, void* user) {
  return casd::guard([&] {
    casd::require(level >= CASD_LOG_DEBUG && level <= CASD_LOG_OFF, "unknown log level ", level,
                  ", allowed: 0 (debug) to 4 (off)");
    casd::set_log(callback, level, user);
  });
}

casd_log_level casd_log_poll(char* buffer, size_t capacity) {
  return casd::poll_log(buffer, capacity);
}

casd_status casd_set_parallel_for(casd_parallel_for run, int32_t workers, void* user) {
  return casd::guard([&] {
    casd::require(!run || (workers >= 1 && workers <= 256), "workers is ", workers,
                  ", allowed: 1 to 256");
    casd::set_parallel_for(run, workers, user);
  });
}

casd_status casd_set_plugin_path(const char* folder) {
  return casd::guard([&] { casd::set_plugin_path(folder ? folder : ""); });
}

int64_t casd_live_objects(void) { return casd::LiveObject::count.load(); }

int64_t casd_live_bytes(void) { return casd::live_bytes(); }
