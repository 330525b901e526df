// The operating system: Windows. platform_posix.cpp is its counterpart.
#ifdef _WIN32

#include "core/platform.h"

#include "core/error.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

namespace casd {
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

constexpr std::size_t largest_part = std::size_t{1} << 30;  // bytes of one system call

/// Reads at most `most` bytes from the present place, in pieces, as the size may be unknown.
std::vector<std::uint8_t> read_all(HANDLE file, std::size_t most, const std::string& name) {
  std::vector<std::uint8_t> bytes;
  std::size_t at = 0;
  while (at < most) {
    bytes.resize(std::min(most, std::max<std::size_t>(2 * at, 65536)));
    DWORD done = 0;
    const auto part = static_cast<DWORD>(std::min(bytes.size() - at, largest_part));
    if (!ReadFile(file, bytes.data() + at, part, &done, nullptr)) {
      if (GetLastError() == ERROR_BROKEN_PIPE) break;  // the writer has closed its end
      fail(CASD_ERROR_IO, name, ": ", reason());
    }
    if (done == 0) break;
    at += done;
  }
  bytes.resize(at);
  return bytes;
}

/// Empty on success, else the reason.
std::string write_all(HANDLE file, Span<const std::uint8_t> bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    DWORD done = 0;
    const auto part = static_cast<DWORD>(std::min(bytes.size() - at, largest_part));
    if (!WriteFile(file, bytes.data() + at, part, &done, nullptr)) return reason();
    at += done;
  }
  return "";
}

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t most) {
  Handle file{CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                          FILE_ATTRIBUTE_NORMAL, nullptr)};
  if (file.value == INVALID_HANDLE_VALUE) fail(CASD_ERROR_IO, path, ": ", reason());
  if (GetFileType(file.value) != FILE_TYPE_DISK)
    fail(CASD_ERROR_IO, path, ": is not a regular file");
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file.value, &size)) fail(CASD_ERROR_IO, path, ": ", reason());
  return read_all(file.value, std::min(most, static_cast<std::size_t>(size.QuadPart)), path);
}

std::vector<std::uint8_t> read_standard_input() {
  return read_all(GetStdHandle(STD_INPUT_HANDLE), static_cast<std::size_t>(-1), "standard input");
}

void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes) {
  constexpr int attempts = 100;
  std::random_device random;
  Handle file{INVALID_HANDLE_VALUE};
  std::string temporary;
  for (int i = 0; i < attempts && file.value == INVALID_HANDLE_VALUE; ++i) {
    char suffix[32];
    std::snprintf(suffix, sizeof suffix, ".tmp-%08x%08x", random(), random());
    temporary = path + suffix;
    file.value = CreateFileW(wide(temporary).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW,
                             FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file.value == INVALID_HANDLE_VALUE && GetLastError() != ERROR_FILE_EXISTS) break;
  }
  if (file.value == INVALID_HANDLE_VALUE)
    fail(CASD_ERROR_IO, path, " cannot be written: ", reason());
  std::string failure = write_all(file.value, bytes);
  if (failure.empty() && !FlushFileBuffers(file.value)) failure = reason();
  CloseHandle(file.value);
  file.value = INVALID_HANDLE_VALUE;
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

}  // namespace casd

#endif
