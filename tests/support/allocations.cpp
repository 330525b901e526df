#include "support/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {
std::atomic<long> count{0}, bytes{0}, live{0}, peak{0}, largest{0};

/// Size of the memory, including what malloc() adds.
long size_of([[maybe_unused]] void* memory) {
#if defined(__GLIBC__)
  return memory ? static_cast<long>(malloc_usable_size(memory) + sizeof(std::size_t)) : 0;
#else
  return 0;
#endif
}

void keep_largest(std::atomic<long>& most, long value) {
  long before = most;
  while (value > before && !most.compare_exchange_weak(before, value)) {
  }
}

void count_live(long size) {
  const long now = live += size;
  keep_largest(peak, now);
}

void release(void* memory) {
  count_live(-size_of(memory));
  std::free(memory);
}
}  // namespace

namespace casd::test {
long allocations() { return count; }
long allocated_bytes() { return bytes; }

PeakMemory::PeakMemory() : before_(live) {
  peak = before_;
  largest = 0;
}
long PeakMemory::bytes() const { return peak - before_; }
long PeakMemory::largest_allocation() const { return largest; }
}  // namespace casd::test

// Not in a test's file: GCC would inline it and warn about free() after new. Both forms of new are
// replaced because both use the same delete: std::stable_sort uses the form that does not throw.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
  bytes += static_cast<long>(size);
  keep_largest(largest, static_cast<long>(size));
  void* const memory = std::malloc(size ? size : 1);
  count_live(size_of(memory));
  return memory;
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
