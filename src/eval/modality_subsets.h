// The sets of modalities under which a model is evaluated.
#pragma once

#include "model/schema.h"

#include <string>
#include <vector>

namespace casd {

struct ModalitySubset {
  ModalityMask mask;
  std::string name;  // "language+audio"
};

/// Up to six modalities in the schema all non-empty sets of those in `given`; above: each of them
/// alone, each one left out, and all. Ascending.
std::vector<ModalityMask> subsets_of(ModalityMask given, std::int32_t modalities);

/// Up to six modalities: all non-empty sets. Above: each modality alone, each one left out, and all.
/// Sorted by the number of modalities, then by mask; the complete set is last.
std::vector<ModalitySubset> modality_subsets(const Schema& schema);

}  // namespace casd
