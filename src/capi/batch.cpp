#include <casd/batch.h>

#include "capi/call_boundary.h"
#include "capi/handles.h"

using casd::given;
using casd::guard;

namespace {

const casd::Sample* sample_of(const casd_batch* batch, int64_t sample) {
  return batch && sample >= 0 && sample < batch->value.size() ? &batch->value[sample] : nullptr;
}

bool exists(const casd_batch* batch, const casd::Sample* sample, int32_t modality) {
  return sample && modality >= 0 && modality < batch->value.schema().modality_count();
}

bool has(const casd_batch* batch, const casd::Sample* sample, int32_t modality) {
  return exists(batch, sample, modality) && (sample->given >> modality & 1u) != 0;
}

}  // namespace

casd_status casd_batch_create(casd_batch** batch, const casd_schema* schema) {
  return guard([&] {
    given(batch, "batch");
    casd::require(!given(schema, "schema").value.modalities.empty(), "the schema has no modality");
    *batch = new casd_batch(schema->value);
  });
}

void casd_batch_destroy(casd_batch* batch) { delete batch; }

casd_status casd_batch_add_sample(int64_t* sample, casd_batch* batch) {
  return guard([&] {
    given(batch, "batch").value.add();
    if (sample) *sample = batch->value.size() - 1;
  });
}

casd_status casd_batch_set_frames(casd_batch* batch, int64_t sample, int32_t modality,
                                  const float* values, int64_t steps, int32_t features,
                                  int64_t stride) {
  return guard([&] {
    casd::Batch& value = given(batch, "batch").value;
    if (!values && steps != 0)
      casd::fail(CASD_ERROR_INVALID_ARGUMENT, "values is NULL, steps is ", steps);
    try {
      casd::set_frames(value.at(sample), value.schema(), modality,
                       casd::FrameView{values, steps, features, stride ? stride : features});
    } catch (const casd::Error& error) {
      casd::fail(error.status(), "sample ", sample, ": ", error.what());
    }
  });
}

casd_status casd_batch_set_target(casd_batch* batch, int64_t sample, const float* values,
                                  size_t count) {
  return guard([&] {
    casd::Batch& value = given(batch, "batch").value;
    if (!values && count != 0)
      casd::fail(CASD_ERROR_INVALID_ARGUMENT, "values is NULL, count is ", count);
    try {
      casd::set_target(value.at(sample), value.schema(), {values, count});
    } catch (const casd::Error& error) {
      casd::fail(error.status(), "sample ", sample, ": ", error.what());
    }
  });
}

void casd_batch_clear(casd_batch* batch) {
  if (batch) batch->value.clear();
}

casd_status casd_batch_reserve(casd_batch* batch, int64_t samples) {
  return guard([&] {
    casd::Batch& value = given(batch, "batch").value;
    casd::require(samples >= 0, "samples is ", samples, ", allowed: 0 or more");
    value.reserve(samples);
  });
}

int64_t casd_batch_size(const casd_batch* batch) { return batch ? batch->value.size() : -1; }

int64_t casd_batch_steps(const casd_batch* batch, int64_t sample, int32_t modality) {
  const casd::Sample* found = sample_of(batch, sample);
  if (!exists(batch, found, modality)) return -1;
  return has(batch, found, modality) ? found->steps(batch->value.schema(), modality) : 0;
}

const float* casd_batch_frames(const casd_batch* batch, int64_t sample, int32_t modality) {
  const casd::Sample* found = sample_of(batch, sample);
  return has(batch, found, modality) ? found->frames[static_cast<std::size_t>(modality)].data()
                                     : nullptr;
}

const float* casd_batch_target(const casd_batch* batch, int64_t sample) {
  const casd::Sample* found = sample_of(batch, sample);
  return found && !found->target.empty() ? found->target.data() : nullptr;
}
