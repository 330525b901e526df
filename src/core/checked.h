// Sums and products of sizes that come from outside: an overflow is an error, never a wrap.
#pragma once

#include "core/error.h"

#include <cstddef>
#include <limits>

namespace casd {

/// a * b; throws `status` naming `what` if it does not fit.
inline std::size_t checked_product(std::size_t a, std::size_t b, const char* what,
                                   casd_status status = CASD_ERROR_INVALID_ARGUMENT) {
  if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b)
    fail(status, what, " is too large");
  return a * b;
}

/// a + b; throws `status` naming `what` if it does not fit.
inline std::size_t checked_sum(std::size_t a, std::size_t b, const char* what,
                               casd_status status = CASD_ERROR_INVALID_ARGUMENT) {
  if (a > std::numeric_limits<std::size_t>::max() - b) fail(status, what, " is too large");
  return a + b;
}

}  // namespace casd
