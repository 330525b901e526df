// Describes a training before it starts, on standard error.
#pragma once

#include "settings.h"

namespace program {

struct TrainingPlan {
  const casd_dataset* data;
  const casd_schema* schema;
  const casd_trainer_options* options;  // as given, `auto` included
  casd_pooling pooling;                 // the same
  std::string source;                   // the DATA of the command line
  std::string task_reason;              // "given with --task"
  std::string held_out;                 // the sentence about it; "": nothing was held out
  std::string checkpoint;               // "": none
};

/// Prints task, modalities, samples, labels, steps.
void print_plan(const TrainingPlan& plan);

}  // namespace program
