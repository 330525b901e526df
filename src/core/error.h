// The one exception of the library. C++ throws it; src/capi turns it into a casd_status.
#pragma once

#include <casd/base.h>

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace casd {

class Error : public std::runtime_error {
 public:
  Error(casd_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  casd_status status() const { return status_; }

 private:
  casd_status status_;
};

/// The parts written one after the other, e.g. text("hidden is ", 0, ", allowed: 1 to 4096"), in the
/// classic locale, whatever locale the host has set.
template <class... Part>
std::string text(const Part&... part) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << part);
  return out.str();
}

template <class... Part>
[[noreturn]] void fail(casd_status status, const Part&... part) {
  throw Error(status, text(part...));
}

/// Rejects a caller's argument unless `holds`. The parts are evaluated in any case, which costs
/// nothing for literals and numbers; where one is a call, or on a hot path, write
/// `if (!holds) fail(CASD_ERROR_INVALID_ARGUMENT, ...)`.
template <class... Part>
void require(bool holds, const Part&... part) {
  if (!holds) fail(CASD_ERROR_INVALID_ARGUMENT, part...);
}

}  // namespace casd
