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

/// For `size` bytes.
std::vector<float> room_for(std::size_t size) {
  return touched_vector<float>((size + sizeof(float) - 1) / sizeof(float));
}

/// In place: the bytes of `values` are those of a file.
void to_host_order(Span<float> values) {
  for (float& value : values) {
    std::uint8_t bytes[4];
    std::memcpy(bytes, &value, sizeof bytes);
    const std::uint32_t word = std::uint32_t{bytes[0]} | std::uint32_t{bytes[1]} << 8 |
                               std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
    std::memcpy(&value, &word, sizeof word);
  }
}

/// Faster than looking for the first: a loop without a branch.
bool all_finite(const float* begin, const float* end) {
  constexpr std::uint32_t exponent = 0x7F800000;
  std::uint32_t infinite = 0;
  for (; begin < end; ++begin) {
    std::uint32_t word;
    std::memcpy(&word, begin, sizeof word);
    infinite |= (word & exponent) == exponent ? 1u : 0u;
  }
  return infinite == 0;
}

/// The tensors of `file` must be those of the layout, with values that a model can have.
void check_tensors(const Safetensors& file, const NetworkLayout& layout, Span<const float> values,
                   const std::string& source) {
  const std::vector<NamedTensor> expected = named_tensors(layout);
  const float* at = values.data();
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
    const float* const end = at + entry.bytes.size() / sizeof(float);
    if (deviation ? std::any_of(at, end, wrong) : !all_finite(at, end))
      fail(CASD_ERROR_FORMAT, source, ": tensor ", entry.name, " holds ",
           *std::find_if(at, end, wrong));
    at = end;
  }
}

/// `header` are the bytes of a file before its data, `values` have the bytes of the data, and their
/// number `size`.
ModelPtr parse_parts(Span<const std::uint8_t> header, std::vector<float> values, std::size_t size,
                     const std::string& source) {
  const int version = format_version(header, source, format_key, "model");
  if (version > newest_file_version)
    fail(CASD_ERROR_VERSION, source, ": model format ", version, ", this library reads up to ",
         newest_file_version);
  const Span<const std::uint8_t> data(reinterpret_cast<const std::uint8_t*>(values.data()), size);
  Safetensors file = parse_safetensors(header, data, source);
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
  if (size / sizeof(float) != static_cast<std::size_t>(layout->value_count))
    fail(CASD_ERROR_FORMAT, source, ": has ", size, " bytes of data, its schema and options need ",
         layout->value_count, " F32 numbers");
  to_host_order(values);
  check_tensors(file, *layout, values, source);
  const bool trained = parts.trained ? parse_trained(*parts.trained, source + ": " + trained_key)
                                     : has_normaliser(*layout, values);
  return std::make_shared<const Model>(std::move(layout), std::move(values), std::move(calibration),
                                       parts.user, trained, version);
}

}  // namespace

ModelPtr parse_model(Span<const std::uint8_t> bytes, const std::string& source) {
  const std::size_t begin = data_begin(bytes, bytes.size()), size = bytes.size() - begin;
  std::vector<float> values = room_for(size);
  if (size > 0) std::memcpy(values.data(), bytes.data() + begin, size);
  return parse_parts(bytes.subspan(0, begin), std::move(values), size, source);
}

ModelPtr load_model(const std::string& path) {
  InputFile file(path);
  std::vector<std::uint8_t> header(std::min(file.size(), header_prefix));
  header.resize(file.read(header.data(), header.size()));
  const std::size_t begin = data_begin(header, file.size());
  if (begin == file.size()) return parse_model(read_file(path), path);  // not a model
  header.resize(begin);
  header.resize(header_prefix + file.read(header.data() + header_prefix, begin - header_prefix));
  // Read to where it stays: copying takes as long as reading.
  std::vector<float> values = room_for(file.size() - begin);
  const std::size_t size = file.read(values.data(), file.size() - begin);
  return parse_parts(header, std::move(values), size, path);
}

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
