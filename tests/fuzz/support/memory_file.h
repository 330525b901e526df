// A file that is not written to a disk, for readers that open files themselves. HDF5 asks for its real
// path, which a file without a name does not have.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace casd::fuzz {

class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) {
    const int descriptor = mkstemp(path_);
    if (descriptor < 0) std::abort();
    for (std::size_t done = 0; done < size;) {
      const ssize_t count = write(descriptor, data + done, size - done);
      if (count <= 0) std::abort();
      done += static_cast<std::size_t>(count);
    }
    close(descriptor);
  }
  ~MemoryFile() { unlink(path_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return path_; }

 private:
  char path_[32] = "/dev/shm/casd_fuzz_XXXXXX";
};

}  // namespace casd::fuzz
