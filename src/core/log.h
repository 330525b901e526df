// The log: messages go to the host's callback or to a queue that it polls, else to stderr.
#pragma once

#include <casd/base.h>

#include <cstddef>
#include <string>

namespace casd {

/// casd_set_log().
void set_log(casd_log_callback callback, casd_log_level level, void* user);

/// casd_log_poll().
casd_log_level poll_log(char* buffer, std::size_t capacity) noexcept;

/// Do not call it while holding a lock: the host's callback may call any function of the library.
void log(casd_log_level level, const std::string& message) noexcept;

}  // namespace casd
