// Access to the golden cases: stored outputs of an independent double-precision reference. They are
// not part of the project; tests that need them are skipped with a message if they are missing.
#pragma once

#include "core/platform.h"
#include "model/batch.h"
#include "model/model.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "support/paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace casd::test {

inline bool exists(const std::string& path) { return std::ifstream(path).good(); }

/// The folder beside the checkout that holds golden cases and data; CASD_SHARED names another.
inline std::string shared_folder() {
  const std::string named = environment("CASD_SHARED");
  return named.empty() ? source_folder() + "/../shared" : named;
}

inline std::string golden_path(const std::string& file) {
  return shared_folder() + "/golden/cases/" + file;
}

inline std::string data_path(const std::string& file) { return shared_folder() + "/data/" + file; }

#define CASD_NEEDS_FILE(path) \
  if (!::casd::test::exists(path)) GTEST_SKIP() << "not there: " << (path)

inline const std::vector<std::string>& model_cases() {
  static const std::vector<std::string> names = {
      "tiny_evidential", "tiny_paper",      "tiny_mean_pool", "tiny_regression",
      "tiny_multilabel", "five_modalities", "default_size",   "reference_size"};
  return names;
}

inline const std::vector<std::string>& loss_cases() {
  static const std::vector<std::string> names = {"loss_evidential", "loss_paper", "loss_regression",
                                                 "loss_multilabel"};
  return names;
}

/// A file of tensors, read as doubles.
/// The bytes of a safetensors file with its header in the compact form, which the reader requires.
inline std::vector<std::uint8_t> with_compact_header(std::vector<std::uint8_t> bytes) {
  std::uint64_t size = 0;
  for (int i = 0; i < 8; ++i) size |= std::uint64_t{bytes[static_cast<std::size_t>(i)]} << (8 * i);
  const auto data = bytes.begin() + 8 + static_cast<std::ptrdiff_t>(size);
  std::string header;
  bool quoted = false;  // no string of these files contains an escape
  for (auto at = bytes.begin() + 8; at != data; ++at) {
    quoted ^= *at == '"';
    if (quoted || *at != ' ') header += static_cast<char>(*at);
  }
  header.resize((header.size() + 8 + 63) / 64 * 64 - 8, ' ');
  std::vector<std::uint8_t> out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(header.size() >> (8 * i)));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), data, bytes.end());
  return out;
}

class TensorFile {
 public:
  explicit TensorFile(const std::string& path)
      : bytes_(with_compact_header(read_file(path))), parsed_(parse_safetensors(bytes_, path)) {}

  bool has(const std::string& name) const { return parsed_.find_tensor(name) != nullptr; }
  std::vector<std::int64_t> shape(const std::string& name) const { return entry(name).shape; }
  const Safetensors& parsed() const { return parsed_; }

  std::vector<double> values(const std::string& name) const {
    const TensorEntry& tensor = entry(name);
    switch (tensor.type) {
      case DataType::f32:
        return convert<float>(tensor);
      case DataType::f64:
        return convert<double>(tensor);
      case DataType::i64:
        return convert<std::int64_t>(tensor);
      default:
        return convert<std::uint8_t>(tensor);
    }
  }
  std::vector<float> floats(const std::string& name) const {
    const std::vector<double> wide = values(name);
    std::vector<float> out(wide.size());
    std::transform(wide.begin(), wide.end(), out.begin(),
                   [](double v) { return static_cast<float>(v); });
    return out;
  }

 private:
  const TensorEntry& entry(const std::string& name) const {
    const TensorEntry* found = parsed_.find_tensor(name);
    if (!found) throw std::runtime_error("no tensor " + name);
    return *found;
  }
  template <class T>
  static std::vector<double> convert(const TensorEntry& tensor) {
    std::vector<double> out(tensor.bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < out.size(); ++i) {
      T value;
      std::memcpy(&value, tensor.bytes.data() + i * sizeof(T), sizeof(T));
      out[i] = static_cast<double>(value);
    }
    return out;
  }

  std::vector<std::uint8_t> bytes_;
  Safetensors parsed_;
};

/// The samples `<prefix>.<i>.<modality>` of a case.
inline std::vector<Sample> golden_samples(const TensorFile& file, const Schema& schema,
                                          const std::string& prefix = "input") {
  std::size_t count = 0;
  for (const TensorEntry& entry : file.parsed().tensors)
    if (entry.name.rfind(prefix + ".", 0) == 0)
      count = std::max(count, std::size_t{1} + std::stoul(entry.name.substr(prefix.size() + 1)));
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back(empty_sample(schema));
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      const std::string name = prefix + "." + std::to_string(i) + "." +
                               schema.modalities[static_cast<std::size_t>(m)].name;
      if (file.has(name)) set_frames(samples.back(), schema, m, file.floats(name));
    }
  }
  return samples;
}

/// max |a - b| / max(1e-6, max |b|); infinite where the NaNs of both differ.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 1e-6, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) != std::isnan(b[i])) return INFINITY;
    if (std::isnan(b[i])) continue;
    largest = std::max(largest, std::fabs(b[i]));
    difference = std::max(difference, std::fabs(a[i] - b[i]));
  }
  return difference / largest;
}

}  // namespace casd::test
