// The memory that one call uses.
#pragma once

#include "core/live_bytes.h"
#include "engine/inference_engine.h"
#include "engine/input_table.h"
#include "method/input_guard.h"
#include "model/model.h"
#include "predict/batch_reader.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace casd {

/// Normal-Inverse-Gamma parameters of some samples, per modality, and what the linear path and the
/// input guard need. Trust, contributions and temperatures are not part of it.
struct EvidenceTable {
  std::int64_t samples = 0;
  std::vector<ModalityMask> given;  // [samples] modalities of the sample
  Floats present;                   // [samples, modalities, 4, hidden], of the given modalities
  Floats zeros;                     // the same, of zero sequences; absent = zeros only
  Floats linear;  // [samples, modalities, K] outputs of the linear maps; option linear only
  std::vector<GuardFactors<float>> guard;  // [samples, modalities]; option input_guard only
};

/// Evidence of zero sequences, which depends on modality and length only. A direct-mapped cache of
/// fixed size: each pair of modality and length maps to one entry; a new pair replaces the old one.
class ZeroSequenceCache {
 public:
  explicit ZeroSequenceCache(const Model& model);

  /// Allocates the memory; later calls do nothing.
  void reserve();
  /// [4, hidden], or NULL if it is not cached.
  const float* find(std::int32_t modality, std::int64_t steps) const;
  /// Returns the entry, into which the caller writes [4, hidden]; valid until the next insert().
  float* insert(std::int32_t modality, std::int64_t steps);

 private:
  std::int64_t key(std::int32_t modality, std::int64_t steps) const {
    return steps * modalities_ + modality;
  }

  std::int64_t modalities_, width_, entries_;
  std::vector<std::int64_t> keys_;  // [entries]; -1: empty
  std::optional<LiveBytes> counted_;
  std::unique_ptr<float[]> values_;  // [entries, 4, hidden]; not initialised, to save page faults
};

struct Workspace {
  Workspace(const Model& model, const InferenceEngine& encoder)
      : zero_sequences(model), engine(encoder.workspace()) {}

  BatchReader reader;
  InputTable input;
  EvidenceTable evidence;
  ZeroSequenceCache zero_sequences;
  std::vector<EncodeItem> items;
  std::vector<std::int64_t> cells;  // of the items: sample * modalities + modality
  std::unique_ptr<EngineWorkspace> engine;
};

}  // namespace casd
