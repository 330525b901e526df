// The option table of casd_trainer_options, defaults, recipes and checks.
#pragma once

#include "model/options.h"

#include <casd/train.h>

namespace casd {

Span<const Option> trainer_option_table();
casd_trainer_options default_trainer_options();
void use_recipe(casd_trainer_options& options, casd_recipe recipe);
casd_trainer_options checked(casd_trainer_options options);

}  // namespace casd
