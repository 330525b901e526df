#include "model/guarantees_text.h"

#include "model/model.h"
#include "model/options.h"

#include <charconv>
#include <cmath>

namespace casd {
namespace {

constexpr std::int64_t most_samples = 1'000'000'000'000;

/// The double that has the shortest text of the float.
double decimal(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double out = 0;
  std::from_chars(text, end, out);
  return out;
}

void write_floats(JsonWriter& json, const std::vector<float>& values) {
  json.open('[');
  for (const float value : values) json.real(decimal(value));
  json.close(']');
}

void write_integers(JsonWriter& json, const std::vector<std::int64_t>& values) {
  json.open('[');
  for (const std::int64_t value : values) json.integer(value);
  json.close(']');
}

void write_table(JsonWriter& json, const QuantileTable& table) {
  json.open('{').key("count").integer(table.count);
  write_floats(json.key("values"), table.values);
  json.close('}');
}

void write_table(JsonWriter& json, const ErrorTable& table) {
  write_floats(json.open('{').key("level"), table.level);
  write_integers(json.key("accepted"), table.accepted);
  write_integers(json.key("wrong"), table.wrong);
  json.close('}');
}

/// At most most_per_table numbers, ascending.
std::vector<float> read_floats(JsonReader& reader, bool may_be_equal) {
  std::vector<float> out;
  reader.open('[');
  while (reader.more(']')) {
    float value = 0;
    if (!reader.shortest_float(value)) {
      const double number = reader.real();
      value = static_cast<float>(number);
      if (!std::isfinite(value) || decimal(value) != number)
        reader.reject(shortest(number), " is not the shortest text of a float");
    }
    if (!out.empty() && (may_be_equal ? value < out.back() : value <= out.back()))
      reader.reject("not in ascending order");
    if (out.size() == most_per_table) reader.reject("more than ", most_per_table, " numbers");
    out.push_back(value);
  }
  return out;
}

/// `count` numbers in ascending order, equal ones allowed.
std::vector<std::int64_t> read_counts(JsonReader& reader, std::size_t count) {
  std::vector<std::int64_t> out;
  reader.open('[');
  for (std::size_t j = 0; j < count; ++j) {
    reader.element();
    out.push_back(reader.integer(out.empty() ? 0 : out.back(), most_samples));
  }
  reader.close(']');
  return out;
}

QuantileTable read_quantiles(JsonReader& reader) {
  QuantileTable out;
  reader.open('{');
  reader.key("count");
  out.count = reader.integer(0, most_samples);
  reader.key("values");
  out.values = read_floats(reader, true);
  if (static_cast<std::int64_t>(out.values.size()) > out.count || (out.empty() && out.count > 0))
    reader.reject(out.values.size(), " values of ", out.count, " numbers");
  reader.close('}');
  return out;
}

ErrorTable read_errors(JsonReader& reader) {
  ErrorTable out;
  reader.open('{');
  reader.key("level");
  out.level = read_floats(reader, false);
  reader.key("accepted");
  out.accepted = read_counts(reader, out.level.size());
  reader.key("wrong");
  out.wrong = read_counts(reader, out.level.size());
  for (std::size_t j = 0; j < out.level.size(); ++j) {
    const std::int64_t accepted = out.accepted[j] - (j > 0 ? out.accepted[j - 1] : 0);
    const std::int64_t wrong = out.wrong[j] - (j > 0 ? out.wrong[j - 1] : 0);
    if (accepted < 1 || wrong > accepted)
      reader.reject("entry ", j, " adds ", wrong, " wrong of ", accepted, " decisions");
  }
  reader.close('}');
  return out;
}

TemperatureKey read_key(JsonReader& reader, const Schema& schema, TemperatureKey previous) {
  const TemperatureKey last = temperature_key(schema, schema.all());
  return static_cast<TemperatureKey>(
      reader.integer(static_cast<std::int64_t>(previous) + 1, static_cast<std::int64_t>(last)));
}

std::vector<OutputVariance> read_output_variance(JsonReader& reader, const Schema& schema) {
  std::vector<OutputVariance> out;
  reader.open('[');
  for (std::size_t k = 0; k < schema.outputs.size(); ++k) {
    reader.element();
    OutputVariance law;
    const auto number = [&] {
      const double value = reader.real();
      if (value < 0) reader.reject(shortest(value), " is out of range, allowed: 0 or more");
      return value;
    };
    reader.open('{');
    reader.key("floor");
    law.floor = number();
    if (law.floor == 0) reader.reject("0 is out of range");
    reader.key("factor");
    reader.open('[');
    for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
      reader.element();
      law.factor.push_back(number());
    }
    reader.close(']');
    reader.close('}');
    out.push_back(std::move(law));
  }
  reader.close(']');
  return out;
}

KeyGuarantees read_entry(JsonReader& reader, const Schema& schema, TemperatureKey previous) {
  KeyGuarantees out;
  reader.open('{');
  reader.key("key");
  out.key = read_key(reader, schema, previous);
  reader.key("uncertainty");
  out.uncertainty = read_quantiles(reader);
  reader.key("scores");
  reader.open('[');
  for (std::size_t k = 0; k < Guarantees::score_tables(schema); ++k) {
    reader.element();
    out.scores.push_back(read_quantiles(reader));
  }
  reader.close(']');
  reader.key("errors");
  reader.open('[');
  for (std::size_t k = 0; k < Guarantees::decision_tables(schema); ++k) {
    reader.element();
    out.errors.push_back(read_errors(reader));
  }
  reader.close(']');
  reader.close('}');
  return out;
}

}  // namespace

void write_guarantees(JsonWriter& json, const Guarantees& guarantees) {
  json.open('{');
  if (!guarantees.output_variance.empty()) {
    json.key("output_variance").open('[');
    for (const OutputVariance& law : guarantees.output_variance) {
      json.open('{').key("floor").real(law.floor).key("factor").open('[');
      for (const double factor : law.factor) json.real(factor);
      json.close(']').close('}');
    }
    json.close(']');
  }
  json.key("modality_variance").open('[');
  for (const QuantileTable& table : guarantees.modality_variance) write_table(json, table);
  json.close(']').key("patterns").open('[');
  for (const auto& [key, count] : guarantees.patterns)
    json.open('{').key("key").integer(key).key("samples").integer(count).close('}');
  json.close(']').key("keys").open('[');
  for (const KeyGuarantees& entry : guarantees.keys) {
    write_table(json.open('{').key("key").integer(entry.key).key("uncertainty"), entry.uncertainty);
    json.key("scores").open('[');
    for (const QuantileTable& table : entry.scores) write_table(json, table);
    json.close(']').key("errors").open('[');
    for (const ErrorTable& table : entry.errors) write_table(json, table);
    json.close(']').close('}');
  }
  json.close(']').close('}');
}

Guarantees read_guarantees(JsonReader& reader, const Schema& schema) {
  Guarantees out;
  reader.open('{');
  if (schema.task == CASD_TASK_REGRESSION) {
    reader.key("output_variance");
    out.output_variance = read_output_variance(reader, schema);
  }
  reader.key("modality_variance");
  reader.open('[');
  for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
    reader.element();
    out.modality_variance.push_back(read_quantiles(reader));
  }
  reader.close(']');
  reader.key("patterns");
  reader.open('[');
  while (reader.more(']')) {
    reader.open('{');
    reader.key("key");
    const TemperatureKey key =
        read_key(reader, schema, out.patterns.empty() ? 0 : out.patterns.back().first);
    reader.key("samples");
    out.patterns.emplace_back(key, reader.integer(1, most_samples));
    reader.close('}');
  }
  reader.key("keys");
  reader.open('[');
  while (reader.more(']'))
    out.keys.push_back(read_entry(reader, schema, out.keys.empty() ? 0 : out.keys.back().key));
  if (out.keys.empty()) reader.reject("no entries");
  reader.close('}');
  return out;
}

}  // namespace casd
