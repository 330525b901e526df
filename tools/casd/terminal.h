// What differs between systems: is it a terminal, and Ctrl-C.
#pragma once

namespace program {

/// Whether stderr is a terminal that a progress bar can be drawn on.
bool stderr_is_terminal();

/// From now on Ctrl-C (and a request to terminate) calls `stop(argument)`, which must be safe in a
/// signal handler; the second one ends the program at once.
void on_interrupt(void (*stop)(void*), void* argument);
/// Whether there was one.
bool interrupted();

bool exists(const char* path);
bool make_folder(const char* path);
void remove_file(const char* path);

}  // namespace program
