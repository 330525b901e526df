// Counts the allocations of a test program, through operator new. To be linked once.
#pragma once

namespace casd::test {

long allocations();

}  // namespace casd::test
