#include "model/safetensors.h"

#include "core/checked.h"
#include "core/error.h"

#include <nlohmann/json.hpp>

#include <cstring>
#include <set>

namespace casd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t prefix = 8;                    // the header's length
constexpr std::size_t longest_header = 100'000'000;  // the format's own limit
constexpr std::size_t deepest = 8;                   // objects in objects: 3 are needed
constexpr std::size_t alignment = 64;

struct TypeName {
  DataType type;
  const char* name;
  std::size_t size;
};
constexpr TypeName types[] = {{DataType::f32, "F32", 4},
                              {DataType::f64, "F64", 8},
                              {DataType::i64, "I64", 8},
                              {DataType::u8, "U8", 1}};

const TypeName& type_name(DataType type) {
  for (const TypeName& t : types)
    if (t.type == type) return t;
  return types[0];
}

/// Parses without recursion; refuses a name that comes twice in an object and deep nesting.
Json parse_json(const char* begin, const char* end, const std::string& source) {
  std::vector<std::set<std::string>> names;
  std::string twice;
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (static_cast<std::size_t>(depth) > deepest) deep = true;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end && !names.empty()) names.pop_back();
    if (event == Json::parse_event_t::key && !names.empty() &&
        !names.back().insert(value.get_ref<const std::string&>()).second)
      twice = value.get<std::string>();
    return !deep;
  };
  Json json;
  try {
    json = Json::parse(begin, end, watch);
  } catch (const nlohmann::json::exception& e) {
    fail(CASD_ERROR_FORMAT, source, ": the header is not JSON: ", e.what());
  }
  if (deep) fail(CASD_ERROR_FORMAT, source, ": the header is nested too deeply");
  if (!twice.empty()) fail(CASD_ERROR_FORMAT, source, ": '", twice, "' comes twice in the header");
  return json;
}

std::uint64_t natural(const Json& value, const std::string& where) {
  if (!value.is_number_unsigned())
    fail(CASD_ERROR_FORMAT, where, ": expected a whole number that is not negative");
  return value.get<std::uint64_t>();
}

TensorEntry read_entry(const std::string& name, const Json& value, Span<const std::uint8_t> data,
                       std::size_t expected_offset, const std::string& source) {
  const std::string where = source + ": tensor " + name;
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets") || !value["dtype"].is_string() ||
      !value["shape"].is_array() || !value["data_offsets"].is_array() ||
      value["data_offsets"].size() != 2)
    fail(CASD_ERROR_FORMAT, where, ": expected dtype, shape and data_offsets");
  TensorEntry entry;
  entry.name = name;
  std::size_t size = 0;
  const std::string& dtype = value["dtype"].get_ref<const std::string&>();
  for (const TypeName& t : types)
    if (dtype == t.name) {
      entry.type = t.type;
      size = t.size;
    }
  if (size == 0)
    fail(CASD_ERROR_FORMAT, where, ": dtype ", dtype, ", expected F32, F64, I64 or U8");
  for (const Json& side : value["shape"]) {
    const std::uint64_t length = natural(side, where);
    if (length > data.size() && length > 0)
      fail(CASD_ERROR_FORMAT, where, ": a side of ", length, " is longer than the file");
    entry.shape.push_back(static_cast<std::int64_t>(length));
    size =
        checked_product(size, static_cast<std::size_t>(length), where.c_str(), CASD_ERROR_FORMAT);
  }
  const std::uint64_t begin = natural(value["data_offsets"][0], where);
  const std::uint64_t end = natural(value["data_offsets"][1], where);
  if (begin != expected_offset)
    fail(CASD_ERROR_FORMAT, where, ": begins at ", begin, ", expected ", expected_offset);
  if (end < begin || end > data.size())
    fail(CASD_ERROR_FORMAT, where, ": ends at ", end, ", but there are ", data.size(),
         " bytes of data");
  if (end - begin != size)
    fail(CASD_ERROR_FORMAT, where, ": has ", end - begin, " bytes, its shape needs ", size);
  entry.bytes = data.subspan(static_cast<std::size_t>(begin), size);
  return entry;
}

}  // namespace

const std::string* Safetensors::find_metadata(const std::string& key) const {
  for (const auto& [name, value] : metadata)
    if (name == key) return &value;
  return nullptr;
}

const TensorEntry* Safetensors::find_tensor(const std::string& name) const {
  for (const TensorEntry& entry : tensors)
    if (entry.name == name) return &entry;
  return nullptr;
}

Safetensors parse_safetensors(Span<const std::uint8_t> bytes, const std::string& source) {
  if (bytes.size() < prefix)
    fail(CASD_ERROR_FORMAT, source, ": has ", bytes.size(), " bytes, too few for any header");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < prefix; ++i) length |= std::uint64_t{bytes[i]} << (8 * i);
  if (length > bytes.size() - prefix || length > longest_header)
    fail(CASD_ERROR_FORMAT, source, ": the header should have ", length, " bytes, the file has ",
         bytes.size() - prefix, " after its length");
  const auto header_size = static_cast<std::size_t>(length);
  const char* header = reinterpret_cast<const char*>(bytes.data()) + prefix;
  const Json json = parse_json(header, header + header_size, source);
  if (!json.is_object()) fail(CASD_ERROR_FORMAT, source, ": the header is not a JSON object");

  Safetensors out;
  out.data = bytes.subspan(prefix + header_size, bytes.size() - prefix - header_size);
  std::size_t offset = 0;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) fail(CASD_ERROR_FORMAT, source, ": __metadata__ is not an object");
      for (const auto& [key, word] : value.items()) {
        if (!word.is_string())
          fail(CASD_ERROR_FORMAT, source, ": metadata ", key, " is not a text");
        out.metadata.emplace_back(key, word.get<std::string>());
      }
      continue;
    }
    out.tensors.push_back(read_entry(name, value, out.data, offset, source));
    offset += out.tensors.back().bytes.size();
  }
  if (offset != out.data.size())
    fail(CASD_ERROR_FORMAT, source, ": ", out.data.size() - offset,
         " bytes of data belong to no tensor");
  return out;
}

std::vector<std::uint8_t> serialise_safetensors(
    const std::vector<std::pair<std::string, std::string>>& metadata,
    const std::vector<TensorEntry>& tensors) {
  Json json = Json::object();
  if (!metadata.empty()) {
    Json& words = json["__metadata__"] = Json::object();
    for (const auto& [key, value] : metadata) words[key] = value;
  }
  std::size_t offset = 0;
  for (const TensorEntry& entry : tensors) {
    json[entry.name] = Json{{"dtype", type_name(entry.type).name},
                            {"shape", entry.shape},
                            {"data_offsets", {offset, offset + entry.bytes.size()}}};
    offset += entry.bytes.size();
  }
  std::string header = json.dump();
  header.append((alignment - (prefix + header.size()) % alignment) % alignment, ' ');

  std::vector<std::uint8_t> out;
  out.reserve(prefix + header.size() + offset);
  for (std::size_t i = 0; i < prefix; ++i)
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i)));
  out.insert(out.end(), header.begin(), header.end());
  for (const TensorEntry& entry : tensors)
    out.insert(out.end(), entry.bytes.begin(), entry.bytes.end());
  return out;
}

}  // namespace casd
