// Packs samples into the padded, standardised arrays that the torch plug-in reads.
#pragma once

#include "core/plugin_torch.h"
#include "engine/input_table.h"
#include "model/batch.h"
#include "model/model.h"

#include <cstdint>
#include <vector>

namespace casd {

/// The modalities that are kept and the frames that are dropped. Without a corruption all modalities
/// are kept and no frame is dropped.
struct Corruption {
  std::vector<ModalityMask> kept;                  // [samples]
  std::vector<std::vector<std::uint8_t>> dropped;  // [samples * modalities]: 1 per dropped frame
};

/// Owns the arrays; `view()` is valid until the next pack().
class PackedBatch {
 public:
  /// A modality participates in a sample if it is given, kept and in `mask`. With `absent` = zeros the
  /// others participate as zero vectors (of the given length, or one frame if not given).
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
