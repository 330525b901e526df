// What differs between systems: standard streams, terminals, signals, files.
#pragma once

#include <string>

namespace program {

/// Opens the standard streams that the caller closed, in a way that using them fails. Otherwise the
/// next file opened would replace the stream. Call it before anything else.
void reserve_standard_streams();

/// Line ends and other bytes of standard input are read as they are.
void set_input_binary();

/// Columns of the terminal that the stream writes to; 0 if it is no terminal.
int output_columns();
int error_columns();

/// Whether a line on standard error can be drawn again and again (a terminal that is not "dumb").
bool can_redraw();

/// From now on Ctrl-C (and a request to terminate) calls `stop(argument)`, which must be safe in a
/// signal handler; the second one ends the program at once.
void on_interrupt(void (*stop)(void*), void* argument);

enum class PathKind { missing, file, folder, other };
PathKind path_kind(const std::string& path);

/// Whether a file can be created in the folder that the path names.
bool parent_is_writable(const std::string& path);

/// The first bytes of a file, at most `most`; empty if it cannot be read.
std::string read_head(const std::string& path, std::size_t most);

void remove_file(const std::string& path);

}  // namespace program
