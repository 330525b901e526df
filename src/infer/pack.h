// Samples as the padded, standardised arrays that the torch plug-in takes.
#pragma once

#include "core/plugin_torch.h"
#include "infer/input_table.h"
#include "model/batch.h"
#include "model/model.h"

#include <cstdint>
#include <vector>

namespace casd {

/// What corruption does to samples; all modalities given and no frame dropped when absent.
struct Corruption {
  std::vector<ModalityMask> kept;                  // [samples]
  std::vector<std::vector<std::uint8_t>> dropped;  // [samples * modalities]: 1 per dropped frame
};

/// Owns the arrays; `view()` is valid until the next pack().
class PackedBatch {
 public:
  /// A modality takes part in a sample when it is given, kept and in `mask`; under `absent` = zeros
  /// the others take part as zero vectors (as long as what was given, else one frame).
  void pack(const Model& model, Span<const Sample* const> samples, ModalityMask mask,
            const Corruption* corruption);
  /// The same for `count` rows of a table from `first` on, not corrupted.
  void pack(const Model& model, const InputTable& input, std::int64_t first, std::int64_t count,
            ModalityMask mask);
  const casd_torch_batch& view() const { return view_; }

 private:
  struct Storage {
    std::vector<std::int32_t> sample, length;
    Floats frames;
  };
  void pack_rows(const Model& model, const InputTable& input, std::int64_t first,
                 std::int64_t count, ModalityMask mask, const Corruption* corruption);

  InputTable input_;  // of samples
  std::vector<Storage> storage_;
  std::vector<casd_torch_modality> modality_;
  casd_torch_batch view_{};
};

}  // namespace casd
