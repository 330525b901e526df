#include "common.h"

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

Dataset open_data(const std::string& data, const std::string& task) {
  const std::string word = "synthetic";
  const bool seeded = data.rfind(word + ":", 0) == 0;
  if (data != word && !seeded)
    return made<Dataset>([&](casd_dataset** out) {
      return casd_dataset_open(out, data.c_str(), task.empty() ? nullptr : task.c_str());
    });
  casd_synthetic_options options;
  check(casd_synthetic_options_init(&options, sizeof options));
  if (seeded) {
    const std::string digits = data.substr(word.size() + 1);
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
    throw UsageError("the synthetic set's task is " + own + ", not " + task);
  return set;
}

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
  throw UsageError("there is no device '" + text + "', allowed: cpu, cuda, cuda:N");
}

Predictor make_predictor(const casd_model* model, const std::string& device, int threads,
                         casd_on_empty on_empty) {
  casd_predictor_options options;
  check(casd_predictor_options_init(&options, sizeof options));
  const Device where = parse_device(device);
  options.device = where.device;
  options.device_index = where.index;
  options.threads = threads;
  options.on_empty = on_empty;
  return made<Predictor>(
      [&](casd_predictor** out) { return casd_predictor_create(out, model, &options); });
}

int default_threads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  // Characters, not bytes: names may be UTF-8.
  const auto width = [](const std::string& cell) {
    return static_cast<std::size_t>(
        std::count_if(cell.begin(), cell.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  };
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], width(row[c]));
    }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - width(row[c]), ' ');
      line += c == 0 ? row[c] + space : "  " + space + row[c];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

std::string number(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

}  // namespace program
