#include "model/batch.h"

#include "core/error.h"

#include <cmath>

namespace casd {
namespace {

bool is_missing(const float* frame, std::size_t features) {
  for (std::size_t i = 0; i < features; ++i)
    if (!std::isnan(frame[i])) return false;
  return true;
}

}  // namespace

void set_frames(Sample& sample, const Schema& schema, std::int32_t modality,
                Span<const float> values, const std::string& where) {
  require(modality >= 0 && modality < schema.modality_count(), where, ": there is no modality ",
          modality, ", the schema has ", schema.modality_count());
  const Modality& info = schema.modalities[static_cast<std::size_t>(modality)];
  const auto features = static_cast<std::size_t>(info.features);
  require(values.size() % features == 0, where, ", modality '", info.name, "': ", values.size(),
          " numbers are not a multiple of its ", features, " features");
  sample.frames[static_cast<std::size_t>(modality)].assign(values.begin(), values.end());
  const ModalityMask bit = ModalityMask{1} << modality;
  sample.given &= ~bit;
  for (std::size_t at = 0; at < values.size(); at += features) {
    if (is_missing(values.data() + at, features)) continue;
    sample.given |= bit;
    break;
  }
}

void set_target(Sample& sample, const Schema& schema, Span<const float> values,
                const std::string& where) {
  if (values.empty()) {
    sample.target.clear();
    return;
  }
  const auto columns = static_cast<std::size_t>(schema.target_columns());
  require(values.size() == columns, where, ": the target has ", values.size(),
          " numbers, expected ", columns, " (task ", task_name(schema.task), ")");
  for (const float value : values) {
    require(std::isfinite(value), where, ": the target ", value, " is not finite");
    if (schema.task == CASD_TASK_CLASSES)
      require(value >= 0 && value < static_cast<float>(schema.outputs.size()) &&
                  value == std::floor(value),
              where, ": the target ", value, " is not a class, allowed: 0 to ",
              schema.outputs.size() - (schema.outputs.empty() ? 0 : 1));
    if (schema.task == CASD_TASK_MULTILABEL)
      require(value == 0 || value == 1, where, ": the target ", value, " is neither 0 nor 1");
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
    samples_.push_back(empty_sample(schema_));
  } else {
    Sample& sample = samples_[used_];
    for (auto& frames : sample.frames) frames.clear();
    sample.target.clear();
    sample.given = 0;
    sample.name.clear();
  }
  return samples_[used_++];
}

}  // namespace casd
