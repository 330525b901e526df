// The operating system: Windows. platform_posix.cpp is its counterpart.
#ifdef _WIN32

#define _CRT_RAND_S  // rand_s()

#include "core/platform.h"

#include "core/error.h"
#include "core/temporary_name.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

namespace casd {
namespace {

constexpr int most_attempts = 100;  // to find a free name, and to replace a file that is in use
constexpr DWORD pause = 10;         // milliseconds between them
constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

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

std::string reason(DWORD code = GetLastError()) {
  wchar_t buffer[512];
  const DWORD size =
      FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                     buffer, static_cast<DWORD>(sizeof buffer / sizeof *buffer), nullptr);
  std::string out = narrow(std::wstring(buffer, size));
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r' || out.back() == '.'))
    out.pop_back();
  return out.empty() ? text("error ", code) : out;
}

/// A handle that is closed at the end of its scope.
struct Handle {
  explicit Handle(HANDLE opened) : value(opened) {}
  ~Handle() {
    if (is_open()) CloseHandle(value);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  bool is_open() const { return value != INVALID_HANDLE_VALUE; }
  HANDLE release() { return std::exchange(value, INVALID_HANDLE_VALUE); }
  HANDLE value;
};

DWORD part_of(std::size_t size) {
  return static_cast<DWORD>(std::min<std::size_t>(size, std::size_t{1} << 30));
}

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  fail(CASD_ERROR_IO, path, " cannot be written: ", why);
}

/// "" or the reason of the failure.
std::string write_all(HANDLE file, Span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    DWORD done = 0;
    if (!WriteFile(file, bytes.data() + at, part_of(bytes.size() - at), &done, nullptr))
      return reason();
    at += done;
  }
  return "";
}

/// What the links of `path` lead to; `path` itself if there is no such file. Sets `is_direct` for a
/// device or a pipe.
std::wstring follow_links(const std::string& path, bool& is_direct) {
  const std::wstring name = wide(path);
  is_direct = false;
  const Handle file(CreateFileW(name.c_str(), 0, share_all, nullptr, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!file.is_open()) return name;
  if (GetFileType(file.value) != FILE_TYPE_DISK) {
    is_direct = true;
    return name;
  }
  BY_HANDLE_FILE_INFORMATION info;
  if (GetFileInformationByHandle(file.value, &info) &&
      (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
    cannot_write(path, "it is a folder");
  std::wstring target(32768, L'\0');
  const DWORD size =
      GetFinalPathNameByHandleW(file.value, &target[0], static_cast<DWORD>(target.size()), 0);
  if (size == 0 || size >= target.size()) return name;
  target.resize(size);
  return target;
}

void write_directly(const std::string& path, Span<const std::uint8_t> bytes) {
  const Handle file(CreateFileW(wide(path).c_str(), GENERIC_WRITE, share_all, nullptr,
                                OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.is_open()) cannot_write(path, reason());
  const std::string failure = write_all(file.value, bytes);
  if (!failure.empty()) cannot_write(path, failure);
}

std::uint64_t random_number(const std::string& path) {
  unsigned int high = 0, low = 0;
  if (rand_s(&high) != 0 || rand_s(&low) != 0)
    cannot_write(path, "the system gives no random numbers");
  return static_cast<std::uint64_t>(high) << 32 | low;
}

/// Removes leftovers of writers that were killed: a day old and not open. A living writer has its
/// file open without sharing it.
void remove_leftovers(const std::wstring& folder, const std::string& name) {
  WIN32_FIND_DATAW entry;
  const HANDLE search = FindFirstFileW((folder + L".*").c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) return;
  FILETIME now_parts;
  GetSystemTimeAsFileTime(&now_parts);
  const auto ticks = [](const FILETIME& time) {
    return static_cast<std::uint64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
  };
  const std::uint64_t now = ticks(now_parts), day = std::uint64_t{24 * 60 * 60} * 10000000;
  do {
    if (temporary_origin(narrow(entry.cFileName), name, 0) != TemporaryOrigin::none &&
        (entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 &&
        ticks(entry.ftLastWriteTime) + day < now)
      DeleteFileW((folder + entry.cFileName).c_str());
  } while (FindNextFileW(search, &entry));
  FindClose(search);
}

/// Puts the finished file in the target's place. ReplaceFileW() keeps the target's permissions.
/// Readers and other writers have the target open for moments, so it is tried again.
std::string replace(const std::wstring& temporary, const std::wstring& target) {
  DWORD code = 0;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (ReplaceFileW(target.c_str(), temporary.c_str(), nullptr, 0, nullptr, nullptr)) return "";
    code = GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_INVALID_PARAMETER ||
        code == ERROR_NOT_SUPPORTED) {  // there is no target yet, or a file system without it
      if (MoveFileExW(temporary.c_str(), target.c_str(),
                      MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        return "";
      code = GetLastError();
    }
    if (code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED &&
        code != ERROR_UNABLE_TO_REMOVE_REPLACED && code != ERROR_UNABLE_TO_MOVE_REPLACEMENT)
      break;
    Sleep(pause);
  }
  return reason(code);
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  Handle file(CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE,
                          nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.is_open()) fail(CASD_ERROR_IO, path, ": ", reason());
  if (GetFileType(file.value) != FILE_TYPE_DISK)
    fail(CASD_ERROR_IO, path, ": is not a regular file");
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file.value, &size)) fail(CASD_ERROR_IO, path, ": ", reason());
  size_ = static_cast<std::size_t>(size.QuadPart);
  handle_ = reinterpret_cast<std::intptr_t>(file.release());
}

InputFile::~InputFile() { CloseHandle(reinterpret_cast<HANDLE>(handle_)); }

std::size_t InputFile::read(void* to, std::size_t count) {
  std::size_t at = 0;
  while (at < count) {
    DWORD done = 0;
    if (!ReadFile(reinterpret_cast<HANDLE>(handle_), static_cast<std::uint8_t*>(to) + at,
                  part_of(count - at), &done, nullptr))
      fail(CASD_ERROR_IO, path_, ": ", reason());
    if (done == 0) break;
    at += done;
  }
  return at;
}

void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes) {
  bool is_direct = false;
  const std::wstring target = follow_links(path, is_direct);
  if (is_direct) return write_directly(path, bytes);
  const std::size_t slash = target.find_last_of(L"\\/");
  const std::wstring folder = slash == std::wstring::npos ? L"" : target.substr(0, slash + 1);
  const std::string name = narrow(slash == std::wstring::npos ? target : target.substr(slash + 1));
  if (name.empty()) cannot_write(path, "it is not the name of a file");

  remove_leftovers(folder, name);
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const std::wstring temporary = folder + wide(temporary_name(name, 0, random_number(path)));
    std::string failure;
    {
      const Handle file(CreateFileW(temporary.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW,
                                    FILE_ATTRIBUTE_NORMAL, nullptr));
      if (!file.is_open() && GetLastError() == ERROR_FILE_EXISTS) continue;
      if (!file.is_open()) cannot_write(path, reason());
      failure = write_all(file.value, bytes);
      if (failure.empty() && !FlushFileBuffers(file.value)) failure = reason();
    }
    if (failure.empty()) failure = replace(temporary, target);
    if (failure.empty()) return;
    DeleteFileW(temporary.c_str());
    cannot_write(path, failure);
  }
  cannot_write(path, "there is no free name for a temporary file");
}

std::uint64_t process_generation() { return 0; }  // there is no fork()

void touch_pages(void*, std::size_t) noexcept {}

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
