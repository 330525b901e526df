// Folders that tests read from. Only paths.cpp is compiled with them, so that a compiler cache can
// share the other object files between checkouts.
#pragma once

#include <string>

namespace casd::test {

/// The root of the repository.
std::string source_folder();
/// A path in the folder for temporary files that no other run of a test uses.
std::string temporary_path(const std::string& name);
/// A folder of plug-ins made by the build of the tests: "wrong" (of another version, or none at all) or
/// "incomplete" (one that needs a library which is not found).
std::string plugins_folder(const std::string& kind);

}  // namespace casd::test
