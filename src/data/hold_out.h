// Moves a stratified part of a split to another split.
#pragma once

#include "data/dataset.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

/// Which samples of the split casd_dataset_hold_out() moves: 1 for those. Throws INVALID_ARGUMENT if
/// there are too few.
std::vector<std::uint8_t> choose_held_out(const Schema& schema, const Split& split, double share,
                                          std::uint64_t seed);

/// casd_dataset_hold_out(). Throws NOT_FOUND or INVALID_ARGUMENT; the dataset is unchanged then.
void hold_out(Dataset& dataset, const std::string& from, const std::string& to, double share,
              std::uint64_t seed);

}  // namespace casd
