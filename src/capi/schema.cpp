#include <casd/schema.h>

#include "capi/call_boundary.h"
#include "capi/handles.h"

using casd::given;
using casd::guard;

namespace {

bool has(const casd_schema* schema, int32_t index, std::size_t count) {
  return schema && index >= 0 && static_cast<std::size_t>(index) < count;
}

template <class List, class Name>
std::string listed(const List& list, Name name_of) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + name_of(item);
  return out.empty() ? "none" : out;
}

}  // namespace

casd_status casd_schema_create(casd_schema** schema) {
  return guard([&] {
    given(schema, "schema");
    *schema = new casd_schema;
  });
}

void casd_schema_destroy(casd_schema* schema) { delete schema; }

casd_status casd_schema_add_modality(casd_schema* schema, const char* name, int32_t features) {
  return guard([&] { given(schema, "schema").value.add_modality(&given(name, "name"), features); });
}

casd_status casd_schema_set_task(casd_schema* schema, casd_task task) {
  return guard([&] { given(schema, "schema").value.set_task(task); });
}

casd_status casd_schema_add_output(casd_schema* schema, const char* name) {
  return guard([&] { given(schema, "schema").value.add_output(&given(name, "name")); });
}

int32_t casd_schema_modality_count(const casd_schema* schema) {
  return schema ? schema->value.modality_count() : -1;
}

const char* casd_schema_modality_name(const casd_schema* schema, int32_t index) {
  if (!schema || !has(schema, index, schema->value.modalities.size())) return nullptr;
  return schema->value.modalities[static_cast<std::size_t>(index)].name.c_str();
}

int32_t casd_schema_modality_features(const casd_schema* schema, int32_t index) {
  if (!schema || !has(schema, index, schema->value.modalities.size())) return -1;
  return schema->value.modalities[static_cast<std::size_t>(index)].features;
}

casd_status casd_schema_modality_index(int32_t* index, const casd_schema* schema,
                                       const char* name) {
  return guard([&] {
    given(index, "index");
    const casd::Schema& value = given(schema, "schema").value;
    const int32_t found = value.modality_index(&given(name, "name"));
    if (found < 0)
      casd::fail(CASD_ERROR_NOT_FOUND, "there is no modality '", name, "'; there are: ",
                 listed(value.modalities, [](const casd::Modality& m) { return m.name; }));
    *index = found;
  });
}

casd_status casd_schema_set_feature_name(casd_schema* schema, int32_t modality, int32_t feature,
                                         const char* name) {
  return guard([&] {
    casd::Schema& value = given(schema, "schema").value;
    if (name) {
      value.set_feature_name(modality, feature, name);
      return;
    }
    casd::require(has(schema, modality, value.modalities.size()), "there is no modality ", modality,
                  ", the schema has ", value.modality_count());
    value.modalities[static_cast<std::size_t>(modality)].feature_names.clear();
  });
}

const char* casd_schema_feature_name(const casd_schema* schema, int32_t modality, int32_t feature) {
  if (!schema || !has(schema, modality, schema->value.modalities.size())) return nullptr;
  const auto& names = schema->value.modalities[static_cast<std::size_t>(modality)].feature_names;
  if (!has(schema, feature, names.size()) || names[static_cast<std::size_t>(feature)].empty())
    return nullptr;
  return names[static_cast<std::size_t>(feature)].c_str();
}

casd_task casd_schema_task(const casd_schema* schema) { return schema ? schema->value.task : -1; }

int32_t casd_schema_output_count(const casd_schema* schema) {
  return schema ? static_cast<int32_t>(schema->value.outputs.size()) : -1;
}

const char* casd_schema_output_name(const casd_schema* schema, int32_t index) {
  if (!schema || !has(schema, index, schema->value.outputs.size())) return nullptr;
  return schema->value.outputs[static_cast<std::size_t>(index)].c_str();
}

casd_status casd_schema_output_index(int32_t* index, const casd_schema* schema, const char* name) {
  return guard([&] {
    given(index, "index");
    const casd::Schema& value = given(schema, "schema").value;
    const int32_t found = value.output_index(&given(name, "name"));
    if (found < 0)
      casd::fail(CASD_ERROR_NOT_FOUND, "there is no output '", name,
                 "'; there are: ", listed(value.outputs, [](const std::string& o) { return o; }));
    *index = found;
  });
}
