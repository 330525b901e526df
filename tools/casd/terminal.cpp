#include "terminal.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace program {
namespace {

namespace fs = std::filesystem;

// A signal handler can reach nothing else.
std::atomic<void (*)(void*)> stopper{nullptr};
std::atomic<void*> stopper_argument{nullptr};

void handle(int signal) {
  std::signal(signal, SIG_DFL);
  if (const auto stop = stopper.load()) stop(stopper_argument.load());
}

constexpr int usual_columns = 80;

#ifdef _WIN32

int columns(std::FILE* stream, DWORD handle) {
  if (_isatty(_fileno(stream)) == 0) return 0;
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (!GetConsoleScreenBufferInfo(GetStdHandle(handle), &info)) return usual_columns;
  return info.srWindow.Right - info.srWindow.Left + 1;
}

#else

int columns(int descriptor) {
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return usual_columns;
}

#endif

}  // namespace

#ifdef _WIN32

void reserve_standard_streams() {}

void set_input_binary() { _setmode(_fileno(stdin), _O_BINARY); }

int output_columns() { return columns(stdout, STD_OUTPUT_HANDLE); }

int error_columns() { return columns(stderr, STD_ERROR_HANDLE); }

#else

void reserve_standard_streams() {
  // The lowest free number is given to the next file, so that each open() fills the one tested.
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(descriptor, F_GETFD) == -1 &&
        open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
      return;
}

void set_input_binary() {}

int output_columns() { return columns(STDOUT_FILENO); }

int error_columns() { return columns(STDERR_FILENO); }

#endif

bool can_redraw() {
  const char* terminal = std::getenv("TERM");
  return error_columns() > 0 && std::string(terminal ? terminal : "") != "dumb";
}

void on_interrupt(void (*stop)(void*), void* argument) {
  stopper_argument.store(argument);
  stopper.store(stop);
  std::signal(SIGINT, handle);
  std::signal(SIGTERM, handle);
}

PathKind path_kind(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(fs::u8path(path), error);
  if (!fs::exists(status)) return PathKind::missing;
  if (fs::is_directory(status)) return PathKind::folder;
  return fs::is_regular_file(status) ? PathKind::file : PathKind::other;
}

bool parent_is_writable(const std::string& path) {
  const fs::path folder = fs::u8path(path).parent_path();
  std::error_code error;
  if (!fs::is_directory(folder.empty() ? fs::path(".") : folder, error)) return false;
#ifdef _WIN32
  return true;
#else
  return access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0;
#endif
}

std::string read_head(const std::string& path, std::size_t most) {
  std::ifstream file(fs::u8path(path), std::ios::binary);
  std::string head(most, '\0');
  file.read(head.data(), static_cast<std::streamsize>(most));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

void remove_file(const std::string& path) {
  std::error_code error;
  fs::remove(fs::u8path(path), error);
}

}  // namespace program
