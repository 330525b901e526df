// Every call into the operating system. Paths are UTF-8 on all systems.
#pragma once

#include "core/span.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace casd {

/// A file that is read from its beginning on.
class InputFile {
 public:
  /// Throws IO with path and reason, also for what is not a regular file (reading a pipe could block).
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// When it was opened; 0 if the system does not know it, as in /proc.
  std::size_t size() const { return size_; }
  /// Reads the next bytes, as many as there are; returns their number, which is less than `count` only
  /// at the end of the file. Throws IO.
  std::size_t read(void* to, std::size_t count);

 private:
  const std::string path_;
  std::intptr_t handle_;  // of the operating system
  std::size_t size_ = 0;
};

/// The whole file, or its first `most` bytes. Throws IO as InputFile does.
std::vector<std::uint8_t> read_file(const std::string& path,
                                    std::size_t most = static_cast<std::size_t>(-1));

/// Asks for the memory's pages at once, where the system can do that: less than a fault for each page
/// that is touched. Its content does not change.
void touch_pages(void* memory, std::size_t size) noexcept;

/// Zeros, for large arrays that are filled at once.
template <class T, class Allocator = std::allocator<T>>
std::vector<T, Allocator> touched_vector(std::size_t count) {
  std::vector<T, Allocator> out;
  out.reserve(count);
  touch_pages(out.data(), count * sizeof(T));
  out.resize(count);
  return out;
}

/// Replaces the file as a whole or not at all: a temporary file with a random name beside it, write,
/// sync, rename, sync of the folder. Several threads and processes may write one path at once; a reader
/// sees one of the files. Symbolic links of the target are followed, its permissions are kept, and
/// temporary files that a killed writer left are removed. What is not a regular file (a pipe, a
/// terminal, a device) and an open descriptor (/dev/stdout, /dev/fd/3) are written directly. On failure
/// the old file stays. Throws IO.
void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes);

/// Grows by one in the child of each fork(), so that what depends on threads can notice it.
std::uint64_t process_generation();

/// "" if it is not set.
std::string environment(const char* name);

/// The folder of the library (or program) that this code was linked into.
std::string own_folder();

std::string join_path(const std::string& folder, const std::string& name);

/// The separator of lists of folders (':' or ';').
char path_list_separator();

/// The file name of a plug-in: "libcasd_torch.so", "casd_torch.dll".
std::string plugin_file_name(const std::string& name);

/// Loads a library and keeps it for the life of the process; returns the symbol's address, or NULL
/// with the reason in `reason`.
void* load_symbol(const std::string& path, const char* symbol, std::string& reason);

}  // namespace casd
