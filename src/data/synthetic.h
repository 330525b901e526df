// Synthetic datasets.
#pragma once

#include "data/dataset.h"

namespace casd {

casd_synthetic_options default_synthetic_options();
/// Checks the options, then generates; the same options give the same bits.
Dataset make_synthetic(const casd_synthetic_options& options);

}  // namespace casd
