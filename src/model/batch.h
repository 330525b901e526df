// Samples of any length, any modality missing.
#pragma once

#include "core/live_bytes.h"
#include "core/span.h"
#include "model/schema.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace casd {

struct Sample {
  std::vector<Floats> frames;  // per modality [steps, features]; empty: not given
  std::vector<float> target;   // target_columns() numbers; empty: none
  ModalityMask given = 0;      // modalities with at least one frame that is not all NaN
  std::string name;            // "": the sample has only a number
  std::string group;           // "": none; samples of one group stay in one split

  std::int64_t steps(const Schema& schema, std::int32_t modality) const {
    const auto m = static_cast<std::size_t>(modality);
    return static_cast<std::int64_t>(frames[m].size()) / schema.modalities[m].features;
  }
};

/// Frames in the caller's memory: frame t starts at values + t * stride.
struct FrameView {
  const float* values = nullptr;
  std::int64_t steps = 0;
  std::int32_t features = 0;
  std::int64_t stride = 0;  // at least features
};

/// Whether at least one of the frames [steps, features] is not wholly NaN.
bool has_given_frame(const float* frames, std::size_t steps, std::size_t features);

/// Checks and sets frames and `given`. Throws INVALID_ARGUMENT; the message names the modality, the
/// caller adds the sample.
void set_frames(Sample& sample, const Schema& schema, std::int32_t modality, const FrameView& view);
/// The same for contiguous frames; the count must be a multiple of the modality's features.
void set_frames(Sample& sample, const Schema& schema, std::int32_t modality,
                Span<const float> values);
/// Checks (count, finite, a class, 0 or 1) and sets the target.
void set_target(Sample& sample, const Schema& schema, Span<const float> values);
/// A sample of the schema without frames and target.
Sample empty_sample(const Schema& schema);

/// A list of samples that reuses the memory of cleared samples.
class Batch {
 public:
  explicit Batch(Schema schema) : schema_(std::make_shared<const Schema>(std::move(schema))) {}
  const Schema& schema() const { return *schema_; }
  /// The same object for the lifetime of the batch: equal pointers mean equal schemas.
  const std::shared_ptr<const Schema>& shared_schema() const { return schema_; }
  std::int64_t size() const { return static_cast<std::int64_t>(used_); }
  const Sample& operator[](std::int64_t i) const { return samples_[static_cast<std::size_t>(i)]; }
  Sample& at(std::int64_t i);  // throws INVALID_ARGUMENT beyond the size
  Sample& add();
  void clear() { used_ = 0; }
  void reserve(std::int64_t samples) { samples_.reserve(static_cast<std::size_t>(samples)); }
  /// Removes the samples from `size` on; keeps their memory.
  void shrink(std::int64_t size) { used_ = static_cast<std::size_t>(size); }

 private:
  std::shared_ptr<const Schema> schema_;
  std::vector<Sample> samples_;  // [0, used_) are in use
  std::size_t used_ = 0;
};

}  // namespace casd
