#include "model/safetensors.h"

#include "core/crc32.h"
#include "core/error.h"
#include "model/json_text.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace casd {
namespace {

constexpr std::size_t alignment = 64;
constexpr const char* metadata_key = "__metadata__";

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

std::size_t padding_of(std::size_t header) {
  return (alignment - (header_prefix + header) % alignment) % alignment;
}

std::uint64_t header_length(Span<const std::uint8_t> bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < header_prefix; ++i) length |= std::uint64_t{bytes[i]} << (8 * i);
  return length;
}

std::string_view text_after_length(Span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()) + header_prefix,
          bytes.size() - header_prefix};
}

/// Short description of a file that is not a model or checkpoint.
std::string describe(Span<const std::uint8_t> bytes) {
  if (bytes.empty()) return "the file is empty";
  if (bytes.size() <= header_prefix) return text("the file has ", bytes.size(), " bytes");
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (all.substr(0, 4) == "\x89HDF") return "an HDF5 file";
  if (header_length(bytes) <= longest_header && all[header_prefix] == '{') {
    const std::string_view header = text_after_length(bytes);
    for (const auto& [key, kind] : {std::pair{"casd.format", "a CASD model"},
                                    std::pair{"casd.checkpoint", "a CASD checkpoint"}})
      if (header.substr(0, 64).find(key) != std::string_view::npos) return kind;
    return "a safetensors file of another program";
  }
  const std::string_view start = all.substr(0, alignment);
  const bool words = std::all_of(start.begin(), start.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
  return words ? "a text file" : "no safetensors header";
}

template <class List, class NameOf>
void require_unique(const List& list, NameOf name_of, const std::string& source) {
  std::vector<const std::string*> names;
  names.reserve(list.size());
  for (const auto& item : list) names.push_back(&name_of(item));
  const auto less = [](const std::string* a, const std::string* b) { return *a < *b; };
  std::sort(names.begin(), names.end(), less);
  const auto same = [](const std::string* a, const std::string* b) { return *a == *b; };
  const auto twice = std::adjacent_find(names.begin(), names.end(), same);
  if (twice != names.end())
    fail(CASD_ERROR_FORMAT, source, ": ", printable(**twice), " occurs twice");
}

Metadata read_metadata(JsonReader& reader) {
  Metadata out;
  reader.open('{');
  while (reader.more('}')) {
    if (out.size() == most_metadata) reader.reject("more than ", most_metadata, " entries");
    std::string key = reader.any_key();
    out.emplace_back(std::move(key), reader.string());
  }
  if (out.empty()) reader.reject("no entries");
  return out;
}

/// The tensor's bytes start at `offset` of `data`.
TensorEntry read_entry(JsonReader& reader, std::string name, Span<const std::uint8_t> data,
                       std::size_t offset) {
  TensorEntry entry;
  entry.name = std::move(name);
  reader.open('{');
  reader.key("dtype");
  const std::string dtype = reader.string();
  const auto* type = std::find_if(std::begin(types), std::end(types),
                                  [&](const TypeName& t) { return dtype == t.name; });
  if (type == std::end(types))
    reader.reject("expected F32, F64, I64 or U8, found ", printable(dtype));
  entry.type = type->type;

  reader.key("shape");
  std::size_t size = type->size;
  reader.open('[');
  while (reader.more(']')) {
    if (entry.shape.size() == most_dimensions)
      reader.reject("more than ", most_dimensions, " dimensions");
    const std::int64_t length = reader.integer(0, static_cast<std::int64_t>(data.size()));
    entry.shape.push_back(length);
    const auto side = static_cast<std::size_t>(length);
    if (side > 0 && size > std::numeric_limits<std::size_t>::max() / side)
      reader.reject("the tensor is too large");
    size *= side;
  }

  reader.key("data_offsets");
  const auto most = static_cast<std::int64_t>(data.size());
  reader.open('[');
  reader.element();
  const auto begin = static_cast<std::size_t>(reader.integer(0, most));
  if (begin != offset) reader.reject("begins at ", begin, ", expected ", offset);
  reader.element();
  const auto end = static_cast<std::size_t>(reader.integer(static_cast<std::int64_t>(begin), most));
  if (end - begin != size) reader.reject("has ", end - begin, " bytes, its shape needs ", size);
  reader.close(']');
  reader.close('}');
  entry.bytes = data.subspan(begin, size);
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

int format_version(Span<const std::uint8_t> bytes, const std::string& source,
                   const std::string& key, const std::string& kind) {
  const std::string begin = text("{\"", metadata_key, "\":{\"", key, "\":\"");
  if (bytes.size() < header_prefix || text_after_length(bytes).substr(0, begin.size()) != begin)
    fail(CASD_ERROR_FORMAT, source, ": not a CASD ", kind, " (", describe(bytes), ")");
  std::string_view version = text_after_length(bytes).substr(begin.size(), 10);
  version = version.substr(0, version.find('"'));
  if (version.empty() || version.size() > 8 || version[0] == '0' ||
      version.find_first_not_of("0123456789") != std::string_view::npos)
    fail(CASD_ERROR_FORMAT, source, ": ", key, " is '", printable(version), "', expected a number");
  int number = 0;
  for (const char digit : version) number = 10 * number + (digit - '0');
  return number;
}

std::size_t data_begin(Span<const std::uint8_t> bytes, std::size_t size) {
  if (bytes.size() < header_prefix) return size;
  const std::uint64_t length = header_length(bytes);
  return length <= longest_header && length <= size - header_prefix
             ? header_prefix + static_cast<std::size_t>(length)
             : size;
}

Safetensors parse_safetensors(Span<const std::uint8_t> bytes, const std::string& source) {
  const std::size_t begin = data_begin(bytes, bytes.size());
  return parse_safetensors(bytes.subspan(0, begin), bytes.subspan(begin, bytes.size() - begin),
                           source);
}

Safetensors parse_safetensors(Span<const std::uint8_t> bytes, Span<const std::uint8_t> data,
                              const std::string& source) {
  if (bytes.size() < header_prefix)
    fail(CASD_ERROR_FORMAT, source, ": has ", bytes.size(), " bytes, too few for any header");
  const std::uint64_t length = header_length(bytes);
  if (length > longest_header)
    fail(CASD_ERROR_FORMAT, source, ": a header of ", length, " bytes, allowed: at most ",
         longest_header);
  if (length > bytes.size() - header_prefix)
    fail(CASD_ERROR_FORMAT, source, ": the file is truncated: its header has ", length,
         " bytes, there are ", bytes.size() - header_prefix);
  const std::string_view header = text_after_length(bytes);

  Safetensors out;
  out.data = data;
  JsonReader reader(header, source + ": header");
  reader.open('{');
  if (reader.optional_key(metadata_key)) out.metadata = read_metadata(reader);
  std::size_t offset = 0;
  while (reader.more('}')) {
    if (out.tensors.size() == most_tensors) reader.reject("more than ", most_tensors, " tensors");
    std::string name = reader.any_key();
    if (name == metadata_key) reader.reject("expected as the first key, and once");
    out.tensors.push_back(read_entry(reader, std::move(name), out.data, offset));
    offset += out.tensors.back().bytes.size();
  }
  const std::string_view padding = header.substr(reader.position());
  if (padding.size() != padding_of(reader.position()) ||
      padding.find_first_not_of(' ') != std::string_view::npos)
    fail(CASD_ERROR_FORMAT, source, ": header: expected spaces from byte ", reader.position(),
         " up to a multiple of ", alignment, " bytes of the file");
  require_unique(
      out.metadata, [](const auto& item) -> const std::string& { return item.first; }, source);
  require_unique(
      out.tensors, [](const TensorEntry& item) -> const std::string& { return item.name; }, source);
  if (offset != out.data.size())
    fail(CASD_ERROR_FORMAT, source, ": ", out.data.size() - offset,
         " bytes of data belong to no tensor");
  return out;
}

std::uint32_t metadata_checksum(Span<const std::pair<std::string, std::string>> entries) {
  std::uint32_t crc = 0;
  for (const auto& [key, value] : entries) {  // the terminating 0 of c_str() is the separator
    crc = crc32(key.c_str(), key.size() + 1, crc);
    crc = crc32(value.c_str(), value.size() + 1, crc);
  }
  return crc;
}

std::vector<std::uint8_t> serialise_safetensors(const Metadata& metadata,
                                                const std::vector<TensorEntry>& tensors) {
  require(metadata.size() <= most_metadata, "there are ", metadata.size(),
          " metadata entries, allowed: at most ", most_metadata);
  require(tensors.size() <= most_tensors, "there are ", tensors.size(),
          " tensors, allowed: at most ", most_tensors);
  JsonWriter json;
  json.open('{');
  if (!metadata.empty()) {
    json.key(metadata_key).open('{');
    for (const auto& [key, value] : metadata) json.key(key).string(value);
    json.close('}');
  }
  std::size_t offset = 0;
  for (const TensorEntry& entry : tensors) {
    json.key(entry.name).open('{').key("dtype").string(type_name(entry.type).name);
    json.key("shape").open('[');
    for (const std::int64_t length : entry.shape) json.integer(length);
    json.close(']').key("data_offsets").open('[').natural(offset);
    offset += entry.bytes.size();
    json.natural(offset).close(']').close('}');
  }
  std::string& header = json.close('}').text();
  header.append(padding_of(header.size()), ' ');
  require(header.size() <= longest_header, "the header has ", header.size(),
          " bytes, allowed: at most ", longest_header);

  std::vector<std::uint8_t> out(header_prefix + header.size() + offset);
  for (std::size_t i = 0; i < header_prefix; ++i)
    out[i] = static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i));
  std::uint8_t* at = std::copy(header.begin(), header.end(), out.data() + header_prefix);
  for (const TensorEntry& entry : tensors)
    at = std::copy(entry.bytes.begin(), entry.bytes.end(), at);
  return out;
}

}  // namespace casd
