// Finds and loads plug-ins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace casd {

/// The folder that is searched first ("" for none).
void set_plugin_path(const std::string& folder);

/// How the table of a plug-in begins.
struct PluginHeader {
  std::uint32_t version;
  std::uint32_t struct_size;
};

/// A plug-in that exports one function, which returns its table.
struct PluginKind {
  const char* name;         // of the library: libcasd_NAME
  const char* symbol;       // the exported function
  std::uint32_t version;    // of the table
  std::size_t struct_size;  // of the table
  const char* purpose;      // for messages: "training and CUDA"
  /// Calls the exported function; NULL: the plug-in is of another version.
  const void* (*get)(void* symbol, std::uint32_t version);
};

/// The plug-in's table, loaded at the first call for its name. Searched for in the folder of
/// set_plugin_path(), the folders of CASD_PLUGIN_PATH, the folder of libcasd. Throws UNAVAILABLE
/// naming each path tried and why it was not loaded.
const void* load_plugin(const PluginKind& kind);

/// The kind of plug-in whose exported function `symbol` is a Get: const Table* (*)(std::uint32_t).
template <class Table, class Get>
PluginKind plugin_kind(const char* name, const char* symbol, std::uint32_t version,
                       const char* purpose) {
  return {name,
          symbol,
          version,
          sizeof(Table),
          purpose,
          [](void* address, std::uint32_t wanted) -> const void* {
            return reinterpret_cast<Get>(address)(wanted);
          }};
}

}  // namespace casd
