// Samples as padded arrays, one per modality, for engines that compute many samples at once.
#pragma once

#include "engine/corruption.h"
#include "engine/inference_engine.h"
#include "engine/input_table.h"
#include "model/model.h"

#include <cstdint>
#include <vector>

namespace casd {

/// Frames of one modality, of the samples in which it participates only.
struct PackedModality {
  std::int32_t rows = 0;                 // samples; 0: none, the rest is NULL
  std::int32_t steps = 0;                // longest length
  const std::int32_t* sample = nullptr;  // [rows] ascending: row of the batch
  const std::int32_t* length = nullptr;  // [rows], 1 to steps
  const float* frames = nullptr;  // [rows, steps, features] standardised; zeros beyond the length
};

/// Standardised copies of samples.
class StandardisedSamples {
 public:
  StandardisedSamples() = default;
  StandardisedSamples(const Model& model, const InputTable& input);
  const InputTable& table() const { return table_; }

 private:
  InputTable table_;  // points into frames_
  Floats frames_;
};

/// Owns the arrays; they are valid until the next pack().
class PackedBatch {
 public:
  /// Rows of a table of standardised samples. A modality participates in a sample if it is given and
  /// kept. With `absent` = zeros the others participate as zero vectors (of the given length, or one
  /// frame if not given). corruption: NULL: everything is kept.
  void pack(const NetworkLayout& layout, const InputTable& standardised,
            Span<const std::int64_t> rows, const Corruption* corruption);
  /// Sequences that are not standardised yet. PackedModality::sample is the index of the item.
  void pack(const Model& model, Span<const EncodeItem> items);

  std::int64_t samples() const { return samples_; }
  Span<const PackedModality> modalities() const { return modalities_; }

 private:
  struct Storage {
    std::vector<std::int32_t> sample, length;
    Floats frames;
  };
  /// Sets the view of modality `m` and clears its frames.
  float* allocate(std::size_t m, std::int32_t features);
  void clear(std::size_t modalities, std::int64_t samples);

  std::int64_t samples_ = 0;
  std::vector<Storage> storage_;
  std::vector<PackedModality> modalities_;
};

}  // namespace casd
