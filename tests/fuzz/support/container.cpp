#include "container.h"

#include "core/crc32.h"
#include "core/error.h"
#include "model/safetensors.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t capacity);

namespace casd::fuzz {
namespace {

constexpr std::size_t prefix = 8, alignment = 64;

std::size_t header_size(const std::uint8_t* data, std::size_t size) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < prefix && i < size; ++i) length |= std::uint64_t{data[i]} << (8 * i);
  return size < prefix ? 0
                       : static_cast<std::size_t>(std::min<std::uint64_t>(length, size - prefix));
}

Bytes join(std::vector<std::uint8_t> header, const std::uint8_t* data, std::size_t size) {
  while (!header.empty() && header.back() == ' ') header.pop_back();
  while ((prefix + header.size()) % alignment != 0) header.push_back(' ');
  Bytes out(prefix);
  for (std::size_t i = 0; i < prefix; ++i)
    out[i] = static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), data, data + size);
  return out;
}

/// Replaces the text `crc` by the CRC-32 of `covered`.
void set_checksum(Metadata& metadata, std::uint32_t crc) {
  for (auto& [key, value] : metadata)
    if (key == "casd.crc32") value = hexadecimal(crc);
}

std::uint32_t cover(const Metadata& metadata) {
  Metadata covered;
  for (const auto& entry : metadata)
    if (entry.first != "casd.crc32") covered.push_back(entry);
  return metadata_checksum(covered);
}

std::uint32_t cover_texts(const Metadata& metadata, std::initializer_list<const char*> keys) {
  std::uint32_t crc = 0;
  for (const auto& [key, value] : metadata)
    for (const char* covered : keys)
      if (key == covered) crc = crc32(value.data(), value.size(), crc);
  return crc;
}

bool is_version_one(const Metadata& metadata) {
  return !metadata.empty() && metadata.front().second == "1";
}

}  // namespace

std::size_t mutate_container(std::uint8_t* data, std::size_t size, std::size_t capacity,
                             unsigned seed, const std::function<Bytes(const Bytes&)>& repair) {
  std::minstd_rand random(seed);
  if (random() % 8 == 0 || size < prefix) return LLVMFuzzerMutate(data, size, capacity);
  const std::size_t length = header_size(data, size);
  std::vector<std::uint8_t> header(data + prefix, data + prefix + length);
  std::vector<std::uint8_t> rest(data + prefix + length, data + size);
  std::vector<std::uint8_t>& part = random() % 8 == 0 ? rest : header;
  while (&part == &header && !header.empty() && header.back() == ' ') header.pop_back();
  const std::size_t old_size = part.size();
  part.resize(old_size + 256);
  part.resize(LLVMFuzzerMutate(part.data(), old_size, part.size()));
  Bytes out = repair(join(std::move(header), rest.data(), rest.size()));
  if (out.size() > capacity) return size;
  std::copy(out.begin(), out.end(), data);
  return out.size();
}

Bytes with_model_checksum(const Bytes& bytes) {
  try {
    Safetensors file = parse_safetensors(bytes, "");
    std::uint32_t crc =
        is_version_one(file.metadata)
            ? cover_texts(file.metadata, {"casd.schema", "casd.options", "casd.calibration"})
            : cover(file.metadata);
    crc = crc32(file.data.data(), file.data.size(), crc);
    set_checksum(file.metadata, crc);
    return serialise_safetensors(file.metadata, file.tensors);
  } catch (const Error&) {
    return bytes;
  }
}

Bytes with_checkpoint_checksums(const Bytes& bytes) {
  try {
    Safetensors file = parse_safetensors(bytes, "");
    std::vector<Bytes> models;
    models.reserve(file.tensors.size());
    for (TensorEntry& tensor : file.tensors)
      if (tensor.type == DataType::u8) {
        models.push_back(with_model_checksum({tensor.bytes.begin(), tensor.bytes.end()}));
        if (models.back().size() == tensor.bytes.size()) tensor.bytes = models.back();
      }
    const bool old = is_version_one(file.metadata);
    std::uint32_t crc =
        old ? cover_texts(file.metadata, {"casd.options", "casd.position"}) : cover(file.metadata);
    for (const TensorEntry& tensor : file.tensors) {
      crc = crc32(tensor.name.c_str(), tensor.name.size() + (old ? 0 : 1), crc);
      crc = crc32(tensor.bytes.data(), tensor.bytes.size(), crc);
    }
    set_checksum(file.metadata, crc);
    return serialise_safetensors(file.metadata, file.tensors);
  } catch (const Error&) {
    return bytes;
  }
}

void differ(const char* what, const Bytes& read, const Bytes& written) {
  std::fprintf(stderr, "%s: read %zu bytes, wrote %zu other bytes\n", what, read.size(),
               written.size());
  std::fwrite(written.data(), 1, std::min<std::size_t>(written.size(), 4096), stderr);
  std::abort();
}

}  // namespace casd::fuzz
