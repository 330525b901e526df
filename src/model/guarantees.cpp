#include "model/guarantees.h"

#include <algorithm>

namespace casd {

std::size_t Guarantees::score_tables(const Schema& schema) {
  return schema.task == CASD_TASK_CLASSES ? 1 : schema.outputs.size();
}

std::size_t Guarantees::decision_tables(const Schema& schema) {
  return schema.task == CASD_TASK_REGRESSION ? 0 : score_tables(schema);
}

const KeyGuarantees* Guarantees::find(std::uint32_t key) const {
  const auto found = std::lower_bound(
      keys.begin(), keys.end(), key,
      [](const KeyGuarantees& entry, std::uint32_t wanted) { return entry.key < wanted; });
  return found != keys.end() && found->key == key ? &*found : nullptr;
}

}  // namespace casd
