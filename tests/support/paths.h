// Folders that tests read from. Only paths.cpp is compiled with them, so that object files of all
// checkouts are alike for a compiler cache.
#pragma once

#include <string>

namespace casd::test {

/// The root of the repository.
std::string source_folder();
/// A path in the folder for temporary files that no other run of a test uses.
std::string temporary_path(const std::string& name);
/// Plug-ins of another version, made by the build of the tests.
std::string wrong_plugins_folder();

}  // namespace casd::test
