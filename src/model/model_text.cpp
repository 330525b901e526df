#include "model/model_text.h"

#include "model/guarantees_text.h"
#include "model/json_text.h"
#include "model/options.h"

#include <algorithm>
#include <limits>

namespace casd {
namespace {

void write_schema(JsonWriter& json, const Schema& schema) {
  json.open('{').key("modalities").open('[');
  for (const Modality& m : schema.modalities) {
    json.open('{').key("name").string(m.name).key("features").integer(m.features);
    if (!m.feature_names.empty()) {
      json.key("feature_names").open('[');
      for (const std::string& name : m.feature_names) json.string(name);
      json.close(']');
    }
    json.close('}');
  }
  json.close(']').key("task").string(task_name(schema.task)).key("outputs").open('[');
  for (const std::string& output : schema.outputs) json.string(output);
  json.close(']').close('}');
}

void write_options(JsonWriter& json, const casd_model_options& options, int version) {
  json.open('{');
  for (const Option& option : model_option_table())
    if (option.stored && option.since <= version)
      write_option(json.key(option.name), option, &options);
  json.close('}');
}

/// What precedes the number in the text of a temperature's key.
const char* key_prefix(const Schema& schema) {
  return temperatures_by_mask(schema) ? "" : "count:";
}

/// Without the tables of held-out results.
void write_factors(JsonWriter& json, const Calibration& calibration, const Schema& schema) {
  if (!calibration.temperatures.empty()) {
    json.key("temperatures").open('{');
    for (const auto& [key, value] : calibration.temperatures)
      json.key(key_prefix(schema) + std::to_string(key)).real(value);
    json.close('}');
  }
  const auto list = [&](const char* key, const std::vector<double>& values) {
    if (values.empty()) return;
    json.key(key).open('[');
    for (const double value : values) json.real(value);
    json.close(']');
  };
  list("trust", calibration.trust);
  list("linear", calibration.linear);
  list("change", calibration.change);
}

/// The held-out samples of each key, for casd_model_info().
void write_summary(JsonWriter& json, const Guarantees& guarantees, const Schema& schema) {
  json.open('{');
  for (const KeyGuarantees& entry : guarantees.keys)
    json.key(key_prefix(schema) + std::to_string(entry.key)).integer(entry.uncertainty.count);
  json.close('}');
}

template <class Value>
std::string text_of(void (*write)(JsonWriter&, const Value&), const Value& value) {
  JsonWriter json;
  write(json, value);
  return std::move(json.text());
}

/// Reports a failed check of values as a rejection of the file.
template <class Check>
void accept(const JsonReader& reader, Check check) {
  try {
    check();
  } catch (const Error& e) {
    reader.reject(e.what());
  }
}

/// One name per feature, "" where it has none; at least one is not "".
std::vector<std::string> read_feature_names(JsonReader& reader, std::int32_t features) {
  std::vector<std::string> names;
  // At most as many as the text can contain: `features` is not verified yet.
  names.reserve(std::min(static_cast<std::size_t>(features), reader.left() / 3));
  reader.open('[');
  while (reader.more(']')) {
    if (names.size() == static_cast<std::size_t>(features))
      reader.reject("more names than features");
    names.push_back(reader.string());
  }
  if (names.size() != static_cast<std::size_t>(features))
    reader.reject(names.size(), " names, expected ", features);
  if (std::all_of(names.begin(), names.end(), [](const std::string& n) { return n.empty(); }))
    reader.reject("no feature has a name");
  return names;
}

double read_factor(JsonReader& reader, double least = least_factor, double most = most_factor) {
  const double value = reader.real();
  if (!(value >= least && value <= most))
    reader.reject(shortest(value), " is out of range, allowed: ", shortest(least), " to ",
                  shortest(most));
  return value;
}

/// One factor for each modality; nothing if the key is missing.
std::vector<double> read_factors(JsonReader& reader, const char* key, const Schema& schema,
                                 double least, double most = most_factor) {
  std::vector<double> out;
  if (!reader.optional_key(key)) return out;
  reader.open('[');
  while (reader.more(']')) {
    if (out.size() == schema.modalities.size()) reader.reject("more numbers than modalities");
    out.push_back(read_factor(reader, least, most));
  }
  if (out.size() != schema.modalities.size())
    reader.reject(out.size(), " numbers, expected one per modality");
  return out;
}

TemperatureKey read_temperature_key(const JsonReader& reader, const std::string& key,
                                    const Schema& schema) {
  const bool masks = temperatures_by_mask(schema);
  const TemperatureKey last =
      masks ? schema.all() : static_cast<std::uint32_t>(schema.modality_count());
  const std::string prefix = key_prefix(schema);
  for (TemperatureKey number = 1; number <= last; ++number)
    if (key == prefix + std::to_string(number)) return number;
  reader.reject("no key of this schema, expected ", prefix, 1, " to ", prefix, last);
}

}  // namespace

std::string schema_text(const Schema& schema) { return text_of(write_schema, schema); }

std::string options_text(const casd_model_options& options, int version) {
  JsonWriter json;
  write_options(json, options, version);
  return std::move(json.text());
}

std::string calibration_text(const Calibration& calibration, const Schema& schema) {
  JsonWriter json;
  write_factors(json.open('{'), calibration, schema);
  if (!calibration.guarantees.empty())
    write_guarantees(json.key("guarantees"), calibration.guarantees);
  json.close('}');
  return std::move(json.text());
}

Schema parse_schema(const std::string& text, const std::string& where, bool may_name_features) {
  JsonReader reader(text, where);
  Schema schema;
  reader.open('{');
  reader.key("modalities");
  reader.open('[');
  while (reader.more(']')) {
    reader.open('{');
    reader.key("name");
    const std::string name = reader.string();
    reader.key("features");
    const auto features =
        static_cast<std::int32_t>(reader.integer(1, std::numeric_limits<std::int32_t>::max()));
    accept(reader, [&] { schema.add_modality(name, features); });
    if (may_name_features && reader.optional_key("feature_names")) {
      std::vector<std::string> names = read_feature_names(reader, features);
      accept(reader,
             [&] { schema.set_feature_names(schema.modality_count() - 1, std::move(names)); });
    }
    reader.close('}');
  }
  reader.key("task");
  const std::string task = reader.string();
  accept(reader, [&] { schema.set_task(task_from_name(task, CASD_ERROR_FORMAT)); });
  reader.key("outputs");
  reader.open('[');
  while (reader.more(']')) {
    const std::string output = reader.string();
    accept(reader, [&] { schema.add_output(output); });
  }
  accept(reader, [&] { require_complete(schema); });
  reader.close('}');
  reader.end();
  return schema;
}

casd_model_options parse_options(const std::string& text, const std::string& where, int version) {
  JsonReader reader(text, where);
  casd_model_options options = default_model_options();
  options.linear = options.input_guard = 0;  // before version 3
  reader.open('{');
  for (const Option& option : model_option_table()) {
    if (!option.stored || option.since > version) continue;
    reader.key(option.name);
    read_option(reader, option, &options);
  }
  if (options.feed_forward == 0) reader.reject("feed_forward is 0");
  accept(reader, [&] { options = checked(options); });
  reader.close('}');
  reader.end();
  return options;
}

Calibration parse_calibration(const std::string& text, const Schema& schema,
                              const std::string& where, int version) {
  JsonReader reader(text, where);
  Calibration calibration;
  reader.open('{');
  if (reader.optional_key("temperatures")) {
    reader.open('{');
    std::vector<bool> seen;
    while (reader.more('}')) {
      const TemperatureKey key = read_temperature_key(reader, reader.any_key(), schema);
      if (key >= seen.size()) seen.resize(key + 1);
      if (seen[key]) reader.reject("occurs twice");
      seen[key] = true;
      calibration.temperatures.emplace_back(key, read_factor(reader));
    }
    if (calibration.temperatures.empty()) reader.reject("no entries");
  }
  calibration.trust = read_factors(reader, "trust", schema, least_factor);
  if (version >= 3) calibration.linear = read_factors(reader, "linear", schema, 0);
  if (version >= 3) calibration.change = read_factors(reader, "change", schema, 0, most_change);
  if (version >= 3 && reader.optional_key("guarantees"))
    calibration.guarantees = read_guarantees(reader, schema);
  reader.close('}');
  reader.end();
  if (calibration.empty()) fail(CASD_ERROR_FORMAT, where, ": no entries");
  return calibration;
}

std::string model_info(const Model& model) {
  JsonWriter json;
  write_schema(json.open('{').key("schema"), model.schema());
  write_options(json.key("options"), model.options(), newest_file_version);
  const Calibration& calibration = model.calibration();
  if (!calibration.empty()) {
    write_factors(json.key("calibration").open('{'), calibration, model.schema());
    if (!calibration.guarantees.empty())
      write_summary(json.key("guarantees"), calibration.guarantees, model.schema());
    json.close('}');
  }
  json.key("user").open('{');
  for (const auto& [key, value] : model.user()) json.key(key).string(value);
  json.close('}').key("parameters").integer(model.layout().learned_count);
  json.key("trained").boolean(model.trained()).close('}');
  return std::move(json.text());
}

}  // namespace casd
