// The result of an evaluation as text for people.
#pragma once

#include <casd/casd.h>

#include <string>
#include <vector>

namespace program {

/// Prints the table of conditions, a summary and what the columns mean.
void print_evaluation(const casd_report* report, casd_task task);

/// Says whether a single modality, or the linear maps alone, are ahead of all modalities together.
void print_fusion_remark(const casd_report* report, casd_task task);

/// Prints what the trainer measured of each modality's evidence, and its remarks.
void print_training_monitor(const casd_trainer* trainer, const casd_schema* schema);

/// "Remark: ..." for each remark of the trainer.
std::vector<std::string> training_remarks(const casd_trainer* trainer);

}  // namespace program
