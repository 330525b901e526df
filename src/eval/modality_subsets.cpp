#include "eval/modality_subsets.h"

#include "model/modality_count.h"

#include <algorithm>

namespace casd {

std::vector<ModalitySubset> modality_subsets(const Schema& schema) {
  constexpr std::int32_t most_for_all = 6;
  const std::int32_t count = schema.modality_count();
  std::vector<ModalityMask> masks;
  if (count <= most_for_all) {
    for (ModalityMask mask = 1; mask <= schema.all(); ++mask) masks.push_back(mask);
  } else {
    for (std::int32_t m = 0; m < count; ++m) masks.push_back(ModalityMask{1} << m);
    for (std::int32_t m = 0; m < count; ++m)
      masks.push_back(schema.all() & ~(ModalityMask{1} << m));
    masks.push_back(schema.all());
  }
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
