// The JSON texts of a model file, and options set by name. The first byte selects which.
#include "core/error.h"
#include "model/model_text.h"
#include "model/options.h"
#include "support/container.h"
#include "support/memory.h"

namespace {

casd::Schema schema_of(int modalities) {
  casd::Schema schema;
  for (int m = 0; m < modalities; ++m) schema.add_modality("m" + std::to_string(m), 1);
  schema.add_output("a");
  schema.add_output("b");
  return schema;
}

/// Reads the text and writes it again.
std::string again(int kind, const std::string& text) {
  static const casd::Schema by_mask = schema_of(3), by_count = schema_of(8);
  switch (kind) {
    case 0:
      return casd::schema_text(casd::parse_schema(text, "fuzz", true));
    case 1:
      return casd::schema_text(casd::parse_schema(text, "fuzz", false));
    case 2:
      return casd::options_text(casd::parse_options(text, "fuzz"));
    case 3:
      return casd::calibration_text(casd::parse_calibration(text, by_mask, "fuzz"), by_mask);
    default:
      return casd::calibration_text(casd::parse_calibration(text, by_count, "fuzz"), by_count);
  }
}

void set_by_name(const std::string& setting) {
  casd_model_options options = casd::default_model_options();
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) return;
  const std::string name = setting.substr(0, equals);
  casd::set_option(casd::model_option_table(), &options, name, setting.substr(equals + 1));
  // Accepted: the value's text sets the same value.
  const casd::Option& option = casd::find_option(casd::model_option_table(), name);
  const std::string text = casd::option_text(option, &options);
  casd::set_option(casd::model_option_table(), &options, name, text);
  if (casd::option_text(option, &options) != text)
    casd::fuzz::differ("option", {setting.begin(), setting.end()}, {text.begin(), text.end()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int kind = data[0] % 6;
  const std::string text(data + 1, data + size);
  const casd::fuzz::MemoryUse memory;
  try {
    if (kind == 5) {
      set_by_name(text);
      return 0;
    }
    const std::string written = again(kind, text);
    memory.require_small_allocations(size);
    memory.require_bounded(size, casd::fuzz::reader_factor, casd::fuzz::reader_constant);
    if (written != text)
      casd::fuzz::differ("text", {text.begin(), text.end()}, {written.begin(), written.end()});
  } catch (const casd::Error&) {
    memory.require_small_allocations(size);
    memory.require_bounded(size, casd::fuzz::reader_factor, casd::fuzz::reader_constant);
  }
  return 0;
}
