// The result of an evaluation as text for people.
#pragma once

#include <casd/casd.h>

namespace program {

/// Prints the table of conditions, a summary and what the columns mean.
void print_evaluation(const casd_report* report, casd_task task);

/// Says whether a single modality, or the linear maps alone, are ahead of all modalities together.
void print_fusion_remark(const casd_report* report, casd_task task);

}  // namespace program
