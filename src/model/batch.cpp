#include "model/batch.h"

#include "core/error.h"
#include "model/normaliser.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {

bool has_given_frame(const float* frames, std::size_t steps, std::size_t features) {
  for (std::size_t t = 0; t < steps; ++t)
    if (!is_missing(frames + t * features, static_cast<std::int64_t>(features))) return true;
  return false;
}

// Error messages are built on failure only: these functions run for every sample of every batch.

void set_frames(Sample& sample, const Schema& schema, std::int32_t modality,
                const FrameView& view) {
  if (modality < 0 || modality >= schema.modality_count())
    fail(CASD_ERROR_INVALID_ARGUMENT, "there is no modality ", modality, ", the schema has ",
         schema.modality_count());
  const Modality& info = schema.modalities[static_cast<std::size_t>(modality)];
  if (view.features != info.features)
    fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", info.name, "': frames of ", view.features,
         " features, the schema has ", info.features);
  constexpr auto most = std::numeric_limits<std::int64_t>::max() / 8;
  if (view.steps < 0 || view.steps > most / info.features)
    fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", info.name, "': ", view.steps,
         " frames, allowed: 0 to ", most / info.features);
  if (view.stride < info.features || (view.steps > 0 && view.stride > most / view.steps))
    fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", info.name, "': a stride of ", view.stride,
         " numbers, allowed: 0 (contiguous), or ", info.features, " or more");
  const auto features = static_cast<std::size_t>(info.features);
  const auto steps = static_cast<std::size_t>(view.steps);
  const auto stride = static_cast<std::size_t>(view.stride);
  Floats& frames = sample.frames[static_cast<std::size_t>(modality)];
  if (stride == features || steps <= 1) {
    frames.assign(view.values, view.values + steps * features);
  } else {
    // A separate vector, so that the old frames are kept if memory runs out.
    if (frames.capacity() < steps * features) Floats(steps * features).swap(frames);
    frames.resize(steps * features);
    for (std::size_t t = 0; t < steps; ++t)
      std::copy_n(view.values + t * stride, features, frames.data() + t * features);
  }
  const ModalityMask bit = ModalityMask{1} << modality;
  sample.given &= ~bit;
  if (has_given_frame(frames.data(), steps, features)) sample.given |= bit;
}

void set_frames(Sample& sample, const Schema& schema, std::int32_t modality,
                Span<const float> values) {
  FrameView view{values.data(), 0, 1, 1};
  if (modality >= 0 && modality < schema.modality_count()) {
    const Modality& info = schema.modalities[static_cast<std::size_t>(modality)];
    const auto count = static_cast<std::int64_t>(values.size());
    if (count % info.features != 0)
      fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", info.name, "': ", count,
           " numbers are not a multiple of its ", info.features, " features");
    view = {values.data(), count / info.features, info.features, info.features};
  }
  set_frames(sample, schema, modality, view);
}

void set_target(Sample& sample, const Schema& schema, Span<const float> values) {
  if (values.empty()) {
    sample.target.clear();
    return;
  }
  const auto columns = static_cast<std::size_t>(schema.target_columns());
  if (values.size() != columns)
    fail(CASD_ERROR_INVALID_ARGUMENT, "the target has ", values.size(), " numbers, expected ",
         columns, " (task ", task_name(schema.task), ")");
  const auto classes = static_cast<float>(schema.outputs.size());
  for (const float value : values) {
    if (!std::isfinite(value))
      fail(CASD_ERROR_INVALID_ARGUMENT, "the target ", value, " is not finite");
    if (schema.task == CASD_TASK_CLASSES &&
        !(value >= 0 && value < classes && value == std::floor(value)))
      fail(CASD_ERROR_INVALID_ARGUMENT, "the target ", value, " is not a class, allowed: 0 to ",
           schema.outputs.size() - (schema.outputs.empty() ? 0 : 1));
    if (schema.task == CASD_TASK_MULTILABEL && value != 0 && value != 1)
      fail(CASD_ERROR_INVALID_ARGUMENT, "the target ", value, " is neither 0 nor 1");
  }
  sample.target.assign(values.begin(), values.end());
}

Sample empty_sample(const Schema& schema) {
  Sample sample;
  sample.frames.resize(schema.modalities.size());
  return sample;
}

Sample& Batch::at(std::int64_t i) {
  require(i >= 0 && i < size(), "there is no sample ", i, ", the batch has ", size());
  return samples_[static_cast<std::size_t>(i)];
}

Sample& Batch::add() {
  if (used_ == samples_.size()) {
    samples_.push_back(empty_sample(*schema_));
  } else {
    Sample& sample = samples_[used_];
    for (auto& frames : sample.frames) frames.clear();
    sample.target.clear();
    sample.given = 0;
    sample.name.clear();
    sample.group.clear();
  }
  return samples_[used_++];
}

}  // namespace casd
