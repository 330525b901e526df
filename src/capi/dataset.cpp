#include <casd/dataset.h>

#include "capi/handles.h"
#include "capi/option_struct.h"
#include "data/hold_out.h"
#include "data/readers.h"
#include "data/synthetic.h"

#include <algorithm>

using casd::given;
using casd::guard;

namespace {

const casd::Split* find(const casd_dataset* dataset, const char* split) {
  return dataset && split ? dataset->value.find(split) : nullptr;
}

const casd::Split& found(const casd_dataset* dataset, const char* split) {
  const casd::Dataset& data = given(dataset, "dataset").value;
  const casd::Split* out = data.find(&given(split, "split"));
  if (!out) casd::fail(CASD_ERROR_NOT_FOUND, "the dataset has no split '", split, "'");
  return *out;
}

}  // namespace

casd_status casd_dataset_open(casd_dataset** dataset, const char* path, const char* task) {
  return guard([&] {
    given(dataset, "dataset");
    *dataset = new casd_dataset(casd::open_dataset(&given(path, "path"), task));
  });
}

casd_status casd_dataset_open_as(casd_dataset** dataset, const char* path, const char* task,
                                 const char* split, const char* modalities) {
  return guard([&] {
    given(dataset, "dataset");
    *dataset = new casd_dataset(casd::open_dataset(
        &given(path, "path"),
        {casd::parse_task(task), split ? split : "", casd::parse_channel_groups(modalities)}));
  });
}

casd_status casd_dataset_add_file(casd_dataset* dataset, const char* path, const char* split) {
  return guard([&] {
    casd::Dataset& data = given(dataset, "dataset").value;
    casd::add_file(data, &given(path, "path"), split ? split : "");
  });
}

casd_status casd_dataset_load_memory(casd_dataset** dataset, const void* data, size_t size,
                                     const char* name, const char* task) {
  return guard([&] {
    given(dataset, "dataset");
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    if (!bytes && size != 0)
      casd::fail(CASD_ERROR_INVALID_ARGUMENT, "data is NULL, size is ", size);
    *dataset =
        new casd_dataset(casd::load_dataset({bytes, bytes + size}, &given(name, "name"), task));
  });
}

casd_status casd_synthetic_options_init(casd_synthetic_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_synthetic_options(),
                      casd::first_size::synthetic_options, "options");
  });
}

casd_status casd_dataset_create_synthetic(casd_dataset** dataset,
                                          const casd_synthetic_options* options) {
  return guard([&] {
    given(dataset, "dataset");
    *dataset = new casd_dataset(
        casd::make_synthetic(casd::import_struct(options, casd::default_synthetic_options(),
                                                 casd::first_size::synthetic_options, "options")));
  });
}

casd_status casd_dataset_create(casd_dataset** dataset, const casd_schema* schema) {
  return guard([&] {
    given(dataset, "dataset");
    casd::require_complete(given(schema, "schema").value);
    casd::Dataset data;
    data.schema = schema->value;
    *dataset = new casd_dataset(std::move(data));
  });
}

casd_status casd_dataset_add(casd_dataset* dataset, const char* split, const casd_batch* batch) {
  return guard([&] {
    casd::Dataset& data = given(dataset, "dataset").value;
    casd::add_samples(data, &given(split, "split"), given(batch, "batch").value);
  });
}

casd_status casd_dataset_hold_out(casd_dataset* dataset, const char* from, const char* to,
                                  double share, uint64_t seed) {
  return guard([&] {
    casd::Dataset& data = given(dataset, "dataset").value;
    casd::hold_out(data, &given(from, "from"), &given(to, "to"), share, seed);
  });
}

void casd_dataset_destroy(casd_dataset* dataset) { delete dataset; }

casd_status casd_dataset_schema(casd_schema** schema, const casd_dataset* dataset) {
  return guard([&] {
    given(schema, "schema");
    auto copy = std::make_unique<casd_schema>();
    copy->value = given(dataset, "dataset").value.schema;
    *schema = copy.release();
  });
}

int32_t casd_dataset_split_count(const casd_dataset* dataset) {
  return dataset ? static_cast<int32_t>(dataset->value.splits.size()) : -1;
}

const char* casd_dataset_split_name(const casd_dataset* dataset, int32_t index) {
  if (!dataset || index < 0 || index >= casd_dataset_split_count(dataset)) return nullptr;
  return dataset->value.splits[static_cast<std::size_t>(index)].name.c_str();
}

int64_t casd_dataset_size(const casd_dataset* dataset, const char* split) {
  const casd::Split* of = find(dataset, split);
  return of ? static_cast<int64_t>(of->samples.size()) : -1;
}

casd_status casd_dataset_read(casd_batch* batch, const casd_dataset* dataset, const char* split,
                              const int64_t* indices, size_t count) {
  return guard([&] {
    casd::Batch& to = given(batch, "batch").value;
    const casd::SampleList& samples = found(dataset, split).samples;
    casd::require_same_task(dataset->value.schema, to.schema(), "the dataset");
    const casd::SchemaMapping mapping(dataset->value.schema, to.schema(), "the dataset");
    const auto index = [&](std::size_t i) {
      return indices ? indices[i] : static_cast<std::int64_t>(i);
    };
    for (std::size_t i = 0; i < count; ++i)
      casd::require(index(i) >= 0 && index(i) < static_cast<std::int64_t>(samples.size()),
                    "there is no sample ", index(i), " in split '", split, "', it has ",
                    samples.size());
    const std::int64_t before = to.size();
    try {
      for (std::size_t i = 0; i < count; ++i)
        mapping.apply(samples[static_cast<std::size_t>(index(i))], to.add());
    } catch (...) {
      to.shrink(before);
      throw;
    }
  });
}

const char* casd_dataset_sample_name(const casd_dataset* dataset, const char* split,
                                     int64_t sample) {
  const casd::Split* of = find(dataset, split);
  if (!of || sample < 0 || sample >= static_cast<int64_t>(of->samples.size())) return nullptr;
  return of->samples[static_cast<std::size_t>(sample)].name.c_str();
}

const char* casd_dataset_group_name(const casd_dataset* dataset, const char* split,
                                    int64_t sample) {
  const casd::Split* of = find(dataset, split);
  if (!of || sample < 0 || sample >= static_cast<int64_t>(of->samples.size())) return nullptr;
  return of->samples[static_cast<std::size_t>(sample)].group.c_str();
}

casd_status casd_dataset_target_count(int64_t* count, const casd_dataset* dataset,
                                      const char* split, int32_t output) {
  return guard([&] {
    given(count, "count");
    const casd::SampleList& samples = found(dataset, split).samples;
    const casd::Schema& schema = dataset->value.schema;
    const auto outputs = static_cast<std::int32_t>(schema.outputs.size());
    casd::require(output >= -1 && output < outputs, "there is no output ", output, ", there are ",
                  outputs);
    *count = std::count_if(samples.begin(), samples.end(), [&](const casd::Sample& sample) {
      if (sample.target.empty()) return false;
      if (output < 0 || schema.task == CASD_TASK_REGRESSION) return true;
      if (schema.task == CASD_TASK_CLASSES) return sample.target[0] == static_cast<float>(output);
      return sample.target[static_cast<std::size_t>(output)] != 0;
    });
  });
}

casd_status casd_dataset_modality_count(int64_t* count, const casd_dataset* dataset,
                                        const char* split, casd_modality_mask mask) {
  return guard([&] {
    given(count, "count");
    const casd::SampleList& samples = found(dataset, split).samples;
    const casd::ModalityMask wanted = casd::resolve_mask(dataset->value.schema, mask);
    *count = std::count_if(samples.begin(), samples.end(), [&](const casd::Sample& sample) {
      return (sample.given & wanted) != 0;
    });
  });
}

casd_status casd_dataset_noise(double* noise, const casd_dataset* dataset, const char* split,
                               int64_t sample, int32_t modality) {
  return guard([&] {
    given(noise, "noise");
    const casd::Split& of = found(dataset, split);
    const std::int32_t modalities = dataset->value.schema.modality_count();
    casd::require(sample >= 0 && sample < static_cast<int64_t>(of.samples.size()),
                  "there is no sample ", sample, " in split '", split, "', it has ",
                  of.samples.size());
    casd::require(modality >= 0 && modality < modalities, "there is no modality ", modality,
                  ", there are ", modalities);
    if (of.noise.size() != of.samples.size() * static_cast<std::size_t>(modalities))
      casd::fail(CASD_ERROR_STATE, "the noise is known for synthetic datasets only");
    *noise = of.noise[static_cast<std::size_t>(sample * modalities + modality)];
  });
}
