#include "core/platform.h"

#include "core/error.h"
#include "core/plugin.h"
#include "support/paths.h"

#include <gtest/gtest.h>

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
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / "casd_platform_test";
};

TEST_F(Platform, WritesReplacesAndReads) {
  write_file_atomic(path("a"), Bytes{1, 2, 3});
  EXPECT_EQ(read_file(path("a")), (Bytes{1, 2, 3}));
  write_file_atomic(path("a"), Bytes{4});
  EXPECT_EQ(read_file(path("a")), (Bytes{4}));
  write_file_atomic(path("a"), Bytes());
  EXPECT_TRUE(read_file(path("a")).empty());
  EXPECT_EQ(files(), 1u);  // nothing temporary is left
}

TEST_F(Platform, ReadsTheBeginningAlone) {
  write_file_atomic(path("a"), Bytes{1, 2, 3});
  EXPECT_EQ(read_file(path("a"), 2), (Bytes{1, 2}));
  EXPECT_EQ(read_file(path("a"), 9), (Bytes{1, 2, 3}));
}

TEST_F(Platform, PathsAreUtf8) {
  const std::string name = "st\xc3\xbcmme \xe5\xa3\xb0";
  write_file_atomic(path(name), Bytes{7});
  EXPECT_EQ(read_file(path(name)), Bytes{7});
  EXPECT_TRUE(fs::exists(folder_ / fs::u8path(name)));
}

TEST_F(Platform, FailuresNameThePath) {
  for (const std::string& bad : {path("none"), path("none/file"), folder_.string()}) {
    try {
      read_file(bad);
      FAIL() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), CASD_ERROR_IO);
      EXPECT_NE(std::string(e.what()).find(bad), std::string::npos);
    }
  }
  EXPECT_THROW(write_file_atomic(path("none/file"), Bytes{1}), Error);
}

TEST_F(Platform, AFailedWriteLeavesNothing) {
  // The rename cannot replace a folder that is not empty.
  fs::create_directories(folder_ / "taken" / "inside");
  EXPECT_THROW(write_file_atomic(path("taken"), Bytes{1}), Error);
  EXPECT_EQ(files(), 1u);
}

// The test binary has no plug-in beside it, so that every way to look for one is seen to fail.
TEST_F(Platform, AMissingPluginNamesEveryPlaceAndReason) {
  const std::string here = path("libcasd_hdf5.so");
  write_file_atomic(here, Bytes{'n', 'o', ' ', 'l', 'i', 'b'});
  set_plugin_path(folder_.string());
  try {
    hdf5_plugin();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CASD_ERROR_UNAVAILABLE);
    const std::string words = e.what();
    EXPECT_NE(words.find(here + ": "), std::string::npos) << words;
    EXPECT_NE(words.find("HDF5 files"), std::string::npos) << words;
    EXPECT_NE(words.find(join_path(own_folder(), "libcasd_hdf5.so")), std::string::npos) << words;
  }
  set_plugin_path("");
}

// tests/support/wrong_plugin.c, twice: one says that it cannot serve this version, one is no plug-in.
TEST_F(Platform, AnotherVersionOrAnotherLibraryIsRefused) {
  set_plugin_path(test::wrong_plugins_folder());
  const auto words_of = [](auto get) -> std::string {
    try {
      get();
      return "it was taken";
    } catch (const Error& e) {
      return e.status() == CASD_ERROR_UNAVAILABLE ? e.what() : "another status";
    }
  };
  EXPECT_NE(words_of([] { hdf5_plugin(); }).find("another version"), std::string::npos);
  EXPECT_NE(words_of([] { torch_plugin(); }).find("has no casd_torch_plugin_get"),
            std::string::npos);
  set_plugin_path("");
}

}  // namespace
}  // namespace casd
