#include "core/plugin.h"

#include "core/error.h"
#include "core/log.h"
#include "core/platform.h"

#include <mutex>
#include <vector>

namespace casd {
namespace {

struct Plugins {
  std::mutex mutex;
  std::string folder;
  const casd_torch_plugin* torch = nullptr;
  const casd_hdf5_plugin* hdf5 = nullptr;
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

template <class Table, class Get>
const Table* find(const std::string& name, const std::string& first, std::uint32_t version,
                  const char* purpose) {
  const std::string symbol = "casd_" + name + "_plugin_get";
  std::string tried;
  for (const std::string& folder : folders(first)) {
    const std::string path = join_path(folder, plugin_file_name(name));
    std::string why;
    if (void* address = load_symbol(path, symbol.c_str(), why)) {
      const Table* table = reinterpret_cast<Get>(address)(version);
      if (table && table->struct_size >= sizeof(Table)) {
        log(CASD_LOG_INFO, text("plug-in ", path));
        return table;
      }
      why = text("is of another version than ", version);
    }
    // One that is there and useless is a surprise, also when a later folder has a better one.
    if (is_there(path)) log(CASD_LOG_WARNING, text("the plug-in ", path, " is passed over: ", why));
    tried += text("\n  ", path, ": ", why);
  }
  fail(CASD_ERROR_UNAVAILABLE, "the plug-in libcasd_", name, ", needed for ", purpose,
       ", was not found; tried", tried);
}

}  // namespace

void set_plugin_path(const std::string& folder) {
  Plugins& the = plugins();
  const std::lock_guard<std::mutex> lock(the.mutex);
  the.folder = folder;
}

const casd_torch_plugin& torch_plugin() {
  Plugins& the = plugins();
  const std::lock_guard<std::mutex> lock(the.mutex);
  if (!the.torch)
    the.torch = find<casd_torch_plugin, casd_torch_plugin_get_fn>(
        "torch", the.folder, CASD_TORCH_PLUGIN_VERSION, "training and CUDA");
  return *the.torch;
}

const casd_hdf5_plugin& hdf5_plugin() {
  Plugins& the = plugins();
  const std::lock_guard<std::mutex> lock(the.mutex);
  if (!the.hdf5)
    the.hdf5 = find<casd_hdf5_plugin, casd_hdf5_plugin_get_fn>(
        "hdf5", the.folder, CASD_HDF5_PLUGIN_VERSION, "HDF5 files");
  return *the.hdf5;
}

}  // namespace casd
