#include "model/schema.h"

#include "core/error.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace casd {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::size_t most_outputs = 4096;
constexpr std::int32_t most_features = 65536;
constexpr std::size_t longest_feature_name = 256;

bool is_name_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || byte == '_' || byte == '-';
}

bool is_printable(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void check_feature_name(const std::string& name) {
  if (name.size() > longest_feature_name)
    fail(CASD_ERROR_INVALID_ARGUMENT, "a feature's name has ", name.size(),
         " bytes, allowed: 1 to ", longest_feature_name);
  if (!is_printable(name) || !is_utf8(name))
    fail(CASD_ERROR_INVALID_ARGUMENT, "a feature's name must be UTF-8 without control characters");
}

template <class List, class Name>
std::int32_t index_of(const List& list, const std::string& name, Name name_of) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (name_of(list[i]) == name) return static_cast<std::int32_t>(i);
  return -1;
}

}  // namespace

std::int32_t Schema::logit_count() const {
  const auto count = static_cast<std::int32_t>(outputs.size());
  return task == CASD_TASK_MULTILABEL ? 2 * count : count;
}

std::int32_t Schema::target_columns() const {
  return task == CASD_TASK_CLASSES ? 1 : static_cast<std::int32_t>(outputs.size());
}

ModalityMask Schema::all() const {
  const auto count = static_cast<unsigned>(modalities.size());
  return count >= 32 ? ~ModalityMask{0} : (ModalityMask{1} << count) - 1;
}

void Schema::add_modality(const std::string& name, std::int32_t features) {
  require(!name.empty() && name.size() <= longest_name, "a modality's name has ", name.size(),
          " bytes, allowed: 1 to ", longest_name);
  require(std::all_of(name.begin(), name.end(), is_name_character) && is_utf8(name),
          "the modality's name '", name, "' may only have letters, digits, '_' and '-', in UTF-8");
  require(features >= 1 && features <= most_features, "modality '", name, "' has ", features,
          " features, allowed: 1 to ", most_features);
  require(modality_index(name) < 0, "there is a modality '", name, "' already");
  require(modalities.size() < CASD_MAX_MODALITIES, "there are ", CASD_MAX_MODALITIES,
          " modalities already, the most a schema can have");
  modalities.push_back({name, features, {}});
}

void Schema::add_output(const std::string& name) {
  require(!name.empty() && name.size() <= longest_name, "an output's name has ", name.size(),
          " bytes, allowed: 1 to ", longest_name);
  require(is_printable(name) && is_utf8(name),
          "an output's name must be UTF-8 without control characters");
  require(output_index(name) < 0, "there is an output '", name, "' already");
  require(outputs.size() < most_outputs, "there are ", most_outputs, " outputs already");
  outputs.push_back(name);
}

void Schema::set_feature_name(std::int32_t modality, std::int32_t feature,
                              const std::string& name) {
  require(modality >= 0 && modality < modality_count(), "there is no modality ", modality,
          ", the schema has ", modality_count());
  Modality& m = modalities[static_cast<std::size_t>(modality)];
  require(feature >= 0 && feature < m.features, "modality '", m.name, "' has no feature ", feature,
          ", it has ", m.features);
  require(!name.empty(), "a feature's name has 0 bytes, allowed: 1 to ", longest_feature_name);
  check_feature_name(name);
  const auto at = static_cast<std::size_t>(feature);
  for (std::size_t i = 0; i < m.feature_names.size(); ++i)
    require(i == at || m.feature_names[i] != name, "modality '", m.name,
            "' already has a feature '", name, "'");
  if (m.feature_names.empty()) m.feature_names.resize(static_cast<std::size_t>(m.features));
  m.feature_names[at] = name;
}

void Schema::set_feature_names(std::int32_t modality, std::vector<std::string> names) {
  require(modality >= 0 && modality < modality_count(), "there is no modality ", modality,
          ", the schema has ", modality_count());
  Modality& m = modalities[static_cast<std::size_t>(modality)];
  require(names.empty() || names.size() == static_cast<std::size_t>(m.features), "modality '",
          m.name, "' has ", m.features, " features, but ", names.size(), " names");
  std::vector<const std::string*> sorted;
  sorted.reserve(names.size());
  for (const std::string& name : names) {
    check_feature_name(name);
    if (!name.empty()) sorted.push_back(&name);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const std::string* a, const std::string* b) { return *a < *b; });
  const auto twice =
      std::adjacent_find(sorted.begin(), sorted.end(),
                         [](const std::string* a, const std::string* b) { return *a == *b; });
  if (twice != sorted.end())
    fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", m.name, "' has two features '", **twice, "'");
  m.feature_names = std::move(names);
}

void Schema::set_task(casd_task value) {
  require(value >= CASD_TASK_REGRESSION && value <= CASD_TASK_MULTILABEL, "unknown task ", value,
          ", allowed: 0 (regression), 1 (classes), 2 (multilabel)");
  task = value;
}

std::int32_t Schema::modality_index(const std::string& name) const {
  return index_of(modalities, name, [](const Modality& m) -> const std::string& { return m.name; });
}

std::int32_t Schema::output_index(const std::string& name) const {
  return index_of(outputs, name, [](const std::string& o) -> const std::string& { return o; });
}

bool same_modalities(const Schema& a, const Schema& b) {
  return a.modalities.size() == b.modalities.size() &&
         std::equal(a.modalities.begin(), a.modalities.end(), b.modalities.begin(),
                    [](const Modality& x, const Modality& y) {
                      return x.name == y.name && x.features == y.features;
                    });
}

bool operator==(const Schema& a, const Schema& b) {
  return same_modalities(a, b) && a.task == b.task && a.outputs == b.outputs;
}

void require_complete(const Schema& schema) {
  require(!schema.modalities.empty(), "the schema has no modality");
  const std::size_t least = schema.task == CASD_TASK_CLASSES ? 2 : 1;
  require(schema.outputs.size() >= least, "the schema has ", schema.outputs.size(),
          " outputs, its task (", task_name(schema.task), ") needs at least ", least);
}

ModalityMask resolve_mask(const Schema& schema, casd_modality_mask mask) {
  if (mask == CASD_ALL_MODALITIES) return schema.all();
  require(mask != 0, "the modality mask is 0: at least one modality must be named");
  require((mask & ~schema.all()) == 0, "the modality mask ", mask, " has bits beyond the ",
          schema.modality_count(), " modalities of the schema");
  return mask;
}

std::string mask_name(const Schema& schema, ModalityMask mask) {
  std::string out;
  for (std::size_t m = 0; m < schema.modalities.size(); ++m)
    if (mask >> m & 1u) out += (out.empty() ? "" : "+") + schema.modalities[m].name;
  return out;
}

const char* task_name(casd_task task) {
  switch (task) {
    case CASD_TASK_REGRESSION:
      return "regression";
    case CASD_TASK_CLASSES:
      return "classes";
    default:
      return "multilabel";
  }
}

casd_task task_from_name(const std::string& name, casd_status status) {
  for (casd_task task = CASD_TASK_REGRESSION; task <= CASD_TASK_MULTILABEL; ++task)
    if (name == task_name(task)) return task;
  fail(status, "unknown task '", name, "', allowed: regression, classes, multilabel");
}

bool is_utf8(const std::string& text) {
  const auto* byte = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  for (std::size_t i = 0; i < size;) {
    std::uint64_t eight = 0;  // characters of one byte are passed in groups
    for (; size - i >= sizeof eight; i += sizeof eight) {
      std::memcpy(&eight, byte + i, sizeof eight);
      if (eight & 0x8080808080808080u) break;
    }
    if (i == size) break;
    const unsigned lead = byte[i];
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0 || length > size - i) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte[i + k] & 0xC0u) != 0x80u) return false;
    // The second byte identifies overlong forms, surrogates and characters above U+10FFFF.
    if (length >= 3) {
      const unsigned second = byte[i + 1];
      if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
          (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
        return false;
    }
    i += length;
  }
  return true;
}

}  // namespace casd
