#include "core/platform.h"

#include "core/error.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#ifndef CASD_STATIC
#include <dlfcn.h>
#endif
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace casd {

#ifdef _WIN32
namespace {

std::wstring wide(const std::string& utf8) {
  const int size = MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, nullptr, 0);
  std::wstring out(static_cast<std::size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, &out[0], size);
  out.resize(static_cast<std::size_t>(size > 0 ? size - 1 : 0));
  return out;
}

std::string narrow(const std::wstring& text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text.c_str(), -1, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.c_str(), -1, &out[0], size, nullptr, nullptr);
  out.resize(static_cast<std::size_t>(size > 0 ? size - 1 : 0));
  return out;
}

std::string reason() {
  const DWORD code = GetLastError();
  wchar_t buffer[512];
  const DWORD size =
      FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                     buffer, static_cast<DWORD>(sizeof buffer / sizeof *buffer), nullptr);
  std::string out = narrow(std::wstring(buffer, size));
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r' || out.back() == '.'))
    out.pop_back();
  return out.empty() ? text("error ", code) : out;
}

/// Closes on every way out.
struct Handle {
  HANDLE value;
  ~Handle() {
    if (value != INVALID_HANDLE_VALUE) CloseHandle(value);
  }
};

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t most) {
  Handle file{CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                          FILE_ATTRIBUTE_NORMAL, nullptr)};
  if (file.value == INVALID_HANDLE_VALUE) fail(CASD_ERROR_IO, path, ": ", reason());
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file.value, &size)) fail(CASD_ERROR_IO, path, ": ", reason());
  std::vector<std::uint8_t> bytes(std::min(most, static_cast<std::size_t>(size.QuadPart)));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t left = bytes.size() - at;
    DWORD done = 0;
    const auto part = static_cast<DWORD>(left > (1u << 30) ? (1u << 30) : left);
    if (!ReadFile(file.value, bytes.data() + at, part, &done, nullptr))
      fail(CASD_ERROR_IO, path, ": ", reason());
    if (done == 0) break;
    at += done;
  }
  bytes.resize(at);
  return bytes;
}

void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes) {
  const std::string temporary = text(path, ".tmp-", GetCurrentProcessId());
  std::string failure;
  {
    Handle file{CreateFileW(wide(temporary).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                            FILE_ATTRIBUTE_NORMAL, nullptr)};
    if (file.value == INVALID_HANDLE_VALUE)
      fail(CASD_ERROR_IO, path, " cannot be written: ", reason());
    std::size_t at = 0;
    while (at < bytes.size() && failure.empty()) {
      const std::size_t left = bytes.size() - at;
      const auto part = static_cast<DWORD>(left > (1u << 30) ? (1u << 30) : left);
      DWORD done = 0;
      if (!WriteFile(file.value, bytes.data() + at, part, &done, nullptr)) failure = reason();
      at += done;
    }
    if (failure.empty() && !FlushFileBuffers(file.value)) failure = reason();
  }
  if (failure.empty() && !MoveFileExW(wide(temporary).c_str(), wide(path).c_str(),
                                      MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
    failure = reason();
  if (!failure.empty()) {
    DeleteFileW(wide(temporary).c_str());
    fail(CASD_ERROR_IO, path, " cannot be written: ", failure);
  }
}

std::uint64_t process_generation() { return 0; }

std::string environment(const char* name) {
  const wchar_t* value = _wgetenv(wide(name).c_str());
  return value ? narrow(value) : std::string();
}

std::string own_folder() {
  HMODULE module = nullptr;
  GetModuleHandleExW(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      reinterpret_cast<LPCWSTR>(&own_folder), &module);
  std::wstring buffer(32768, L'\0');
  buffer.resize(GetModuleFileNameW(module, &buffer[0], static_cast<DWORD>(buffer.size())));
  const std::string path = narrow(buffer);
  const std::size_t slash = path.find_last_of("\\/");
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string join_path(const std::string& folder, const std::string& name) {
  return folder + "\\" + name;
}

char path_list_separator() { return ';'; }

std::string plugin_file_name(const std::string& name) { return "casd_" + name + ".dll"; }

void* load_symbol(const std::string& path, const char* symbol, std::string& why) {
  HMODULE module = LoadLibraryW(wide(path).c_str());
  if (!module) {
    why = reason();
    return nullptr;
  }
  auto* address = reinterpret_cast<void*>(GetProcAddress(module, symbol));
  if (!address) why = text("has no ", symbol);
  return address;
}

#else

namespace {

std::string reason() { return std::strerror(errno); }

/// Closes on every way out.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t most) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) fail(CASD_ERROR_IO, path, ": ", reason());
  struct stat info;
  if (::fstat(file.value, &info) != 0) fail(CASD_ERROR_IO, path, ": ", reason());
  if (S_ISDIR(info.st_mode)) fail(CASD_ERROR_IO, path, ": is a folder");
  std::vector<std::uint8_t> bytes(std::min(most, static_cast<std::size_t>(info.st_size)));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t done = ::read(file.value, bytes.data() + at, bytes.size() - at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(CASD_ERROR_IO, path, ": ", reason());
    if (done == 0) break;  // it shrank while it was read: the format's checks will tell
    at += static_cast<std::size_t>(done);
  }
  bytes.resize(at);
  return bytes;
}

void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes) {
  const std::string temporary = text(path, ".tmp-", ::getpid());
  std::string failure;
  {
    Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (file.value < 0) fail(CASD_ERROR_IO, path, " cannot be written: ", reason());
    std::size_t at = 0;
    while (at < bytes.size() && failure.empty()) {
      const ssize_t done = ::write(file.value, bytes.data() + at, bytes.size() - at);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0)
        failure = reason();
      else
        at += static_cast<std::size_t>(done);
    }
    if (failure.empty() && ::fsync(file.value) != 0) failure = reason();
  }
  if (failure.empty() && ::rename(temporary.c_str(), path.c_str()) != 0) failure = reason();
  if (!failure.empty()) {
    ::unlink(temporary.c_str());
    fail(CASD_ERROR_IO, path, " cannot be written: ", failure);
  }
  // The rename itself lasts only once the folder is on disk; some file systems cannot sync one.
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Descriptor directory{::open(folder.c_str(), O_RDONLY | O_CLOEXEC)};
  if (directory.value >= 0) ::fsync(directory.value);
}

std::uint64_t process_generation() {
  static std::atomic<std::uint64_t> generation{0};
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++generation; });
  (void)registered;
  return generation.load(std::memory_order_relaxed);
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
#endif

}  // namespace casd
