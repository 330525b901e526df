// Counts the allocations of a test program by replacing operator new. Link it once.
#pragma once

namespace casd::test {

long allocations();
/// Total size of all allocations so far, including freed ones.
long allocated_bytes();

/// Most memory that was allocated at once since its construction, including what malloc() adds; one
/// object at a time. bytes() is 0 without glibc.
class PeakMemory {
 public:
  PeakMemory();
  long bytes() const;
  /// Size of the largest single allocation since then, with any C library.
  long largest_allocation() const;

 private:
  const long before_;
};

}  // namespace casd::test
