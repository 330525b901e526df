#include "support/paths.h"

#include <gtest/gtest.h>

#include <random>

namespace casd::test {

std::string source_folder() { return CASD_SOURCE_DIR; }

std::string temporary_path(const std::string& name) {
  static const std::string run = std::to_string(std::random_device()());
  return testing::TempDir() + "casd_" + run + "_" + name;
}

std::string plugins_folder(const std::string& kind) {
  return std::string(CASD_PLUGIN_CASES) + "/" + kind;
}

}  // namespace casd::test
