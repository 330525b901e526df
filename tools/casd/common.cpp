#include "common.h"

#include "files.h"
#include "output.h"
#include "table.h"
#include "terminal.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <thread>

namespace program {

void check(casd_status status) {
  if (status != CASD_OK) throw Failure(casd_last_error());
}

Model load_model(const std::string& path) {
  return made<Model>([&](casd_model** out) { return casd_model_load(out, path.c_str()); });
}

Schema schema_of(const casd_model* model) {
  return made<Schema>([&](casd_schema** out) { return casd_model_schema(out, model); });
}

std::string task_of(const casd_schema* schema) {
  static const char* const names[] = {"regression", "classes", "multilabel"};
  std::string out = names[casd_schema_task(schema)];
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k)
    out += (k == 0 ? ":" : ",") + std::string(casd_schema_output_name(schema, k));
  return out;
}

Dataset open_data(const std::string& data, const std::string& task, const std::string& modalities) {
  const std::string prefix = "synthetic";
  const bool seeded = data.rfind(prefix + ":", 0) == 0;
  if (!modalities.empty() && (data == prefix || seeded || data == "-"))
    throw UsageError("--modalities needs a .ts file as data, not " + data_name(data));
  if (data != prefix && !seeded) {
    casd_dataset* out = nullptr;
    const char* labels = task.empty() ? nullptr : task.c_str();
    if (data == "-") {
      const std::string text = read_input();
      check(casd_dataset_load_memory(&out, text.data(), text.size(), data_name(data).c_str(),
                                     labels));
      return Dataset(out);
    }
    const casd_status status =
        casd_dataset_open_as(&out, data.c_str(), labels, nullptr, modalities.c_str());
    if (status == CASD_ERROR_FORMAT) throw Failure(casd_last_error() + hint_about_data(data));
    check(status);
    return Dataset(out);
  }
  casd_synthetic_options options;
  check(casd_synthetic_options_init(&options, sizeof options));
  if (seeded) {
    const std::string digits = data.substr(prefix.size() + 1);
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, options.seed);
    if (result.ec != std::errc() || result.ptr != end)
      throw UsageError("synthetic:SEED needs a whole number, not '" + digits + "'");
  }
  const std::string kind = task.substr(0, task.find(':'));
  if (kind == "regression") options.task = CASD_TASK_REGRESSION;
  if (kind == "multilabel") options.task = CASD_TASK_MULTILABEL;
  auto set = made<Dataset>(
      [&](casd_dataset** out) { return casd_dataset_create_synthetic(out, &options); });
  const auto schema =
      made<Schema>([&](casd_schema** out) { return casd_dataset_schema(out, set.get()); });
  const std::string own = task_of(schema.get());
  if (!task.empty() && task != own && task != kind)
    throw UsageError("--task " + task + ": the task of the synthetic data is " + own +
                     ", or regression, or multilabel");
  return set;
}

const char* const modalities_key = "user.modalities";

std::string modalities_of(const casd_model* model, const std::string& data,
                          const std::string& given) {
  if (!given.empty() || !is_ts(data)) return given;
  const char* const kept = casd_model_user_value(model, modalities_key);
  return kept ? kept : "";
}

std::string data_name(const std::string& data) { return data == "-" ? "standard input" : data; }

Device parse_device(const std::string& text) {
  Device out;
  if (text == "cpu") return out;
  out.device = CASD_DEVICE_CUDA;
  if (text == "cuda") return out;
  if (text.rfind("cuda:", 0) == 0) {
    const char* begin = text.data() + 5;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(begin, end, out.index);
    if (result.ec == std::errc() && result.ptr == end && out.index >= 0) return out;
  }
  throw UsageError("--device: there is no device '" + text + "'; there are: cpu, cuda, cuda:N");
}

casd_modality_mask parse_mask(const casd_schema* schema, const std::vector<std::string>& names) {
  if (names.empty()) return CASD_ALL_MODALITIES;
  casd_modality_mask mask = 0;
  for (const std::string& name : names) {
    int32_t index = 0;
    if (casd_schema_modality_index(&index, schema, name.c_str()) != CASD_OK)
      throw UsageError(std::string("--mask: ") + casd_last_error());
    mask |= casd_modality_mask{1} << index;
  }
  return mask;
}

Predictor make_predictor(const casd_model* model, const DeviceOptions& wanted,
                         casd_on_empty on_empty) {
  casd_predictor_options options;
  check(casd_predictor_options_init(&options, sizeof options));
  const Device where = parse_device(wanted.device);
  options.device = where.device;
  options.device_index = where.index;
  options.threads = wanted.threads;
  options.engine = parse_engine(wanted.engine);
  options.on_empty = on_empty;
  options.coverage = wanted.coverage;
  options.error_rate = wanted.error_rate;
  return made<Predictor>(
      [&](casd_predictor** out) { return casd_predictor_create(out, model, &options); });
}

std::vector<std::string> split_names(const casd_dataset* data) {
  std::vector<std::string> names;
  for (int32_t i = 0; i < casd_dataset_split_count(data); ++i)
    names.emplace_back(casd_dataset_split_name(data, i));
  return names;
}

void require_split(const casd_dataset* data, const std::string& split) {
  if (casd_dataset_size(data, split.c_str()) > 0) return;
  throw Failure("the data has no sample in a split '" + split +
                "'; its splits: " + joined(split_names(data)));
}

int default_threads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
}

const char* const data_help =
    "HDF5, CSV or .ts file, '-' (text from standard input), or 'synthetic'";
const char* const task_of_model_help = "How the labels are read; default: by the model's task";
const char* const modalities_of_model_help =
    "Channels of a .ts file, e.g. accelerometer=0-2,gyroscope=3,5; default: as the model was "
    "trained";
const char* const table_help =
    "A table that is too wide for the terminal loses columns on its right and says which;\n"
    "output to a file or a pipe is never shortened.\n";
const char* const uncertainty_legend =
    "uncertainty: variance of the fused distribution. It has no unit: compare it between samples "
    "and conditions of one model; the larger, the less certain.";

casd_engine_choice parse_engine(const std::string& text) {
  if (text == "cpu") return CASD_ENGINE_CPU;
  if (text == "torch") return CASD_ENGINE_TORCH;
  return CASD_ENGINE_AUTO;
}

void add_guarantee_options(CLI::App& command, DeviceOptions& options) {
  command
      .add_option("--coverage", options.coverage,
                  "Probability that sets and intervals contain the truth, 0 to 1")
      ->capture_default_str()
      ->type_name("P");
  command
      .add_option("--max-error", options.error_rate,
                  "Abstain where more than this share of the decisions could be wrong, 0 to 1; "
                  "default: never")
      ->type_name("P");
}

void add_device_options(CLI::App& command, DeviceOptions& options) {
  command.add_option("--device", options.device, "cpu, cuda or cuda:N")
      ->capture_default_str()
      ->type_name("DEVICE");
  command
      .add_option("--engine", options.engine,
                  "auto, cpu (built in) or torch (plug-in libcasd_torch)")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(silent(CLI::IsMember({"auto", "cpu", "torch"})));
  add_threads_option(command, options);
}

void add_threads_option(CLI::App& command, DeviceOptions& options) {
  command.add_option("--threads", options.threads, "Threads on the CPU, 1 to 256")
      ->type_name("N")
      ->capture_default_str()
      ->check(silent(CLI::Range(1, 256)));
}

void print_wrapped(const std::string& text) {
  for (const std::string& line : wrapped(text, output_columns())) print_text(line + "\n");
}

void print_indented(const std::string& text) {
  const int columns = output_columns() > 0 ? output_columns() : 80;
  for (const std::string& line : wrapped(text, columns - 2)) print_text("  " + line + "\n");
}

std::string number(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : separator) + words[i];
  return out;
}

std::string printable(const std::string& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  /// The bytes of the character at i; 0: not UTF-8.
  const auto length_at = [&](std::size_t i) -> std::size_t {
    const std::size_t length = byte(i) < 0x80   ? 1
                               : byte(i) < 0xC2 ? 0
                               : byte(i) < 0xE0 ? 2
                               : byte(i) < 0xF0 ? 3
                               : byte(i) < 0xF5 ? 4
                                                : 0;
    if (i + length > text.size()) return 0;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return 0;
    return length;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = length_at(i);
    // U+0080 to U+009F are control characters, too.
    const bool control = (length == 1 && (byte(i) < 0x20 || byte(i) == 0x7F) && text[i] != '\n') ||
                         (length == 2 && byte(i) == 0xC2 && byte(i + 1) < 0xA0);
    out += length == 0 || control ? "?" : text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

void note(const std::string& text) { std::fprintf(stderr, "%s\n", printable(text).c_str()); }

}  // namespace program
