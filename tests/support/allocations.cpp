#include "support/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> count{0}, bytes{0};
}

namespace casd::test {
long allocations() { return count; }
long allocated_bytes() { return bytes; }
}  // namespace casd::test

// Not in a test's file: GCC would inline it and warn about free() after new. Both forms of new are
// replaced because both use the same delete: std::stable_sort uses the form that does not throw.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
  bytes += static_cast<long>(size);
  return std::malloc(size ? size : 1);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
