// Files on POSIX systems: reading, and writing as a whole or not at all.
#ifndef _WIN32

#include "core/error.h"
#include "core/platform.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>

namespace casd {
namespace {

constexpr int most_links = 40;      // as Linux counts before it reports ELOOP
constexpr int name_attempts = 100;  // of finding a temporary name that is free
constexpr std::size_t random_digits = 16;
constexpr const char* temporary_mark = ".tmp-";

std::string reason() { return std::strerror(errno); }

[[noreturn]] void fail_write(const std::string& path, const std::string& why) {
  fail(CASD_ERROR_IO, path, " cannot be written: ", why);
}

/// Closes on every way out.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  bool open() const { return value_ >= 0; }
  void reset(int value) {
    close();
    value_ = value;
  }
  int close() {
    const int status = value_ >= 0 ? ::close(value_) : 0;
    value_ = -1;
    return status;
  }

 private:
  int value_;
};

/// Reads until the end or `most` bytes; the size need not be known.
std::vector<std::uint8_t> read_all(int file, std::size_t expected, std::size_t most,
                                   const std::string& name) {
  constexpr std::size_t least_piece = 65536;
  std::vector<std::uint8_t> bytes(std::min(expected, most));
  std::size_t at = 0;
  for (;;) {
    if (at == bytes.size()) {
      if (at >= most || (expected > 0 && at >= expected)) break;
      bytes.resize(std::min(most, std::max(2 * at, least_piece)));
    }
    const ssize_t done = ::read(file, bytes.data() + at, bytes.size() - at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(CASD_ERROR_IO, name, ": ", reason());
    if (done == 0) break;  // a file that shrank meanwhile: the format's checks will tell
    at += static_cast<std::size_t>(done);
  }
  bytes.resize(at);
  return bytes;
}

/// Empty on success, else the reason.
std::string write_all(int file, Span<const std::uint8_t> bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t done = ::write(file, bytes.data() + at, bytes.size() - at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return reason();
    at += static_cast<std::size_t>(done);
  }
  return "";
}

/// A path's folder, with its final slash ("" for the working directory), and the name in it.
struct SplitPath {
  explicit SplitPath(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash != std::string::npos) folder = path.substr(0, slash + 1);
    name = path.substr(folder.size());
  }
  std::string folder, name;
};

/// The path with symbolic links of its last part followed, also those that lead to nothing yet.
std::string follow_links(std::string path) {
  for (int i = 0; i < most_links; ++i) {
    struct stat info;
    if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return path;
    std::string target(4096, '\0');
    const ssize_t size = ::readlink(path.c_str(), &target[0], target.size());
    if (size < 0) fail_write(path, reason());
    target.resize(static_cast<std::size_t>(size));
    path = target.empty() || target[0] != '/' ? SplitPath(path).folder + target : target;
  }
  fail_write(path, "too many symbolic links");
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Keeps a pipe whose reader is gone from ending the process: the write fails with EPIPE instead.
class BrokenPipeScope {
 public:
  BrokenPipeScope() {
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BrokenPipeScope() {
    // A signal that this scope caused is taken back; one that was pending before stays.
    const timespec none{0, 0};
    if (!was_pending_)
      while (::sigtimedwait(&pipe_, nullptr, &none) < 0 && errno == EINTR) continue;
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BrokenPipeScope(const BrokenPipeScope&) = delete;
  BrokenPipeScope& operator=(const BrokenPipeScope&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

/// Writes into what exists: a pipe, a terminal, a device.
void write_in_place(const std::string& path, Span<const std::uint8_t> bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.open()) fail_write(path, reason());
  const BrokenPipeScope no_signal;
  std::string failure = write_all(file.get(), bytes);
  if (file.close() != 0 && failure.empty()) failure = reason();
  if (!failure.empty()) fail_write(path, failure);
}

bool is_temporary_of(const std::string& name, const std::string& entry) {
  const std::string begin = name + temporary_mark;
  return entry.size() == begin.size() + random_digits &&
         entry.compare(0, begin.size(), begin) == 0 &&
         entry.find_first_not_of("0123456789abcdef", begin.size()) == std::string::npos;
}

/// Removes temporary files of the same target whose writer has died. A living writer holds a lock on
/// its file; where the file system has no locks nothing is removed.
void remove_leftovers(const SplitPath& target) {
  DIR* folder = ::opendir(target.folder.empty() ? "." : target.folder.c_str());
  if (!folder) return;
  while (const dirent* entry = ::readdir(folder)) {
    if (!is_temporary_of(target.name, entry->d_name)) continue;
    const std::string path = target.folder + entry->d_name;
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info;
    if (file.open() && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_uid == ::geteuid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0)
      ::unlink(path.c_str());
  }
  ::closedir(folder);
}

/// Creates a file under a new random name beside the target and locks it, so that no other writer
/// takes it for a leftover.
std::string create_temporary(Descriptor& file, const SplitPath& target, mode_t mode) {
  std::random_device random;
  for (int i = 0; i < name_attempts; ++i) {
    char digits[random_digits + 1];
    std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
    const std::string path = target.folder + target.name + temporary_mark + digits;
    file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.open()) {
      if (errno == EEXIST) continue;
      fail_write(target.folder + target.name, reason());
    }
    struct stat info;
    const bool locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
    // Another writer may have removed the file between its creation and the lock.
    if ((locked || errno != EWOULDBLOCK) && ::fstat(file.get(), &info) == 0 && info.st_nlink > 0)
      return path;
  }
  fail_write(target.folder + target.name, "no free temporary name");
}

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t most) {
  // Without O_NONBLOCK opening a FIFO waits for a writer, perhaps for ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.open()) fail(CASD_ERROR_IO, path, ": ", reason());
  struct stat info;
  if (::fstat(file.get(), &info) != 0) fail(CASD_ERROR_IO, path, ": ", reason());
  if (S_ISDIR(info.st_mode)) fail(CASD_ERROR_IO, path, ": is a folder");
  if (!S_ISREG(info.st_mode)) fail(CASD_ERROR_IO, path, ": is not a regular file");
  return read_all(file.get(), static_cast<std::size_t>(info.st_size), most, path);
}

std::vector<std::uint8_t> read_standard_input() {
  return read_all(STDIN_FILENO, 0, static_cast<std::size_t>(-1), "standard input");
}

void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes) {
  struct stat there;
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode)) fail_write(path, "it is a folder");
  if (exists && !S_ISREG(there.st_mode)) {
    write_in_place(path, bytes);
    return;
  }
  const std::string resolved = follow_links(path);
  struct stat at_end;
  // A link of /proc does not name its file, e.g. /dev/stdout with the output in a deleted file.
  if (exists && (::stat(resolved.c_str(), &at_end) != 0 || !same_file(there, at_end))) {
    write_in_place(path, bytes);
    return;
  }
  const SplitPath target(resolved);
  remove_leftovers(target);
  Descriptor file;
  const std::string temporary = create_temporary(file, target, exists ? 0600 : 0666);
  std::string failure;
  if (exists) {
    // Owner first: changing it clears mode bits. Only root may give a file away.
    if (::fchown(file.get(), there.st_uid, there.st_gid) != 0 && there.st_uid == ::geteuid())
      (void)!::fchown(file.get(), static_cast<uid_t>(-1), there.st_gid);
    if (::fchmod(file.get(), there.st_mode & 07777) != 0) failure = reason();
  }
  if (failure.empty()) failure = write_all(file.get(), bytes);
  if (failure.empty() && ::fsync(file.get()) != 0) failure = reason();
  if (failure.empty() && ::rename(temporary.c_str(), resolved.c_str()) != 0) failure = reason();
  if (!failure.empty()) {
    ::unlink(temporary.c_str());
    fail_write(path, failure);
  }
  // The rename itself is durable only once the folder is on disk; some file systems cannot sync one.
  const Descriptor folder(
      ::open(target.folder.empty() ? "." : target.folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (folder.open()) ::fsync(folder.get());
}

}  // namespace casd

#endif
