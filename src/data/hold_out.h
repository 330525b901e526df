// Moves a stratified part of a split to another split.
#pragma once

#include "data/dataset.h"

#include <cstdint>
#include <string>

namespace casd {

/// casd_dataset_hold_out(). Throws NOT_FOUND or INVALID_ARGUMENT; the dataset is unchanged then.
void hold_out(Dataset& dataset, const std::string& from, const std::string& to, double share,
              std::uint64_t seed);

}  // namespace casd
