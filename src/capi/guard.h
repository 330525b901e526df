// The one guard at each entry: whatever happens inside becomes a status and this thread's message.
#pragma once

#include "core/error.h"

#include <casd/base.h>

#include <exception>
#include <new>
#include <stdexcept>

namespace casd {

/// Sets this thread's message; never throws (none is better than a second failure).
void set_last_error(const char* message) noexcept;

/// Runs `body` and returns OK, or the status of what it threw.
template <class Body>
casd_status guard(Body&& body) noexcept {
  try {
    body();
    return CASD_OK;
  } catch (const Error& e) {
    set_last_error(e.what());
    return e.status();
  } catch (const std::bad_alloc&) {
    set_last_error("out of memory");
    return CASD_ERROR_OUT_OF_MEMORY;
  } catch (const std::length_error&) {
    set_last_error("out of memory: a size is beyond what can be held");
    return CASD_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    set_last_error(e.what());
    return CASD_ERROR_INTERNAL;
  } catch (...) {
    set_last_error("unknown failure");
    return CASD_ERROR_INTERNAL;
  }
}

/// `pointer` dereferenced, or INVALID_ARGUMENT "<name> is NULL".
template <class T>
T& given(T* pointer, const char* name) {
  require(pointer != nullptr, name, " is NULL");
  return *pointer;
}

}  // namespace casd
