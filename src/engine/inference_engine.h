// An engine that runs the encoders of a model: from the frames of one modality of one sample to the
// parameters of its Normal-Inverse-Gamma distribution. Fusion and classifier are in src/predict.
#pragma once

#include "core/span.h"
#include "engine/frame_sums.h"
#include "engine/plugin_table.h"

#include <cstdint>
#include <memory>

namespace casd {

struct EngineCapabilities {
  const char* name;  // "cpu", "torch"
  casd_device device;
  bool trains;
  bool concurrent;  // calls of encode() run at the same time; otherwise one after the other
};

using EncodeItem = casd_engine_sequence;

/// What the caller of encode() does with the sums over the frames of each item.
class FrameSumReader {
 public:
  virtual ~FrameSumReader() = default;
  /// For engines that leave the sums to the portable code; without memory for the sums.
  virtual FrameSumItem item(std::size_t index) const = 0;
  /// Reads the sums of an item, which it may overwrite. Once for each item, on any thread.
  virtual void read(std::size_t index, double* sums) const = 0;
};

/// Scratch memory of one call in flight.
class EngineWorkspace {
 public:
  virtual ~EngineWorkspace() = default;
};

/// Immutable weights. Any number of threads, each with its own workspace. Engines throw casd::Error.
class InferenceEngine {
 public:
  virtual ~InferenceEngine() = default;
  virtual const EngineCapabilities& capabilities() const = 0;
  /// NULL if the engine needs none.
  virtual std::unique_ptr<EngineWorkspace> workspace() const = 0;
  /// Writes item.nig of each item, and gives the sums over its frames to the reader (NULL: they are
  /// not computed). An item's result does not depend on the other items or on the number of threads.
  /// A built-in engine does not allocate if the workspace was used for a call of at least that size
  /// before.
  virtual void encode(Span<const EncodeItem> items, EngineWorkspace* workspace,
                      const FrameSumReader* reader = nullptr) const = 0;
};

/// Gives the sums of all items to the reader, in portable code.
void read_frame_sums(std::size_t items, const FrameSumReader& reader);

using InferenceEnginePtr = std::shared_ptr<const InferenceEngine>;

}  // namespace casd
