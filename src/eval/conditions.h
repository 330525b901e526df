// The sets of modalities under which a model is judged.
#pragma once

#include "model/schema.h"

#include <string>
#include <vector>

namespace casd {

struct Condition {
  ModalityMask mask;
  std::string name;  // "language+audio"
};

/// All non-empty sets up to six modalities, else the singles and the leave-one-outs; by number of
/// modalities, then by mask; the complete one last.
std::vector<Condition> conditions(const Schema& schema);

}  // namespace casd
