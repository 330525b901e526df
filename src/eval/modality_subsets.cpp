#include "eval/modality_subsets.h"

#include "model/modality_count.h"

#include <algorithm>

namespace casd {

std::vector<ModalityMask> subsets_of(ModalityMask given, std::int32_t modalities) {
  std::vector<ModalityMask> out;
  if (modalities <= most_modalities_by_set) {
    for (ModalityMask mask = 1; mask <= given; ++mask)
      if ((mask & given) == mask) out.push_back(mask);
    return out;
  }
  for (std::int32_t m = 0; m < modalities; ++m) {
    const ModalityMask one = ModalityMask{1} << m;
    if (!(given & one)) continue;
    out.push_back(one);
    if (given != one) out.push_back(given & ~one);
  }
  if (given != 0) out.push_back(given);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<ModalitySubset> modality_subsets(const Schema& schema) {
  std::vector<ModalityMask> masks = subsets_of(schema.all(), schema.modality_count());
  std::sort(masks.begin(), masks.end(), [](ModalityMask a, ModalityMask b) {
    const int bits_a = modality_count(a), bits_b = modality_count(b);
    return bits_a != bits_b ? bits_a < bits_b : a < b;
  });
  std::vector<ModalitySubset> out;
  out.reserve(masks.size());
  for (const ModalityMask mask : masks) out.push_back({mask, mask_name(schema, mask)});
  return out;
}

}  // namespace casd
