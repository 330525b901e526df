// casd info: what a model file holds.
#include "commands.h"
#include "common.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace program {
namespace {

/// "language+audio" for a mask; "count:3", how many take part, stays as it is.
std::string condition(const casd_schema* schema, const std::string& key) {
  if (key.find_first_not_of("0123456789") != std::string::npos) return key;
  const int32_t modalities = casd_schema_modality_count(schema);
  std::string names;
  for (int32_t m = 0; m < modalities; ++m)
    if (std::stoul(key) >> m & 1u)
      names += (names.empty() ? "" : "+") + std::string(casd_schema_modality_name(schema, m));
  return names;
}

void run(const std::string& path, bool json) {
  const Model model = load_model(path);
  if (json) {
    std::printf("%s\n", casd_model_info(model.get()));
    return;
  }
  const auto info = nlohmann::ordered_json::parse(casd_model_info(model.get()));
  std::printf("%s: %lld parameters%s\n", path.c_str(), info["parameters"].get<long long>(),
              info["trained"].get<bool>() ? "" : ", not trained");
  const Schema schema = schema_of(model.get());
  std::printf("task: %s\n", task_of(schema.get()).c_str());
  for (const auto& modality : info["schema"]["modalities"])
    std::printf("modality %s: %d features\n", modality["name"].get<std::string>().c_str(),
                modality["features"].get<int>());
  const auto list = [](const char* title, const nlohmann::ordered_json& values) {
    std::printf("%s:", title);
    for (const auto& [key, value] : values.items())
      std::printf(" %s=%s", key.c_str(),
                  value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    std::printf("\n");
  };
  list("options", info["options"]);
  if (info.contains("calibration") && info["calibration"].contains("temperatures")) {
    std::printf("temperatures:");
    for (const auto& [key, value] : info["calibration"]["temperatures"].items())
      std::printf(" %s=%.3f", condition(schema.get(), key).c_str(), value.get<double>());
    std::printf("\n");
  }
  if (!info["user"].empty()) list("user", info["user"]);
}

}  // namespace

void add_info(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "Tell what a model file holds");
  command->add_option("MODEL", *path, "A model file")->required();
  command->add_flag("--json", *json, "One JSON object");
  command->footer("Example: casd info mood.casd");
  command->callback([path, json] { run(*path, *json); });
}

}  // namespace program
