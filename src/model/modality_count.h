// The number of modalities in a mask, and from which number on not every set is considered.
#pragma once

#include "model/schema.h"

namespace casd {

/// Up to six modalities, each of their sets has its own temperature, tables and row in a report.
constexpr std::int32_t most_modalities_by_set = 6;

inline int modality_count(ModalityMask mask) {
  int count = 0;
  for (; mask != 0; mask &= mask - 1) ++count;
  return count;
}

}  // namespace casd
