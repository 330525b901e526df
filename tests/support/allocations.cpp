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

// Not in the file of a test: inlined there, GCC sees free() after new and warns.
void* operator new(std::size_t size) {
  ++count;
  bytes += static_cast<long>(size);
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
