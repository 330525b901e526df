// The memory of one call in flight.
#pragma once

#include "core/live_bytes.h"
#include "infer/batch_reader.h"
#include "infer/input_table.h"
#include "infer/pack.h"
#include "model/model.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace casd {

/// Normal-Inverse-Gamma parameters of some samples, per modality.
struct EvidenceTable {
  std::int64_t samples = 0;
  std::vector<ModalityMask> given;  // [samples] what the sample has
  Floats present;                   // [samples, modalities, 4, hidden] where it is given
  Floats zeros;                     // the same of zero sequences; absent = zeros only
};

/// Evidence of zero sequences, which depends on modality and length only. Of fixed size: each pair
/// of modality and length has one place, which the last one of several pairs keeps.
class ZeroSequenceCache {
 public:
  explicit ZeroSequenceCache(const Model& model);

  /// Makes the memory; later calls do nothing.
  void reserve();
  /// [4, hidden], or NULL if it is not there.
  const float* find(std::int32_t modality, std::int64_t steps) const;
  /// Where the caller writes [4, hidden]; valid until the next insert().
  float* insert(std::int32_t modality, std::int64_t steps);

 private:
  std::int64_t key(std::int32_t modality, std::int64_t steps) const {
    return steps * modalities_ + modality;
  }

  std::int64_t modalities_, width_, places_;
  std::vector<std::int64_t> keys_;  // [places]; -1: empty
  std::optional<LiveBytes> counted_;
  std::unique_ptr<float[]> values_;  // [places, 4, hidden]; pages are touched where they are used
};

class Workspace {
 public:
  explicit Workspace(const Model& model) : zero_sequences(model) {}

  /// At least `count` numbers of scratch for each of `slots` workers.
  void reserve_scratch(int slots, std::size_t count);
  float* scratch(int slot) {
    return scratch_.data() + static_cast<std::size_t>(slot) * scratch_stride_;
  }

  BatchReader reader;
  InputTable input;
  EvidenceTable evidence;
  ZeroSequenceCache zero_sequences;
  PackedBatch packed;  // devices only

 private:
  Floats scratch_;  // [slots, stride]
  std::size_t scratch_stride_ = 0;
};

}  // namespace casd
