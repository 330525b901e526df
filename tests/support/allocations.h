// Counts the allocations of a test program, through operator new. To be linked once.
#pragma once

namespace casd::test {

long allocations();
/// The sizes of all allocations so far; what was freed counts, too.
long allocated_bytes();

}  // namespace casd::test
