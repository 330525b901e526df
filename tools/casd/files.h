// What exists at a path before a command writes there.
#pragma once

#include <string>

namespace program {

/// `stream`: a device or a pipe. `empty`: a file of no bytes.
enum class Content { missing, empty, model, checkpoint, stream, folder, other };

/// By the file's header; whether the rest is intact is not checked.
Content content_of(const std::string& path);

/// Whether the file is HDF5.
bool is_hdf5(const std::string& path);

/// Whether the file is a .ts file: its first line that is no comment begins with '@'.
bool is_ts(const std::string& path);

/// What a file that is no dataset seems to be and what to do about it, as "\n..."; "" if unknown.
std::string hint_about_data(const std::string& path);

/// Throws Failure unless a file of this content (model, checkpoint) can be written to the path
/// without loss: nothing exists there, or a file of the same content, or an empty one, or a stream.
/// `option` is the command line option that gave the path.
void require_writable(const std::string& option, const std::string& path, Content content);

}  // namespace program
