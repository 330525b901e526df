#include "model/options.h"

#include "core/error.h"
#include "model/json_text.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace casd {
namespace {

template <class T>
T read(const void* options, const Option& option) {
  T value;
  std::memcpy(&value, static_cast<const char*>(options) + option.offset, sizeof value);
  return value;
}

template <class T>
void write(void* options, const Option& option, T value) {
  std::memcpy(static_cast<char*>(options) + option.offset, &value, sizeof value);
}

/// Smallest value allowed in the struct.
double least(const Option& option) { return option.automatic ? option.min - 1 : option.min; }

std::string choices(const Option& option) {
  std::string out;
  for (const char* name : option.names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::string range(const Option& option) {
  if (option.kind == OptionKind::choice) return choices(option);
  const bool whole = option.kind == OptionKind::int32;
  const auto number = [&](double v) {
    return whole ? std::to_string(static_cast<std::int64_t>(v)) : shortest(v);
  };
  std::string out = std::string(option.automatic ? "auto or " : "") +
                    (option.above_min ? "above " : "") + number(option.min);
  if (std::isinf(option.max)) return option.above_min ? out : out + " or more";
  return out + " to " + (option.below_max ? "below " : "") + number(option.max);
}

/// Parses all of `value` as a T; the error message says what was expected.
template <class T>
T parse(const Option& option, const std::string& value, const char* expected) {
  T out{};
  const char* end = value.data() + value.size();
  const auto result = std::from_chars(value.data(), end, out);
  require(result.ec == std::errc() && result.ptr == end, "option ", option.name, " = '", value,
          "' is not ", expected, ", allowed: ", range(option));
  return out;
}

constexpr std::int32_t default_feed_forward_factor = 2;

constexpr const char* pooling_names[] = {"last", "mean", "auto"};
constexpr const char* absent_names[] = {"excluded", "zeros"};
constexpr const char* weights_names[] = {"excess_degrees_of_freedom", "degrees_of_freedom",
                                         "precision", "equal"};
constexpr const char* variance_names[] = {"weighted", "mean"};

}  // namespace

namespace {

/// 0 or 1, stored from version 3 on.
constexpr Option flag(const char* name, std::size_t offset) {
  return {name, OptionKind::int32, offset, 0, 1, false, false, {}, true, false, 3};
}

}  // namespace

Span<const Option> model_option_table() {
  using O = casd_model_options;
  constexpr double none = std::numeric_limits<double>::infinity();
  static const Option table[] = {
      {"hidden", OptionKind::int32, offsetof(O, hidden), 1, 4096, false, false, {}},
      {"layers", OptionKind::int32, offsetof(O, layers), 1, 64, false, false, {}},
      {"heads", OptionKind::int32, offsetof(O, heads), 1, 4096, false, false, {}},
      {"feed_forward", OptionKind::int32, offsetof(O, feed_forward), 0, 65536, false, false, {}},
      // Not stored: the model file contains the resulting width.
      {"feed_forward_factor",
       OptionKind::int32,
       offsetof(O, feed_forward_factor),
       1,
       16,
       false,
       false,
       {},
       false},
      {"pooling", OptionKind::choice, offsetof(O, pooling), 0, 0, false, false, {pooling_names, 3}},
      {"input_clip", OptionKind::real, offsetof(O, input_clip), 0, none, false, true, {}},
      {"max_steps", OptionKind::int32, offsetof(O, max_steps), 1, 65536, false, false, {}},
      {"absent", OptionKind::choice, offsetof(O, absent), 0, 0, false, false, {absent_names, 2}},
      {"weights", OptionKind::choice, offsetof(O, weights), 0, 0, false, false, {weights_names, 4}},
      {"fused_variance",
       OptionKind::choice,
       offsetof(O, fused_variance),
       0,
       0,
       false,
       false,
       {variance_names, 2}},
      {"delta_min", OptionKind::real, offsetof(O, delta_min), 0, none, true, true, {}},
      {"delta_max", OptionKind::real, offsetof(O, delta_max), 0, none, true, true, {}},
      {"alpha_min", OptionKind::real, offsetof(O, alpha_min), 1, none, true, true, {}},
      {"alpha_max", OptionKind::real, offsetof(O, alpha_max), 1, none, true, true, {}},
      {"beta_min", OptionKind::real, offsetof(O, beta_min), 0, none, true, true, {}},
      // Not stored: the model file contains the resulting weights.
      {"seed", OptionKind::uint64, offsetof(O, seed), 0, none, false, true, {}, false},
      flag("linear", offsetof(O, linear)),
      flag("input_guard", offsetof(O, input_guard)),
  };
  return {table, sizeof table / sizeof *table};
}

void check_option(const Option& option, const void* options) {
  if (option.kind == OptionKind::uint64) return;
  bool good = false;
  if (option.kind == OptionKind::choice) {
    const auto value = read<std::int32_t>(options, option);
    good = value >= 0 && static_cast<std::size_t>(value) < option.names.size();
  } else {
    const double value = option.kind == OptionKind::int32 ? read<std::int32_t>(options, option)
                                                          : read<double>(options, option);
    good = (option.above_min ? value > option.min : value >= least(option)) &&
           (option.below_max ? value < option.max : value <= option.max);
  }
  require(good, "option ", option.name, " = ", option_text(option, options),
          " is out of range, allowed: ", range(option));
}

void check_options(Span<const Option> table, const void* options) {
  for (const Option& option : table) check_option(option, options);
}

const Option& find_option(Span<const Option> table, const std::string& name) {
  std::string names;
  for (const Option& option : table) {
    if (name == option.name) return option;
    names += (names.empty() ? "" : ", ") + std::string(option.name);
  }
  fail(CASD_ERROR_NOT_FOUND, "there is no option '", name, "'; there are: ", names);
}

void set_option(Span<const Option> table, void* options, const std::string& name,
                const std::string& value) {
  const Option& option = find_option(table, name);
  const std::size_t size = option.kind == OptionKind::int32 || option.kind == OptionKind::choice
                               ? sizeof(std::int32_t)
                               : sizeof(double);
  char before[sizeof(double)];
  char* field = static_cast<char*>(options) + option.offset;
  std::memcpy(before, field, size);
  switch (option.kind) {
    case OptionKind::int32: {
      const bool is_auto = option.automatic && value == "auto";
      const std::int32_t number = is_auto ? static_cast<std::int32_t>(least(option))
                                          : parse<std::int32_t>(option, value, "a whole number");
      require(is_auto || !option.automatic || number >= option.min, "option ", name, " = ", number,
              " is out of range, allowed: ", range(option));
      write(options, option, number);
      break;
    }
    case OptionKind::uint64:
      write(options, option, parse<std::uint64_t>(option, value, "a whole number"));
      break;
    case OptionKind::real:
      write(options, option, parse<double>(option, value, "a number"));
      break;
    case OptionKind::choice: {
      std::int32_t found = -1;
      for (std::size_t i = 0; i < option.names.size(); ++i)
        if (value == option.names[i]) found = static_cast<std::int32_t>(i);
      require(found >= 0, "option ", name, " = '", value,
              "' is unknown, allowed: ", choices(option));
      write(options, option, found);
      break;
    }
  }
  try {
    check_option(option, options);
  } catch (...) {
    std::memcpy(field, before, size);  // on error the options are unchanged
    throw;
  }
}

std::string option_text(const Option& option, const void* options) {
  switch (option.kind) {
    case OptionKind::int32: {
      const auto value = read<std::int32_t>(options, option);
      return option.automatic && value == least(option) ? "auto" : std::to_string(value);
    }
    case OptionKind::uint64:
      return std::to_string(read<std::uint64_t>(options, option));
    case OptionKind::real:
      return shortest(read<double>(options, option));
    default: {
      const auto value = read<std::int32_t>(options, option);
      if (value < 0 || static_cast<std::size_t>(value) >= option.names.size())
        return std::to_string(value);
      return option.names[static_cast<std::size_t>(value)];
    }
  }
}

void write_option(JsonWriter& json, const Option& option, const void* options) {
  switch (option.kind) {
    case OptionKind::int32:
      json.integer(read<std::int32_t>(options, option));
      break;
    case OptionKind::uint64:
      json.natural(read<std::uint64_t>(options, option));
      break;
    case OptionKind::real:
      json.real(read<double>(options, option));
      break;
    case OptionKind::choice:
      json.string(option_text(option, options));
      break;
  }
}

void read_option(JsonReader& json, const Option& option, void* options) {
  switch (option.kind) {
    case OptionKind::int32:
      write(options, option,
            static_cast<std::int32_t>(json.integer(static_cast<std::int64_t>(least(option)),
                                                   static_cast<std::int64_t>(option.max))));
      break;
    case OptionKind::uint64:
      write(options, option, json.natural());
      break;
    case OptionKind::real:
      write(options, option, json.real());
      break;
    case OptionKind::choice: {
      const std::string name = json.string();
      std::int32_t value = 0;
      while (static_cast<std::size_t>(value) < option.names.size() &&
             name != option.names[static_cast<std::size_t>(value)])
        ++value;
      if (static_cast<std::size_t>(value) == option.names.size())
        json.reject("'", printable(name), "' is unknown, allowed: ", choices(option));
      write(options, option, value);
      break;
    }
  }
  try {
    check_option(option, options);
  } catch (const Error& e) {
    json.reject(e.what());
  }
}

std::string shortest(double value) {
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string out(buffer, result.ptr);
  if (out.find_first_not_of("-0123456789") == std::string::npos) out += ".0";
  return out;
}

casd_model_options default_model_options() {
  casd_model_options o{};
  o.struct_size = sizeof o;
  o.hidden = 40;
  o.layers = 2;
  o.heads = 4;
  o.feed_forward = 0;
  o.feed_forward_factor = default_feed_forward_factor;
  o.max_steps = 512;
  o.input_clip = 5;
  o.delta_min = 0.01;
  o.delta_max = 20;
  o.alpha_max = 20;
  o.beta_min = 0.2;
  use_recipe(o, CASD_RECIPE_GROUNDED);
  return o;
}

void require_recipe(casd_recipe recipe) {
  require(recipe >= CASD_RECIPE_EVIDENTIAL && recipe <= CASD_RECIPE_GROUNDED, "unknown recipe ",
          recipe, ", allowed: 0 (evidential), 1 (paper), 2 (grounded)");
}

void use_recipe(casd_model_options& options, casd_recipe recipe) {
  require_recipe(recipe);
  const bool paper = recipe == CASD_RECIPE_PAPER;
  const bool grounded = recipe == CASD_RECIPE_GROUNDED;
  options.linear = options.input_guard = grounded ? 1 : 0;
  options.pooling = grounded ? CASD_POOLING_AUTO : CASD_POOLING_LAST;
  options.absent = paper ? CASD_ABSENT_ZEROS : CASD_ABSENT_EXCLUDED;
  options.weights =
      paper ? CASD_WEIGHTS_DEGREES_OF_FREEDOM : CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM;
  options.fused_variance = paper ? CASD_FUSED_VARIANCE_MEAN : CASD_FUSED_VARIANCE_WEIGHTED;
  options.alpha_min = paper ? 1.05 : 1.25;
}

void use_preset(casd_model_options& options, casd_preset preset) {
  require(preset == CASD_PRESET_DEFAULT || preset == CASD_PRESET_REFERENCE, "unknown preset ",
          preset, ", allowed: 0 (default), 1 (reference)");
  const bool reference = preset == CASD_PRESET_REFERENCE;
  options.layers = reference ? 4 : 2;
  options.heads = reference ? 10 : 4;
  options.feed_forward = 0;
  options.feed_forward_factor = reference ? 4 : default_feed_forward_factor;
}

casd_model_options checked(casd_model_options options) {
  check_options(model_option_table(), &options);
  require(options.hidden % options.heads == 0, "option heads = ", options.heads,
          " does not divide hidden = ", options.hidden);
  require(options.reserved == 0, "options.reserved must be 0");
  if (options.feed_forward == 0)
    options.feed_forward = options.feed_forward_factor * options.hidden;
  options.feed_forward_factor = default_feed_forward_factor;  // already applied to feed_forward
  require(options.delta_max > options.delta_min, "option delta_max = ", options.delta_max,
          " must be above delta_min = ", options.delta_min);
  require(options.alpha_max > options.alpha_min, "option alpha_max = ", options.alpha_max,
          " must be above alpha_min = ", options.alpha_min);
  return options;
}

void import_struct_bytes(void* ours, std::size_t size, const void* caller, std::size_t first,
                         const char* what) {
  std::uint32_t given = 0;
  std::memcpy(&given, caller, sizeof given);
  require(given >= first, what, ".struct_size is ", given, ", expected at least ", first,
          ": was it initialised?");
  const auto* bytes = static_cast<const unsigned char*>(caller);
  for (std::size_t i = size; i < given; ++i)
    require(bytes[i] == 0, what, " has settings that this version of the library does not support");
  std::memcpy(ours, caller, given < size ? given : size);
}

void export_struct_bytes(void* caller, std::size_t size, const void* ours, std::size_t our_size,
                         std::size_t first, const char* what) {
  require(caller != nullptr, what, " is NULL");
  require(size >= first && size <= std::numeric_limits<std::uint32_t>::max(), "the size of ", what,
          " is ", size, ", expected at least ", first);
  std::memcpy(caller, ours, size < our_size ? size : our_size);
  if (size > our_size) std::memset(static_cast<char*>(caller) + our_size, 0, size - our_size);
  const auto written = static_cast<std::uint32_t>(size);
  std::memcpy(caller, &written, sizeof written);
}

}  // namespace casd
