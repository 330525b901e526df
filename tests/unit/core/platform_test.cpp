// Plug-ins: found, rejected or missing.
#include "core/platform.h"

#include "core/error.h"
#include "core/plugin.h"
#include "support/paths.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace casd {
namespace {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

class Platform : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("casd_platform_test_" + std::to_string(getpid()));
};

const void* load(const char* name, const char* symbol) {
  using Get = const void* (*)(std::uint32_t);
  return load_plugin(plugin_kind<PluginHeader, Get>(name, symbol, 1, "HDF5 files"));
}

// The test binary has no plug-in beside it, so that the search fails in every place.
std::string failure_of_hdf5() {
  try {
    load("hdf5", "casd_hdf5_plugin_get");
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CASD_ERROR_UNAVAILABLE);
    return e.what();
  }
  ADD_FAILURE() << "the plug-in was loaded";
  return "";
}

TEST_F(Platform, AMissingPluginNamesEveryPlaceAndTheRemedy) {
  set_plugin_path(folder_.string());
  const std::string message = failure_of_hdf5();
  set_plugin_path("");
  EXPECT_NE(message.find("libcasd_hdf5.so, needed for HDF5 files"), std::string::npos) << message;
  EXPECT_NE(message.find(path("libcasd_hdf5.so") + ": "), std::string::npos) << message;
  EXPECT_NE(message.find(join_path(own_folder(), "libcasd_hdf5.so")), std::string::npos) << message;
  EXPECT_NE(message.find("\nInstall the plug-in beside libcasd, or name its folder"),
            std::string::npos)
      << message;
}

TEST_F(Platform, AMissingLibraryOfAPluginIsNamedWithTheRemedy) {
  set_plugin_path(test::plugins_folder("incomplete"));
  const std::string message = failure_of_hdf5();
  set_plugin_path("");
  EXPECT_NE(
      message.find(test::plugins_folder("incomplete") + "/libcasd_hdf5.so: libabsent_library"),
      std::string::npos)
      << message;
  EXPECT_NE(message.find("add its folder to LD_LIBRARY_PATH"), std::string::npos) << message;
}

TEST_F(Platform, AFileThatIsNoLibraryIsAnError) {
  write_file_atomic(path("libcasd_hdf5.so"), Bytes{'n', 'o'});
  set_plugin_path(folder_.string());
  EXPECT_NE(failure_of_hdf5().find(path("libcasd_hdf5.so") + ": "), std::string::npos);
  set_plugin_path("");
}

// tests/support/wrong_plugin.c under two names: as libcasd_hdf5 it supports no version, as
// libcasd_torch it lacks the entry point.
TEST_F(Platform, AnotherVersionOrAnotherLibraryIsRejected) {
  set_plugin_path(test::plugins_folder("wrong"));
  EXPECT_NE(failure_of_hdf5().find("another version"), std::string::npos);
  try {
    load("torch", "casd_engine_plugin_get");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CASD_ERROR_UNAVAILABLE);
    EXPECT_NE(std::string(e.what()).find("has no casd_engine_plugin_get"), std::string::npos);
  }
  set_plugin_path("");
}

}  // namespace
}  // namespace casd
