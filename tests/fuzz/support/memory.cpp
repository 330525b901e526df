#include "memory.h"

#include <sanitizer/allocator_interface.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace casd::fuzz {
namespace {

std::atomic<long long> live{0}, most{0}, largest_one{0};

void keep_largest(std::atomic<long long>& of, long long value) {
  long long before = of;
  while (value > before && !of.compare_exchange_weak(before, value)) {
  }
}

void count_allocation(const volatile void*, std::size_t size) {
  const auto bytes = static_cast<long long>(size);
  const long long now = live += bytes;
  keep_largest(most, now);
  keep_largest(largest_one, bytes);
}

void count_release(const volatile void* memory) {
  // The interface takes the pointer without volatile.
  live -= static_cast<long long>(__sanitizer_get_allocated_size(const_cast<const void*>(memory)));
}

const int installed = __sanitizer_install_malloc_and_free_hooks(count_allocation, count_release);

}  // namespace

MemoryUse::MemoryUse() {
  if (installed == 0) std::abort();
  live = 0;
  most = 0;
  largest_one = 0;
}

std::size_t MemoryUse::peak() const { return static_cast<std::size_t>(most.load()); }
std::size_t MemoryUse::largest() const { return static_cast<std::size_t>(largest_one.load()); }

void MemoryUse::require_bounded(std::size_t input, std::size_t factor, std::size_t constant) const {
  if (peak() <= factor * input + constant) return;
  std::fprintf(stderr, "an input of %zu bytes took %zu bytes of memory, allowed: %zu\n", input,
               peak(), factor * input + constant);
  std::abort();
}

void MemoryUse::require_small_allocations(std::size_t input) const {
  const std::size_t allowed = reader_factor * input + reader_constant;
  if (largest() <= allowed) return;
  std::fprintf(stderr, "an input of %zu bytes led to an allocation of %zu bytes, allowed: %zu\n",
               input, largest(), allowed);
  std::abort();
}

}  // namespace casd::fuzz
