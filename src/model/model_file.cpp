#include "model/model_file.h"

#include "core/crc32.h"
#include "core/error.h"
#include "core/platform.h"
#include "model/json_text.h"
#include "model/model_text.h"
#include "model/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace casd {
namespace {

constexpr const char* format_key = "casd.format";
constexpr const char* schema_key = "casd.schema";
constexpr const char* options_key = "casd.options";
constexpr const char* trained_key = "casd.trained";
constexpr const char* calibration_key = "casd.calibration";
constexpr const char* crc_key = "casd.crc32";

/// The metadata entries of a model file. Missing, unknown or reordered entries are rejected.
struct Parts {
  Parts(const Metadata& metadata, int version, const std::string& source) {
    std::size_t at = 0;
    const auto optional = [&](const char* key) -> const std::string* {
      if (at >= metadata.size() || metadata[at].first != key) return nullptr;
      return &metadata[at++].second;
    };
    const auto required = [&](const char* key) {
      const std::string* value = optional(key);
      if (!value && at < metadata.size())
        fail(CASD_ERROR_FORMAT, source, ": expected the metadata ", key, ", found ",
             printable(metadata[at].first));
      if (!value) fail(CASD_ERROR_FORMAT, source, ": the metadata ", key, " is missing");
      return value;
    };
    required(format_key);
    schema = required(schema_key);
    options = required(options_key);
    if (version >= 2) trained = required(trained_key);
    calibration = optional(calibration_key);
    for (; at < metadata.size() && is_user_key(metadata[at].first); ++at) {
      const auto& [key, value] = metadata[at];
      if (key.size() > longest_user_key || value.size() > longest_user_value ||
          user.size() == most_user_values)
        fail(CASD_ERROR_FORMAT, source, ": ", printable(key),
             " is beyond the limits of user values");
      user.emplace_back(key, value);
    }
    required(crc_key);
    if (at < metadata.size())
      fail(CASD_ERROR_FORMAT, source, ": unexpected metadata ", printable(metadata[at].first));
  }

  const std::string* schema;
  const std::string* options;
  const std::string* trained = nullptr;  // version 1 has none
  const std::string* calibration;        // NULL if there is none
  UserValues user;
};

/// Version 1 does not cover user values and keys.
std::uint32_t checksum_of_texts(const Metadata& metadata) {
  std::uint32_t crc = 0;
  for (const auto& [key, value] : metadata)
    if (key == schema_key || key == options_key || key == calibration_key)
      crc = crc32(value.data(), value.size(), crc);
  return crc;
}

/// `metadata` without the checksum.
std::string checksum(const Metadata& metadata, int version, Span<const std::uint8_t> data) {
  const std::uint32_t crc =
      version == 1 ? checksum_of_texts(metadata) : metadata_checksum(metadata);
  return hexadecimal(crc32(data.data(), data.size(), crc));
}

/// Replaces the flag `trained`, which version 1 lacks: whether any normaliser differs from mean 0 and
/// deviation 1.
bool has_normaliser(const NetworkLayout& layout, Span<const float> values) {
  bool found = false;
  const auto differs = [&](const TensorPlace& place) {
    for (std::int64_t i = place.offset; i < place.offset + place.size; ++i)
      found |= values[static_cast<std::size_t>(i)] != place.initial;
  };
  for (const ModalityPlaces& modality : layout.modalities) {
    differs(modality.mean);
    differs(modality.deviation);
  }
  return found;
}

bool parse_trained(const std::string& text, const std::string& where) {
  if (text != "true" && text != "false")
    fail(CASD_ERROR_FORMAT, where, ": expected true or false, found ", printable(text));
  return text == "true";
}

float read_float(const std::uint8_t* bytes) {
  const std::uint32_t word = std::uint32_t{bytes[0]} | std::uint32_t{bytes[1]} << 8 |
                             std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

std::vector<float> read_values(const Safetensors& file, const NetworkLayout& layout,
                               const std::string& source) {
  const std::vector<NamedTensor> expected = named_tensors(layout);
  // Checked before memory is allocated for sizes that come from the options only.
  if (file.data.size() / sizeof(float) != static_cast<std::size_t>(layout.value_count))
    fail(CASD_ERROR_FORMAT, source, ": has ", file.data.size(),
         " bytes of data, its schema and options need ", layout.value_count, " F32 numbers");
  auto values = touched_vector<float>(static_cast<std::size_t>(layout.value_count));
  float* to = values.data();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TensorEntry& entry = file.tensors[i];
    if (entry.name != expected[i].name)
      fail(CASD_ERROR_FORMAT, source, ": tensor ", i, " is ", printable(entry.name), ", expected ",
           expected[i].name);
    if (entry.type != DataType::f32 || entry.shape != expected[i].shape)
      fail(CASD_ERROR_FORMAT, source, ": tensor ", entry.name, " has another type or shape than ",
           "its options need");
    const bool deviation = expected[i].role == TensorRole::statistic && expected[i].initial == 1;
    const auto wrong = [&](float value) {
      return !std::isfinite(value) || (deviation && !(value > 0));
    };
    const std::size_t count = entry.bytes.size() / sizeof(float);
    bool any_wrong = false;  // looked for afterwards, so that the loop has no branch
    for (std::size_t k = 0; k < count; ++k) {
      to[k] = read_float(entry.bytes.data() + sizeof(float) * k);
      any_wrong |= wrong(to[k]);
    }
    if (any_wrong)
      fail(CASD_ERROR_FORMAT, source, ": tensor ", entry.name, " holds ",
           *std::find_if(to, to + count, wrong));
    to += count;
  }
  return values;
}

}  // namespace

ModelPtr parse_model(Span<const std::uint8_t> bytes, const std::string& source) {
  const int version = format_version(bytes, source, format_key, "model");
  if (version > newest_file_version)
    fail(CASD_ERROR_VERSION, source, ": model format ", version, ", this library reads up to ",
         newest_file_version);
  Safetensors file = parse_safetensors(bytes, source);
  const Parts parts(file.metadata, version, source);
  const std::string crc = std::move(file.metadata.back().second);
  file.metadata.pop_back();
  if (checksum(file.metadata, version, file.data) != crc)
    fail(CASD_ERROR_FORMAT, source, ": the checksum does not match: the file is damaged");

  const Schema schema = parse_schema(*parts.schema, source + ": " + schema_key, version >= 2);
  const casd_model_options options =
      parse_options(*parts.options, source + ": " + options_key, version);
  Calibration calibration;
  if (parts.calibration)
    calibration =
        parse_calibration(*parts.calibration, schema, source + ": " + calibration_key, version);
  const std::size_t needed = NetworkLayout::tensor_count(schema, options);
  if (file.tensors.size() != needed)
    fail(CASD_ERROR_FORMAT, source, ": has ", file.tensors.size(),
         " tensors, its schema and options need ", needed);
  std::shared_ptr<const NetworkLayout> layout;
  try {
    layout = std::make_shared<const NetworkLayout>(schema, options);
  } catch (const Error& e) {
    fail(CASD_ERROR_FORMAT, source, ": ", e.what());
  }
  std::vector<float> values = read_values(file, *layout, source);
  const bool trained = parts.trained ? parse_trained(*parts.trained, source + ": " + trained_key)
                                     : has_normaliser(*layout, values);
  return std::make_shared<const Model>(std::move(layout), std::move(values), std::move(calibration),
                                       parts.user, trained, version);
}

ModelPtr load_model(const std::string& path) { return parse_model(read_file(path), path); }

std::vector<std::uint8_t> serialise_model(const Model& model) {
  std::vector<std::uint8_t> data(sizeof(float) * model.values().size());
  std::uint8_t* byte = data.data();
  for (const float value : model.values()) {
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    for (int i = 0; i < 4; ++i) *byte++ = static_cast<std::uint8_t>(word >> (8 * i));
  }
  std::vector<TensorEntry> entries;
  for_each_tensor(model.layout(), [&](const std::string& name, const TensorPlace& place) {
    entries.push_back(
        {name, DataType::f32, place.shape,
         Span<const std::uint8_t>(data).subspan(static_cast<std::size_t>(4 * place.offset),
                                                static_cast<std::size_t>(4 * place.size))});
  });

  const int version = model.file_version();
  Metadata metadata = {{format_key, std::to_string(version)},
                       {schema_key, schema_text(model.schema())},
                       {options_key, options_text(model.options(), version)}};
  if (version >= 2) metadata.emplace_back(trained_key, model.trained() ? "true" : "false");
  if (!model.calibration().empty())
    metadata.emplace_back(calibration_key, calibration_text(model.calibration(), model.schema()));
  metadata.insert(metadata.end(), model.user().begin(), model.user().end());
  metadata.emplace_back(crc_key, checksum(metadata, version, data));
  return serialise_safetensors(metadata, entries);
}

void save_model(const Model& model, const std::string& path) {
  write_file_atomic(path, serialise_model(model));
}

}  // namespace casd
