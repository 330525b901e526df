// The table of options: name, offset, and range or names of values. Used to check options, to set and
// read them by name, and for the JSON of model files and checkpoints.
#pragma once

#include "core/span.h"

#include <casd/model.h>

#include <cstddef>
#include <limits>
#include <string>

namespace casd {

class JsonReader;
class JsonWriter;

enum class OptionKind { int32, uint64, real, choice };

struct Option {
  const char* name;
  OptionKind kind;
  std::size_t offset;  // in the struct
  double min = 0;      // int32, real: the allowed range
  double max = 0;
  bool above_min = false;              // real: min itself is not allowed
  bool below_max = false;              // real: max itself is not allowed
  Span<const char* const> names = {};  // choice: names of 0, 1, 2, ...
  bool stored = true;                  // part of the model file
  bool automatic = false;              // int32: min - 1 is allowed, too, as text "auto"
  int since = 1;                       // version of the model file from which on it is stored
};

/// All fields of casd_model_options except struct_size and reserved.
Span<const Option> model_option_table();

/// Throws INVALID_ARGUMENT naming the option, its value and the allowed values.
void check_option(const Option& option, const void* options);
void check_options(Span<const Option> table, const void* options);
/// Sets the field `name` from text and checks it. The error for an unknown name lists all names.
void set_option(Span<const Option> table, void* options, const std::string& name,
                const std::string& value);
/// The value as text: "40", "5.0", "zeros".
std::string option_text(const Option& option, const void* options);
/// The value as JSON: a number, or a string for a choice.
void write_option(JsonWriter& json, const Option& option, const void* options);
/// Reads what write_option() writes; rejects what check_option() would reject.
void read_option(JsonReader& json, const Option& option, void* options);
const Option& find_option(Span<const Option> table, const std::string& name);

/// The shortest text that reads back as the same double, with ".0" for whole numbers: "5.0",
/// "0.01", "1e-05".
std::string shortest(double value);

casd_model_options default_model_options();
/// Throws INVALID_ARGUMENT for a value that is no recipe.
void require_recipe(casd_recipe recipe);
void use_recipe(casd_model_options& options, casd_recipe recipe);
void use_preset(casd_model_options& options, casd_preset preset);
/// Resolves feed_forward 0 and checks all options, dependencies between them included.
casd_model_options checked(casd_model_options options);

/// Copies the caller's struct into the library's. The caller's may be shorter (older caller) or
/// longer (the surplus bytes must be zero). `first` is the size of the struct in the first release.
template <class T>
T import_struct(const T* caller, const T& defaults, std::size_t first, const char* what);
void import_struct_bytes(void* ours, std::size_t size, const void* caller, std::size_t first,
                         const char* what);
/// Copies the first `size` bytes of the library's struct to the caller, zeroes surplus bytes and sets
/// struct_size.
void export_struct_bytes(void* caller, std::size_t size, const void* ours, std::size_t our_size,
                         std::size_t first, const char* what);

template <class T>
T import_struct(const T* caller, const T& defaults, std::size_t first, const char* what) {
  T ours = defaults;
  if (caller) import_struct_bytes(&ours, sizeof ours, caller, first, what);
  ours.struct_size = sizeof ours;
  return ours;
}

}  // namespace casd
