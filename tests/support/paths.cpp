#include "support/paths.h"

#include <gtest/gtest.h>

#include <random>

namespace casd::test {

std::string source_folder() { return CASD_SOURCE_DIR; }

std::string temporary_path(const std::string& name) {
  static const std::string run = std::to_string(std::random_device()());
  return testing::TempDir() + "casd_" + run + "_" + name;
}

std::string wrong_plugins_folder() { return CASD_WRONG_PLUGINS; }

}  // namespace casd::test
