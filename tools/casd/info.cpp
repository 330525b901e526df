// casd info: the contents of a model file, but for the weights.
#include "commands.h"
#include "common.h"
#include "output.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace program {
namespace {

using Json = nlohmann::ordered_json;

/// "language+audio" for a mask; "count:3", a number of modalities taking part, stays as it is.
std::string condition(const casd_schema* schema, const std::string& key) {
  if (key.find_first_not_of("0123456789") != std::string::npos) return key;
  std::vector<std::string> names;
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    if (std::stoul(key) >> m & 1u) names.emplace_back(casd_schema_modality_name(schema, m));
  return joined(names, "+");
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A title and, indented below it, its items in lines of the terminal's width.
void print_items(const std::string& title, const std::vector<std::string>& items,
                 const char* separator = " ") {
  print_text(title + ":\n");
  print_indented(joined(items, separator));
}

void print_modality(const casd_schema* schema, int32_t m) {
  const int32_t features = casd_schema_modality_features(schema, m);
  const std::string title = std::string("modality ") + casd_schema_modality_name(schema, m) + ": " +
                            std::to_string(features) + (features == 1 ? " feature" : " features");
  if (!casd_schema_feature_name(schema, m, 0)) {
    print_text(title + "\n");
    return;
  }
  std::vector<std::string> names;
  for (int32_t f = 0; f < features; ++f) names.emplace_back(casd_schema_feature_name(schema, m, f));
  print_items(title, names, ", ");
}

void print_calibration(const casd_schema* schema, const Json& calibration) {
  if (calibration.contains("temperatures")) {
    std::vector<std::string> items;
    for (const auto& [key, value] : calibration["temperatures"].items())
      items.push_back(condition(schema, key) + "=" + number(value.get<double>(), 3));
    print_items("temperatures (they divide the logits)", items);
  }
  if (calibration.contains("trust")) {
    std::vector<std::string> items;
    for (std::size_t m = 0; m < calibration["trust"].size(); ++m)
      items.push_back(std::string(casd_schema_modality_name(schema, static_cast<int32_t>(m))) +
                      "=" + number(calibration["trust"][m].get<double>(), 3));
    print_items("trust (factor of the weight)", items);
  }
}

void run(const std::string& path, bool json) {
  const Model model = load_model(path);
  if (json) {
    print("%s\n", casd_model_info(model.get()));
    return;
  }
  const auto info = Json::parse(casd_model_info(model.get()));
  const Schema schema = schema_of(model.get());
  print("%s: %lld parameters, %s\n", path.c_str(),
        static_cast<long long>(casd_model_parameter_count(model.get())),
        info.at("trained").get<bool>() ? "trained" : "not trained");
  if (info.contains("format")) print("file format: %s\n", text_of(info["format"]).c_str());
  print("task: %s\n", task_of(schema.get()).c_str());
  for (int32_t m = 0; m < casd_schema_modality_count(schema.get()); ++m)
    print_modality(schema.get(), m);
  std::vector<std::string> options;
  for (const auto& [key, value] : info.at("options").items())
    options.push_back(key + "=" + text_of(value));
  print_items("options", options);
  if (info.contains("calibration")) print_calibration(schema.get(), info["calibration"]);
  for (int32_t i = 0; i < casd_model_user_count(model.get()); ++i) {
    const char* key = casd_model_user_key(model.get(), i);
    print("%s: %s\n", key, casd_model_user_value(model.get(), key));
  }
}

}  // namespace

void add_info(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "Describe a model file");
  command->add_option("MODEL", *path, "Model file")->required()->type_name("");
  command->add_flag("--json", *json, "One JSON object");
  command->footer("Example: casd info mood.casd");
  command->callback([path, json] { run(*path, *json); });
}

}  // namespace program
