// The number of modalities in a mask.
#pragma once

#include "model/schema.h"

namespace casd {

inline int modality_count(ModalityMask mask) {
  int count = 0;
  for (; mask != 0; mask &= mask - 1) ++count;
  return count;
}

}  // namespace casd
