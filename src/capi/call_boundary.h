// The boundary of the C API: exceptions become a status and the error message of this thread.
#pragma once

#include "core/error.h"
#include "core/span.h"

#include <casd/base.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <stdexcept>

namespace casd {

/// Sets the error message of this thread. Never throws; without memory the message is empty.
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

/// Whether `size` values are to be copied into the caller's buffer: false for a NULL buffer of
/// capacity 0, which only queries the size. Always sets `needed`. Throws BUFFER_TOO_SMALL.
inline bool fits(const void* buffer, std::size_t capacity, std::size_t* needed, std::size_t size,
                 const char* unit) {
  if (needed) *needed = size;
  if (!buffer && capacity == 0 && needed) return false;
  if (!buffer) fail(CASD_ERROR_INVALID_ARGUMENT, "buffer is NULL, needed: ", size, " ", unit);
  if (capacity < size)
    fail(CASD_ERROR_BUFFER_TOO_SMALL, "the buffer has capacity for ", capacity, " ", unit,
         ", needed: ", size);
  return true;
}

/// Copies `from` into the caller's buffer, as fits() allows.
template <class T>
void copy_out(T* buffer, std::size_t capacity, std::size_t* needed, Span<const T> from,
              const char* unit) {
  if (fits(buffer, capacity, needed, from.size(), unit))
    std::copy(from.begin(), from.end(), buffer);
}

}  // namespace casd
