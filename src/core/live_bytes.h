// Counts the bytes of large buffers that live objects hold (casd_live_bytes()).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace casd {

/// Bytes held now, in the whole process.
std::int64_t live_bytes();
void add_live_bytes(std::int64_t bytes);

/// std::allocator that counts.
template <class T>
struct CountingAllocator {
  using value_type = T;

  CountingAllocator() = default;
  template <class U>
  CountingAllocator(const CountingAllocator<U>&) {}

  T* allocate(std::size_t count) {
    T* memory = std::allocator<T>().allocate(count);
    add_live_bytes(static_cast<std::int64_t>(count * sizeof(T)));
    return memory;
  }
  void deallocate(T* memory, std::size_t count) {
    add_live_bytes(-static_cast<std::int64_t>(count * sizeof(T)));
    std::allocator<T>().deallocate(memory, count);
  }
  friend bool operator==(CountingAllocator, CountingAllocator) { return true; }
  friend bool operator!=(CountingAllocator, CountingAllocator) { return false; }
};

/// For large members of long-lived objects: weights, frames, tables, scratch memory.
using Floats = std::vector<float, CountingAllocator<float>>;

/// Counts bytes that a plain container holds, for the life of this object.
class LiveBytes {
 public:
  explicit LiveBytes(std::size_t bytes) : bytes_(static_cast<std::int64_t>(bytes)) {
    add_live_bytes(bytes_);
  }
  ~LiveBytes() { add_live_bytes(-bytes_); }
  LiveBytes(const LiveBytes&) = delete;
  LiveBytes& operator=(const LiveBytes&) = delete;

 private:
  const std::int64_t bytes_;
};

}  // namespace casd
