#include "core/log.h"

#include <cstdio>
#include <mutex>

namespace casd {
namespace {

struct Sink {
  std::mutex mutex;
  casd_log_callback callback = nullptr;
  casd_log_level level = CASD_LOG_WARNING;
  void* user = nullptr;
};

Sink& sink() {
  static Sink the;
  return the;
}

const char* level_name(casd_log_level level) {
  switch (level) {
    case CASD_LOG_DEBUG:
      return "debug";
    case CASD_LOG_INFO:
      return "info";
    case CASD_LOG_WARNING:
      return "warning";
    default:
      return "error";
  }
}

}  // namespace

void set_log(casd_log_callback callback, casd_log_level level, void* user) {
  Sink& the = sink();
  const std::lock_guard<std::mutex> lock(the.mutex);
  the.callback = callback;
  the.level = level;
  the.user = user;
}

void log(casd_log_level level, const std::string& message) {
  Sink& the = sink();
  casd_log_callback callback = nullptr;
  void* user = nullptr;
  {
    const std::lock_guard<std::mutex> lock(the.mutex);
    if (level < the.level) return;
    callback = the.callback;
    user = the.user;
  }
  // Outside the lock: a slow host must not hold up other threads.
  if (callback)
    callback(level, message.c_str(), user);
  else
    (void)std::fprintf(stderr, "casd: %s: %s\n", level_name(level), message.c_str());
}

}  // namespace casd
