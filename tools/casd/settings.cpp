#include "settings.h"

#include <algorithm>

namespace program {
namespace {

/// What the two option structs share: how many, their names, one as text.
struct ModelTable {
  static int32_t count() { return casd_model_options_count(); }
  static const char* name(int32_t i) { return casd_model_options_name(i); }
  static constexpr auto text = casd_model_options_text;
};
struct TrainerTable {
  static int32_t count() { return casd_trainer_options_count(); }
  static const char* name(int32_t i) { return casd_trainer_options_name(i); }
  static constexpr auto text = casd_trainer_options_text;
};

template <class Table, class Options>
std::string text_of(const Options& options, const char* name) {
  std::size_t needed = 0;
  check(Table::text(nullptr, 0, &needed, &options, name));
  std::string out(needed, '\0');
  check(Table::text(out.data(), out.size(), nullptr, &options, name));
  out.resize(needed - 1);
  return out;
}

template <class Table, class Options>
std::vector<std::string> differences_of(const Options& there, const Options& here) {
  std::vector<std::string> out;
  for (int32_t i = 0; i < Table::count(); ++i) {
    const char* name = Table::name(i);
    const std::string a = text_of<Table>(there, name), b = text_of<Table>(here, name);
    if (a != b) out.push_back(std::string(name) + " is " + a + " there, " + b + " here");
  }
  return out;
}

/// Options of both structs, such as seed, are listed once.
template <class Table, class Options>
void append(std::vector<std::string>& out, const Options& options) {
  for (int32_t i = 0; i < Table::count(); ++i) {
    std::string word = std::string(Table::name(i)) + "=" + text_of<Table>(options, Table::name(i));
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(std::move(word));
  }
}

}  // namespace

std::string option_text(const casd_model_options& options, const char* name) {
  return text_of<ModelTable>(options, name);
}

std::string option_text(const casd_trainer_options& options, const char* name) {
  return text_of<TrainerTable>(options, name);
}

std::string default_settings() {
  casd_model_options model;
  casd_trainer_options trainer;
  check(casd_model_options_init(&model, sizeof model));
  check(casd_trainer_options_init(&trainer, sizeof trainer));
  std::vector<std::string> out;
  append<ModelTable>(out, model);
  append<TrainerTable>(out, trainer);
  return joined(out, " ");
}

Settings make_settings(const std::string& recipe, const std::string& preset) {
  Settings out;
  check(casd_model_options_init(&out.model, sizeof out.model));
  check(casd_trainer_options_init(&out.trainer, sizeof out.trainer));
  const casd_recipe which = recipe == "paper"        ? CASD_RECIPE_PAPER
                            : recipe == "evidential" ? CASD_RECIPE_EVIDENTIAL
                                                     : CASD_RECIPE_GROUNDED;
  check(casd_model_options_use_recipe(&out.model, which));
  check(casd_trainer_options_use_recipe(&out.trainer, which));
  check(casd_model_options_use_preset(
      &out.model, preset == "reference" ? CASD_PRESET_REFERENCE : CASD_PRESET_DEFAULT));
  return out;
}

void assign(Settings& to, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UsageError("--set needs option=value, not '" + assignment + "'");
  const std::string name = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  // Options of both, such as seed, are set in both.
  const casd_status model = casd_model_options_set(&to.model, name.c_str(), value.c_str());
  if (model != CASD_OK && model != CASD_ERROR_NOT_FOUND)
    throw UsageError(std::string("--set: ") + casd_last_error());
  const casd_status trainer = casd_trainer_options_set(&to.trainer, name.c_str(), value.c_str());
  if (trainer != CASD_OK && trainer != CASD_ERROR_NOT_FOUND)
    throw UsageError(std::string("--set: ") + casd_last_error());
  if (model == CASD_OK || trainer == CASD_OK) return;
  throw UsageError("--set: there is no option '" + name + "'; there are: " + default_settings());
}

std::vector<std::string> differences(const casd_model_options& there,
                                     const casd_model_options& here) {
  return differences_of<ModelTable>(there, here);
}

std::vector<std::string> differences(const casd_trainer_options& there,
                                     const casd_trainer_options& here) {
  return differences_of<TrainerTable>(there, here);
}

}  // namespace program
