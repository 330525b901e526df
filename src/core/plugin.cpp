#include "core/plugin.h"

#include "core/error.h"
#include "core/log.h"
#include "core/platform.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace casd {
namespace {

struct Plugins {
  std::mutex loading;  // held by the one thread that searches for a plug-in
  std::mutex mutex;    // for what follows; never held for long
  std::string folder;
  std::map<std::string, const void*> loaded;  // by name
};

Plugins& plugins() {
  static Plugins the;
  return the;
}

std::vector<std::string> folders(const std::string& first) {
  std::vector<std::string> out;
  if (!first.empty()) out.push_back(first);
  const std::string list = environment("CASD_PLUGIN_PATH");
  for (std::size_t at = 0; at < list.size();) {
    std::size_t end = list.find(path_list_separator(), at);
    if (end == std::string::npos) end = list.size();
    if (end > at) out.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  out.push_back(own_folder());
  return out;
}

bool is_there(const std::string& path) {
  try {
    return !read_file(path, 1).empty();
  } catch (const Error&) {
    return false;
  }
}

// What to do when no file was found, and when a file exists that does not load.
constexpr const char* plugin_remedy =
    "Install the plug-in beside libcasd, or name its folder in CASD_PLUGIN_PATH or with "
    "casd_set_plugin_path().";
#ifdef _WIN32
constexpr const char* library_remedy =
    "If a library that the plug-in needs is missing, install it or add its folder to PATH; "
    "otherwise install the plug-in of this version of CASD.";
#else
constexpr const char* library_remedy =
    "If a library that the plug-in needs is missing, install it or add its folder to "
    "LD_LIBRARY_PATH (CASD built with CASD_INSTALL_TORCH=ON installs LibTorch, too); otherwise "
    "install the plug-in of this version of CASD.";
#endif

/// What a search found, and what is to be logged once no lock is held.
struct Search {
  std::vector<std::pair<casd_log_level, std::string>> messages;
  std::string tried;          // each path and why it was not loaded
  bool found_a_file = false;  // one of the paths exists

  const void* find(const PluginKind& kind, const std::string& first) {
    for (const std::string& folder : folders(first)) {
      const std::string path = join_path(folder, plugin_file_name(kind.name));
      std::string why;
      if (void* address = load_symbol(path, kind.symbol, why)) {
        const void* table = kind.get(address, kind.version);
        if (table && static_cast<const PluginHeader*>(table)->struct_size >= kind.struct_size) {
          messages.emplace_back(CASD_LOG_INFO, text("plug-in ", path));
          return table;
        }
        why = text("is of another version than ", kind.version);
      }
      // A file that exists is expected to load, even when a later folder has one that does.
      if (is_there(path)) {
        found_a_file = true;
        messages.emplace_back(CASD_LOG_WARNING, text("the plug-in ", path, " is skipped: ", why));
      }
      tried += text("\n  ", path, ": ", why);
    }
    return nullptr;
  }
};

}  // namespace

void set_plugin_path(const std::string& folder) {
  Plugins& the = plugins();
  const std::lock_guard<std::mutex> lock(the.mutex);
  the.folder = folder;
}

const void* load_plugin(const PluginKind& kind) {
  Plugins& the = plugins();
  const auto current = [&] {
    const std::lock_guard<std::mutex> lock(the.mutex);
    const auto found = the.loaded.find(kind.name);
    return std::make_pair(found == the.loaded.end() ? nullptr : found->second, the.folder);
  };
  if (const void* table = current().first) return table;
  Search search;
  const void* table = nullptr;
  {
    const std::lock_guard<std::mutex> lock(the.loading);
    const auto [earlier, folder] = current();
    table = earlier ? earlier : search.find(kind, folder);
    const std::lock_guard<std::mutex> change(the.mutex);
    if (table) the.loaded[kind.name] = table;
  }
  if (!table)  // the error has all that the messages say
    fail(CASD_ERROR_UNAVAILABLE, "the plug-in ", plugin_file_name(kind.name), ", needed for ",
         kind.purpose, ", could not be loaded; tried", search.tried, "\n",
         search.found_a_file ? library_remedy : plugin_remedy);
  for (const auto& [level, message] : search.messages) log(level, message);
  return table;
}

}  // namespace casd
