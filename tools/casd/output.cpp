#include "output.h"

#include "common.h"
#include "terminal.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace program {
namespace {

void require_written(bool written) {
  if (!written)
    throw Failure(std::string("the output could not be written: ") + std::strerror(errno));
}

}  // namespace

void print(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const int written = std::vprintf(format, arguments);
  va_end(arguments);
  require_written(written >= 0);
}

void print_text(const std::string& text) {
  require_written(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

std::string read_input() {
  set_input_binary();
  std::string out;
  char buffer[65536];
  for (;;) {
    const std::size_t count = std::fread(buffer, 1, sizeof buffer, stdin);
    out.append(buffer, count);
    if (count < sizeof buffer) break;
  }
  if (std::ferror(stdin))
    throw Failure(std::string("standard input could not be read: ") + std::strerror(errno));
  return out;
}

void finish_output() {
  require_written(std::fflush(stdout) == 0 && std::ferror(stdout) == 0);
  // Some file systems report a full disk only here.
  require_written(std::fclose(stdout) == 0);
}

}  // namespace program
