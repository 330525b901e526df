// The log: messages go to the host's callback, or warnings and errors to stderr.
#pragma once

#include <casd/base.h>

#include <string>

namespace casd {

void set_log(casd_log_callback callback, casd_log_level level, void* user);
void log(casd_log_level level, const std::string& message);

}  // namespace casd
