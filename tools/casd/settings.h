// The options of model and training, and how those of a checkpoint differ.
#pragma once

#include "common.h"

namespace program {

struct Settings {
  casd_model_options model;
  casd_trainer_options trainer;
};

/// The defaults of a recipe and a preset, by name.
Settings make_settings(const std::string& recipe, const std::string& preset);
/// Sets one option of model or training, or of both, from "option=value". Throws UsageError.
void assign(Settings& to, const std::string& assignment);

/// "hidden is 8 there, 16 here", for each option that is not the same.
std::vector<std::string> differences(const casd_model_options& there,
                                     const casd_model_options& here);
std::vector<std::string> differences(const casd_trainer_options& there,
                                     const casd_trainer_options& here);

std::string option_text(const casd_model_options& options, const char* name);
std::string option_text(const casd_trainer_options& options, const char* name);

/// "hidden=40 layers=2 ...": the names that --set takes, with the defaults.
std::string default_settings();

}  // namespace program
