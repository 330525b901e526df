// Functions shared by the option structs of the C API.
#pragma once

#include "capi/call_boundary.h"
#include "model/options.h"

#include <cstdint>
#include <string>

namespace casd {

/// Sizes of the structs in the first release with this ABI version. Callers built against it always
/// pass these sizes, so they are literals and not `sizeof` of the current struct.
namespace first_size {
constexpr std::size_t model_options = 104;
constexpr std::size_t trainer_options = 176;
constexpr std::size_t predictor_options = 24;
constexpr std::size_t engine_info = 308;
constexpr std::size_t synthetic_options = 40;
constexpr std::size_t evaluate_options = 8;
constexpr std::size_t calibrate_options = 16;
constexpr std::size_t monitor_options = 32;
constexpr std::size_t monitor_state = 56;
constexpr std::size_t train_stats = 104;
constexpr std::size_t train_progress = 80;
}  // namespace first_size

template <class T>
void init_struct(T* out, std::size_t size, const T& defaults, std::size_t first, const char* what) {
  export_struct_bytes(out, size, &defaults, sizeof defaults, first, what);
}

/// Modifies the library's copy of the caller's struct, then copies back as many bytes as it has.
template <class T, class Change>
void change_struct(T* caller, const T& defaults, std::size_t first, const char* what,
                   Change apply) {
  T ours = import_struct(&given(caller, what), defaults, first, what);
  apply(ours);
  export_struct_bytes(caller, caller->struct_size, &ours, sizeof ours, first, what);
}

/// The struct_size that the init function stored in a struct that receives output.
template <class T>
std::size_t receiving_size(const T* out, std::size_t first, const char* what) {
  if (!out) return 0;
  require(out->struct_size >= first, what, ".struct_size is ", out->struct_size,
          ", expected at least ", first, ": was it initialised?");
  return out->struct_size;
}

inline std::int32_t option_count(Span<const Option> table) {
  return static_cast<std::int32_t>(table.size());
}

inline const char* option_name(Span<const Option> table, std::int32_t index) {
  return index >= 0 && index < option_count(table) ? table[static_cast<std::size_t>(index)].name
                                                   : nullptr;
}

/// casd_x_options_text(): `options` is the library's copy of the caller's struct.
inline void copy_option_text(char* buffer, std::size_t capacity, std::size_t* needed,
                             Span<const Option> table, const void* options, const char* name) {
  const std::string value = option_text(find_option(table, &given(name, "name")), options);
  copy_out<char>(buffer, capacity, needed, {value.c_str(), value.size() + 1}, "bytes");
}

}  // namespace casd
