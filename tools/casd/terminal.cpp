#include "terminal.h"

#include <atomic>
#include <csignal>
#include <cstdio>

#ifdef _WIN32
#include <direct.h>
#include <io.h>
#else
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace program {
namespace {

// A signal handler can reach nothing else.
std::atomic<void (*)(void*)> stopper{nullptr};
std::atomic<void*> stopper_argument{nullptr};
volatile std::sig_atomic_t seen = 0;

void handle(int signal) {
  std::signal(signal, SIG_DFL);
  seen = 1;
  if (const auto stop = stopper.load()) stop(stopper_argument.load());
}

}  // namespace

bool stderr_is_terminal() {
#ifdef _WIN32
  return _isatty(_fileno(stderr)) != 0;
#else
  return isatty(STDERR_FILENO) != 0;
#endif
}

void on_interrupt(void (*stop)(void*), void* argument) {
  stopper_argument.store(argument);
  stopper.store(stop);
  std::signal(SIGINT, handle);
  std::signal(SIGTERM, handle);
}

bool interrupted() { return seen != 0; }

bool exists(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file) std::fclose(file);
  return file != nullptr;
}

bool make_folder(const char* path) {
#ifdef _WIN32
  return _mkdir(path) == 0 || _access(path, 0) == 0;
#else
  struct stat info;
  return mkdir(path, 0777) == 0 || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
#endif
}

void remove_file(const char* path) { std::remove(path); }

}  // namespace program
