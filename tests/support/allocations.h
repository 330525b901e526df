// Counts the allocations of a test program by replacing operator new. Link it once.
#pragma once

namespace casd::test {

long allocations();
/// Total size of all allocations so far, including freed ones.
long allocated_bytes();

}  // namespace casd::test
