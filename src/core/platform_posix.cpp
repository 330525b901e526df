// The operating system: Linux and other POSIX systems. platform_windows.cpp is its counterpart,
// platform_files.cpp has the files.
#ifndef _WIN32

#include "core/platform.h"

#include "core/error.h"

#include <atomic>
#include <cstdlib>

#ifndef CASD_STATIC
#include <dlfcn.h>
#endif
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace casd {

std::uint64_t process_generation() {
  static std::atomic<std::uint64_t> generation{0};
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++generation; });
  (void)registered;
  return generation.load(std::memory_order_relaxed);
}

void touch_pages(void* memory, std::size_t size) noexcept {
#ifdef MADV_POPULATE_WRITE
  constexpr std::size_t worthwhile = 65536;
  if (size < worthwhile) return;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (address + page - 1) / page * page;
  const std::uintptr_t last = (address + size) / page * page;
  // Fails on kernels before 5.14, and changes nothing then.
  if (last > first)
    (void)::madvise(static_cast<char*>(memory) + (first - address), last - first,
                    MADV_POPULATE_WRITE);
#else
  (void)memory;
  (void)size;
#endif
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string join_path(const std::string& folder, const std::string& name) {
  return folder + "/" + name;
}

char path_list_separator() { return ':'; }

std::string plugin_file_name(const std::string& name) { return "libcasd_" + name + ".so"; }

#ifdef CASD_STATIC

// A static libcasd has no folder of its own and no need of the dynamic loader.
std::string own_folder() { return "."; }

void* load_symbol(const std::string&, const char*, std::string& why) {
  why = "a static libcasd loads no plug-ins";
  return nullptr;
}

#else

std::string own_folder() {
  Dl_info info;
  if (::dladdr(reinterpret_cast<void*>(&own_folder), &info) == 0 || !info.dli_fname) return ".";
  const std::string path = info.dli_fname;
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

void* load_symbol(const std::string& path, const char* symbol, std::string& why) {
  // RTLD_LOCAL keeps LibTorch's and HDF5's symbols out of the host's name space.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* text = ::dlerror();
    why = text ? text : "cannot be loaded";
    return nullptr;
  }
  void* address = ::dlsym(library, symbol);
  if (!address) why = text("has no ", symbol);
  return address;
}

#endif

}  // namespace casd

#endif
