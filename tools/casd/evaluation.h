// The result of an evaluation as text for people.
#pragma once

#include <casd/casd.h>

namespace program {

/// Prints the table of conditions, a summary and what the columns mean.
void print_evaluation(const casd_report* report, casd_task task);

}  // namespace program
