// Files on POSIX systems: reading, and writing as a whole or not at all.
#ifndef _WIN32

#include "core/platform.h"

#include "core/crc32.h"
#include "core/error.h"
#include "core/temporary_name.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace casd {
namespace {

constexpr int most_links = 40;      // the limit of Linux
constexpr int most_attempts = 100;  // to find a free name
constexpr std::time_t old_enough = 24 * 60 * 60;

/// In English, whatever the host's locale.
std::string reason(int error = errno) {
#ifdef __linux__
  static const locale_t english = ::newlocale(LC_ALL_MASK, "C", locale_t{});
  if (english != locale_t{}) return ::strerror_l(error, english);
#endif
  return std::strerror(error);
}

/// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }
  bool is_open() const { return value_ >= 0; }

 private:
  int value_;
};

struct Path {
  explicit Path(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    folder = slash == std::string::npos ? "./" : path.substr(0, slash + 1);
    name = slash == std::string::npos ? path : path.substr(slash + 1);
  }
  std::string folder;  // with its final slash
  std::string name;
};

// ---- Writing -------------------------------------------------------------------------------------

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  fail(CASD_ERROR_IO, path, " cannot be written: ", why);
}

/// "" or the reason of the failure.
std::string write_all(int file, Span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t done = ::write(file, bytes.data() + at, bytes.size() - at);
    if (done < 0 && errno != EINTR) return reason();
    if (done > 0) at += static_cast<std::size_t>(done);
  }
  return "";
}

/// The descriptor that names such as "/dev/stdout" and "/dev/fd/3" denote, else -1.
int named_descriptor(const std::string& path) {
  if (path == "/dev/stdin") return STDIN_FILENO;
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const char* folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::size_t size = std::strlen(folder);
    if (path.compare(0, size, folder) != 0) continue;
    int number = -1;
    const char* const end = path.data() + path.size();
    const auto result = std::from_chars(path.data() + size, end, number);
    if (result.ec == std::errc() && result.ptr == end && number >= 0) return number;
  }
  return -1;
}

/// The path that the links of `path` lead to, which need not exist; stops at a named descriptor.
std::string follow_links(const std::string& path) {
  std::string at = path;
  for (int links = 0; links < most_links; ++links) {
    struct stat info;
    if (named_descriptor(at) >= 0) return at;
    if (::lstat(at.c_str(), &info) != 0) {
      if (errno == ENOENT) return at;
      cannot_write(path, reason());
    }
    if (!S_ISLNK(info.st_mode)) return at;
    std::string target(static_cast<std::size_t>(info.st_size) + 1, '\0');
    for (;;) {
      const ssize_t size = ::readlink(at.c_str(), &target[0], target.size());
      if (size < 0) cannot_write(path, reason());
      if (static_cast<std::size_t>(size) < target.size()) {
        target.resize(static_cast<std::size_t>(size));
        break;
      }
      target.resize(target.size() * 2);  // it grew, or its size is not known beforehand
    }
    at = target.compare(0, 1, "/") == 0 ? target : Path(at).folder + target;
  }
  cannot_write(path, reason(ELOOP));
}

/// Keeps a write to a pipe without a reader from killing the process with SIGPIPE.
class BrokenPipeGuard {
 public:
  BrokenPipeGuard() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    was_pending_ = is_pending();
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &old_);
  }
  ~BrokenPipeGuard() {
    int signal = 0;
    if (!was_pending_ && is_pending()) ::sigwait(&pipe_, &signal);
    ::pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }
  BrokenPipeGuard(const BrokenPipeGuard&) = delete;
  BrokenPipeGuard& operator=(const BrokenPipeGuard&) = delete;

 private:
  static bool is_pending() {
    sigset_t pending;
    return ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1;
  }
  sigset_t pipe_, old_;
  bool was_pending_;
};

void write_directly(const std::string& path, const std::string& target,
                    Span<const std::uint8_t> bytes) {
  const int number = named_descriptor(target);
  const Descriptor file(number >= 0 ? ::fcntl(number, F_DUPFD_CLOEXEC, 0)
                                    : ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) cannot_write(path, reason());
  std::string failure;
  {
    const BrokenPipeGuard guard;
    failure = write_all(file.get(), bytes);
  }
  if (!failure.empty()) cannot_write(path, failure);
}

/// The same in all processes that share a kernel, another one after a restart.
std::uint32_t system_number() {
  static const std::uint32_t number = [] {
    char text[64];
    const Descriptor file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    const ssize_t size = file.is_open() ? ::read(file.get(), text, sizeof text) : -1;
    return size > 0 ? crc32(text, static_cast<std::size_t>(size)) : 0;
  }();
  return number;
}

std::uint64_t random_number(const std::string& path) {
  std::uint64_t number = 0;
  if (::getentropy(&number, sizeof number) == 0) return number;
  const Descriptor file(::open("/dev/urandom", O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::read(file.get(), &number, sizeof number) != sizeof number)
    cannot_write(path, "the system gives no random numbers");
  return number;
}

/// Removes a leftover of a writer that was killed. A living writer holds a lock on its file. The
/// lock decides for files of this system; on others, which a network file system may show without
/// their locks, a file must also be a day old.
void remove_leftover(const std::string& path, TemporaryOrigin origin) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info;
  if (!file.is_open() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::fstat(file.get(), &info) != 0)
    return;
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || info.st_nlink != 1) return;
  const bool is_old = info.st_mtime < std::time(nullptr) - old_enough;
  if ((origin == TemporaryOrigin::this_system && system_number() != 0) || is_old)
    ::unlink(path.c_str());
}

void remove_leftovers(const Path& target) {
  DIR* folder = ::opendir(target.folder.c_str());
  if (!folder) return;
  try {
    while (const dirent* entry = ::readdir(folder)) {
      if (entry->d_name[0] != '.') continue;
      const TemporaryOrigin origin = temporary_origin(entry->d_name, target.name, system_number());
      if (origin != TemporaryOrigin::none) remove_leftover(target.folder + entry->d_name, origin);
    }
  } catch (...) {
    ::closedir(folder);
    throw;
  }
  ::closedir(folder);
}

/// A new file beside the target, locked, that is removed unless it is moved.
class Temporary {
 public:
  Temporary(const std::string& path, const Path& target, mode_t mode) : file_(-1) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      path_ = target.folder + temporary_name(target.name, system_number(), random_number(path));
      file_ = Descriptor(
          ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
      if (!file_.is_open() && errno == EEXIST) continue;
      if (!file_.is_open()) cannot_write(path, reason());
      // Between open() and flock() another writer can take the file for a leftover: then it holds
      // the lock or has removed the file. A file system without locks gives none to it either.
      const bool is_locked = ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
      struct stat info;
      if (is_locked && ::fstat(file_.get(), &info) == 0 && info.st_nlink > 0) return;
      ::unlink(path_.c_str());
    }
    cannot_write(path, "there is no free name for a temporary file");
  }
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  int descriptor() const { return file_.get(); }
  /// "" or the reason of the failure; afterwards there is nothing to remove.
  std::string move_to(const std::string& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return reason();
    path_.clear();
    return "";
  }

 private:
  std::string path_;
  Descriptor file_;
};

/// Owner and permissions of `old`, as far as the process may set them.
void take_permissions(int file, const struct stat& old) {
  struct stat info;
  if (::fstat(file, &info) != 0) return;
  mode_t mode = old.st_mode & 0777u;
  if (info.st_uid != old.st_uid) (void)!::fchown(file, old.st_uid, static_cast<gid_t>(-1));
  if (info.st_gid != old.st_gid && ::fchown(file, static_cast<uid_t>(-1), old.st_gid) != 0) {
    // Another group: it gets no more than everybody.
    mode = (mode & ~static_cast<mode_t>(S_IRWXG)) | (mode & (mode & S_IRWXO) << 3);
  }
  (void)!::fchmod(file, mode);
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  // O_NONBLOCK: opening a pipe without a writer would hang.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.is_open()) fail(CASD_ERROR_IO, path, ": ", reason());
  struct stat info;
  if (::fstat(file.get(), &info) != 0) fail(CASD_ERROR_IO, path, ": ", reason());
  if (S_ISDIR(info.st_mode)) fail(CASD_ERROR_IO, path, ": is a folder");
  if (!S_ISREG(info.st_mode)) fail(CASD_ERROR_IO, path, ": is not a regular file");
  size_ = static_cast<std::size_t>(info.st_size);
  handle_ = file.release();
}

InputFile::~InputFile() { ::close(static_cast<int>(handle_)); }

std::size_t InputFile::read(void* to, std::size_t count) {
  std::size_t at = 0;
  while (at < count) {
    const ssize_t done =
        ::read(static_cast<int>(handle_), static_cast<std::uint8_t*>(to) + at, count - at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(CASD_ERROR_IO, path_, ": ", reason());
    if (done == 0) break;
    at += static_cast<std::size_t>(done);
  }
  return at;
}

void write_file_atomic(const std::string& path, Span<const std::uint8_t> bytes) {
  const std::string target = follow_links(path);
  if (named_descriptor(target) >= 0) return write_directly(path, target, bytes);
  const Path place(target);
  if (place.name.empty()) cannot_write(path, "it is not the name of a file");
  struct stat old;
  const bool exists = ::stat(target.c_str(), &old) == 0;
  if (!exists && errno != ENOENT) cannot_write(path, reason());
  if (exists && S_ISDIR(old.st_mode)) cannot_write(path, "it is a folder");
  if (exists && !S_ISREG(old.st_mode)) return write_directly(path, target, bytes);

  remove_leftovers(place);
  {
    Temporary temporary(path, place, exists ? old.st_mode & 0777u : 0666u);
    if (exists) take_permissions(temporary.descriptor(), old);
    std::string failure = write_all(temporary.descriptor(), bytes);
    if (failure.empty() && ::fsync(temporary.descriptor()) != 0) failure = reason();
    if (failure.empty()) failure = temporary.move_to(target);
    if (!failure.empty()) cannot_write(path, failure);
  }
  // The rename itself lasts only once the folder is on disk; some file systems cannot sync one.
  const Descriptor folder(::open(place.folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (folder.is_open()) (void)!::fsync(folder.get());
}

}  // namespace casd

#endif
