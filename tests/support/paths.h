// Folders that tests read from. Only paths.cpp is compiled with them, so that object files of all
// checkouts are alike for a compiler cache.
#pragma once

#include <string>

namespace casd::test {

/// The root of the repository.
std::string source_folder();
/// Plug-ins of another version, made by the build of the tests.
std::string wrong_plugins_folder();

}  // namespace casd::test
