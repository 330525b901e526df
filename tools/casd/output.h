// Standard output and input. Results are printed through these functions only, so that lost output
// is an error.
#pragma once

#include <string>

namespace program {

/// Formats as printf() does. Throws Failure when a write fails, as all functions of this file.
void print(const char* format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;
void print_text(const std::string& text);

/// All of standard input.
std::string read_input();

/// Flushes and closes standard output. A command that did not get here did not succeed.
void finish_output();

}  // namespace program
