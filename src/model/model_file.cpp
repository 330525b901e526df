#include "model/model_file.h"

#include "core/crc32.h"
#include "core/error.h"
#include "core/platform.h"
#include "model/options.h"
#include "model/safetensors.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>

namespace casd {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* user_prefix = "user.";

bool is_user_key(const std::string& key) { return key.rfind(user_prefix, 0) == 0; }

/// Numbers as `shortest` has them, so that a loaded file saves to the same bytes; else as dump().
std::string compact(const Json& value) {
  std::string out;
  if (value.is_object()) {
    for (const auto& [key, item] : value.items())
      out += (out.empty() ? "{" : ",") + Json(key).dump() + ":" + compact(item);
    return out.empty() ? "{}" : out + "}";
  }
  if (value.is_array()) {
    for (const Json& item : value) out += (out.empty() ? "[" : ",") + compact(item);
    return out.empty() ? "[]" : out + "]";
  }
  return value.is_number_float() ? shortest(value.get<double>()) : value.dump();
}

std::string schema_text(const Schema& schema) {
  Json modalities = Json::array();
  for (const Modality& m : schema.modalities)
    modalities.push_back(Json{{"name", m.name}, {"features", m.features}});
  return compact(Json{{"modalities", std::move(modalities)},
                      {"task", task_name(schema.task)},
                      {"outputs", schema.outputs}});
}

std::string options_text(const casd_model_options& options) {
  Json json = Json::object();
  for (const Option& option : model_option_table()) {
    if (option.kind == OptionKind::uint64) continue;  // the seed made the weights; they are here
    const std::string value = option_text(option, &options);
    json[option.name] = option.kind == OptionKind::choice ? Json(value) : Json::parse(value);
  }
  return compact(json);
}

std::string calibration_text(const Calibration& calibration) {
  Json json = Json::object();
  if (!calibration.temperatures.empty()) {
    Json& temperatures = json["temperatures"] = Json::object();
    for (const auto& [key, value] : calibration.temperatures) temperatures[key] = value;
  }
  if (!calibration.trust.empty()) json["trust"] = calibration.trust;
  return compact(json);
}

Json parse_object(const std::string& text, const std::string& where) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) fail(CASD_ERROR_FORMAT, where, " is not a JSON object");
  return json;
}

Schema parse_schema(const std::string& text, const std::string& where) {
  const Json json = parse_object(text, where);
  try {
    Schema schema;
    for (const Json& modality : json.at("modalities"))
      schema.add_modality(modality.at("name").get<std::string>(),
                          modality.at("features").get<std::int32_t>());
    schema.set_task(task_from_name(json.at("task").get<std::string>(), CASD_ERROR_FORMAT));
    for (const Json& output : json.at("outputs")) schema.add_output(output.get<std::string>());
    require_complete(schema);
    return schema;
  } catch (const nlohmann::json::exception& e) {
    fail(CASD_ERROR_FORMAT, where, ": ", e.what());
  } catch (const Error& e) {
    fail(CASD_ERROR_FORMAT, where, ": ", e.what());
  }
}

casd_model_options parse_options(const std::string& text, const std::string& where) {
  const Json json = parse_object(text, where);
  casd_model_options options = default_model_options();
  std::size_t known = 0;
  try {
    for (const Option& option : model_option_table()) {
      if (option.kind == OptionKind::uint64) continue;
      const Json& value = json.at(option.name);
      set_option(model_option_table(), &options, option.name,
                 value.is_string() ? value.get<std::string>() : compact(value));
      ++known;
    }
    if (json.size() != known)
      fail(CASD_ERROR_FORMAT, where, ": has options that this format does not have");
    const casd_model_options settled = checked(options);
    if (settled.feed_forward != options.feed_forward)
      fail(CASD_ERROR_FORMAT, where, ": feed_forward is 0");
    return settled;
  } catch (const nlohmann::json::exception& e) {
    fail(CASD_ERROR_FORMAT, where, ": ", e.what());
  } catch (const Error& e) {
    fail(CASD_ERROR_FORMAT, where, ": ", e.what());
  }
}

Calibration parse_calibration(const std::string& text, const Schema& schema,
                              const std::string& where) {
  const Json json = parse_object(text, where);
  Calibration calibration;
  const auto positive = [&](const Json& value) {
    const double number = value.is_number() ? value.get<double>() : 0;
    if (!(number > 0) || !std::isfinite(number))
      fail(CASD_ERROR_FORMAT, where, ": expected numbers above 0");
    return number;
  };
  for (const auto& [name, part] : json.items()) {
    if (name == "temperatures" && part.is_object()) {
      for (const auto& [key, value] : part.items())
        calibration.temperatures.emplace_back(key, positive(value));
    } else if (name == "trust" && part.is_array()) {
      for (const Json& value : part) calibration.trust.push_back(positive(value));
      if (calibration.trust.size() != schema.modalities.size())
        fail(CASD_ERROR_FORMAT, where, ": trust has ", calibration.trust.size(),
             " numbers, expected one per modality");
    } else {
      fail(CASD_ERROR_FORMAT, where, ": unexpected ", name);
    }
  }
  return calibration;
}

std::string checksum(const std::vector<const std::string*>& texts, Span<const std::uint8_t> data) {
  std::uint32_t crc = 0;
  for (const std::string* part : texts)
    if (part) crc = crc32(part->data(), part->size(), crc);
  crc = crc32(data.data(), data.size(), crc);
  return hexadecimal(crc);
}

float read_float(const std::uint8_t* bytes) {
  const std::uint32_t word = std::uint32_t{bytes[0]} | std::uint32_t{bytes[1]} << 8 |
                             std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

std::vector<float> read_values(const Safetensors& file, const Network& network,
                               const std::string& source) {
  const auto& expected = network.tensors();
  if (file.tensors.size() != expected.size())
    fail(CASD_ERROR_FORMAT, source, ": has ", file.tensors.size(), " tensors, its options need ",
         expected.size());
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(network.value_count()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TensorEntry& entry = file.tensors[i];
    if (entry.name != expected[i].name)
      fail(CASD_ERROR_FORMAT, source, ": tensor ", i, " is ", entry.name, ", expected ",
           expected[i].name);
    if (entry.type != DataType::f32 || entry.shape != expected[i].shape)
      fail(CASD_ERROR_FORMAT, source, ": tensor ", entry.name, " has another type or shape than ",
           "its options need");
    const bool deviation = expected[i].role == TensorRole::statistic && expected[i].initial == 1;
    for (std::size_t at = 0; at < entry.bytes.size(); at += 4) {
      const float value = read_float(entry.bytes.data() + at);
      if (!std::isfinite(value) || (deviation && !(value > 0)))
        fail(CASD_ERROR_FORMAT, source, ": tensor ", entry.name, " holds ", value);
      values.push_back(value);
    }
  }
  return values;
}

}  // namespace

ModelPtr parse_model(Span<const std::uint8_t> bytes, const std::string& source) {
  const Safetensors file = parse_safetensors(bytes, source);
  const std::string* format = file.find_metadata("casd.format");
  if (!format) fail(CASD_ERROR_FORMAT, source, ": a safetensors file, but not a CASD model");
  if (*format != "1") {
    const bool number = !format->empty() && format->size() < 10 &&
                        format->find_first_not_of("0123456789") == std::string::npos;
    fail(number && *format != "0" ? CASD_ERROR_VERSION : CASD_ERROR_FORMAT, source,
         ": model format ", *format, ", this library reads format 1");
  }
  const std::string* schema_part = file.find_metadata("casd.schema");
  const std::string* options_part = file.find_metadata("casd.options");
  const std::string* calibration_part = file.find_metadata("casd.calibration");
  const std::string* crc = file.find_metadata("casd.crc32");
  if (!schema_part || !options_part || !crc)
    fail(CASD_ERROR_FORMAT, source, ": casd.schema, casd.options or casd.crc32 is missing");
  if (checksum({schema_part, options_part, calibration_part}, file.data) != *crc)
    fail(CASD_ERROR_FORMAT, source, ": the checksum does not match: the file is damaged");

  const Schema schema = parse_schema(*schema_part, source + ": casd.schema");
  const casd_model_options options = parse_options(*options_part, source + ": casd.options");
  std::shared_ptr<const Network> network;
  try {
    network = std::make_shared<const Network>(schema, options);
  } catch (const Error& e) {
    fail(CASD_ERROR_FORMAT, source, ": ", e.what());
  }
  Calibration calibration;
  if (calibration_part)
    calibration = parse_calibration(*calibration_part, schema, source + ": casd.calibration");
  UserValues user;
  for (const auto& entry : file.metadata)
    if (is_user_key(entry.first)) user.push_back(entry);
  std::vector<float> values = read_values(file, *network, source);
  return std::make_shared<const Model>(std::move(network), std::move(values),
                                       std::move(calibration), std::move(user));
}

ModelPtr load_model(const std::string& path) { return parse_model(read_file(path), path); }

std::vector<std::uint8_t> serialise_model(const Model& model) {
  const std::string schema = schema_text(model.schema());
  const std::string options = options_text(model.options());
  const std::string calibration =
      model.calibration().empty() ? std::string() : calibration_text(model.calibration());

  std::vector<std::uint8_t> data;
  data.reserve(4 * model.values().size());
  for (const float value : model.values()) {
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    for (int i = 0; i < 4; ++i) data.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  }
  std::vector<TensorEntry> entries;
  for (const TensorInfo& info : model.network().tensors())
    entries.push_back(
        {info.name, DataType::f32, info.shape,
         Span<const std::uint8_t>(data).subspan(static_cast<std::size_t>(4 * info.offset),
                                                static_cast<std::size_t>(4 * info.size))});

  std::vector<std::pair<std::string, std::string>> metadata = {
      {"casd.format", "1"}, {"casd.schema", schema}, {"casd.options", options}};
  if (!calibration.empty()) metadata.emplace_back("casd.calibration", calibration);
  metadata.insert(metadata.end(), model.user().begin(), model.user().end());
  metadata.emplace_back(
      "casd.crc32",
      checksum({&schema, &options, calibration.empty() ? nullptr : &calibration}, data));
  return serialise_safetensors(metadata, entries);
}

void save_model(const Model& model, const std::string& path) {
  write_file_atomic(path, serialise_model(model));
}

}  // namespace casd
