// The JSON texts of a model file: schema, options, calibration; and of casd_model_info().
// Readers accept exactly the text that the writers produce for the same content.
#pragma once

#include "model/model.h"

#include <string>

namespace casd {

std::string schema_text(const Schema& schema);
/// `version`: of the model file. `options` as checked() returns them.
std::string options_text(const casd_model_options& options, int version = newest_file_version);
/// Not empty.
std::string calibration_text(const Calibration& calibration, const Schema& schema);

/// Throw FORMAT; `where` begins the message.
Schema parse_schema(const std::string& text, const std::string& where, bool may_name_features);
casd_model_options parse_options(const std::string& text, const std::string& where,
                                 int version = newest_file_version);
Calibration parse_calibration(const std::string& text, const Schema& schema,
                              const std::string& where, int version = newest_file_version);

/// Everything but the weights as one JSON object (casd_model_info()).
std::string model_info(const Model& model);

}  // namespace casd
