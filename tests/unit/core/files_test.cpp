// Reading files, and replacing them as a whole or not at all.
#include "core/error.h"
#include "core/platform.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace casd {
namespace {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  mode_t mode(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(::stat(path(name).c_str(), &info), 0);
    return info.st_mode & 07777;
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("casd_files_test_" + std::to_string(::getpid()));
};

Bytes filled(std::size_t size, std::uint8_t value) { return Bytes(size, value); }

TEST_F(Files, WritersOfOnePathDoNotDisturbEachOther) {
  constexpr std::size_t size = 20000;
  write_file_atomic(path("a"), filled(size, 0));
  std::atomic<bool> stop{false};
  std::atomic<int> failures{0}, torn{0};
  std::vector<std::thread> threads;
  for (std::uint8_t t = 1; t <= 3; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) try {
          write_file_atomic(path("a"), filled(size, t));
        } catch (const Error&) {
          ++failures;
        }
    });
  std::thread reader([&] {
    while (!stop) {
      const Bytes bytes = read_file(path("a"));
      if (bytes.size() != size || bytes != filled(size, bytes[0])) ++torn;
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  reader.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(files(), 1u);
}

TEST_F(Files, ATemporaryNameCannotBePlanted) {
  // Whoever guesses the name of 0.1 gets nothing written through a link.
  write_file_atomic(path("victim"), Bytes{1});
  fs::create_symlink(path("victim"), path("a.tmp-" + std::to_string(::getpid())));
  write_file_atomic(path("a"), Bytes{2});
  EXPECT_EQ(read_file(path("victim")), Bytes{1});
  EXPECT_EQ(read_file(path("a")), Bytes{2});
}

TEST_F(Files, LinksOfTheTargetAreFollowed) {
  fs::create_directories(path("other"));
  write_file_atomic(path("other/real"), Bytes{1});
  fs::create_symlink("other/real", path("link"));
  fs::create_symlink("link", path("link to link"));
  write_file_atomic(path("link to link"), Bytes{2});
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_symlink(path("link to link")));
  EXPECT_EQ(read_file(path("other/real")), Bytes{2});
  fs::create_symlink("other/new", path("dangling"));
  write_file_atomic(path("dangling"), Bytes{3});
  EXPECT_EQ(read_file(path("other/new")), Bytes{3});
  fs::create_symlink("loop", path("loop"));
  EXPECT_THROW(write_file_atomic(path("loop"), Bytes{4}), Error);
}

TEST_F(Files, TheModeIsKept) {
  write_file_atomic(path("a"), Bytes{1});
  for (const mode_t wanted : {0600u, 0644u, 0660u}) {
    ASSERT_EQ(::chmod(path("a").c_str(), wanted), 0);
    write_file_atomic(path("a"), Bytes{2});
    EXPECT_EQ(mode("a"), wanted);
  }
  const mode_t mask = ::umask(027);
  write_file_atomic(path("new"), Bytes{1});
  ::umask(mask);
  EXPECT_EQ(mode("new"), 0640u);
}

TEST_F(Files, APipeIsWrittenInPlace) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  Bytes got(3);
  std::thread reader([&] {
    const int file = ::open(path("pipe").c_str(), O_RDONLY);
    EXPECT_EQ(::read(file, got.data(), got.size()), 3);
    ::close(file);
  });
  write_file_atomic(path("pipe"), Bytes{1, 2, 3});
  reader.join();
  EXPECT_EQ(got, (Bytes{1, 2, 3}));
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(files(), 1u);
  write_file_atomic("/dev/null", Bytes{1});
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(Files, APipeWithoutAReaderFailsAndDoesNotEndTheProcess) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::thread reader([&] { ::close(::open(path("pipe").c_str(), O_RDONLY)); });
  EXPECT_THROW(write_file_atomic(path("pipe"), filled(1 << 20, 1)), Error);
  reader.join();
}

TEST_F(Files, ReadingAPipeFailsAtOnce) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  try {
    read_file(path("pipe"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_IO);
    EXPECT_NE(std::string(error.what()).find("not a regular file"), std::string::npos);
  }
}

TEST_F(Files, LeftoversOfDeadWritersAreRemoved) {
  const std::string dead = path("a.tmp-0123456789abcdef"), alive = path("a.tmp-fedcba9876543210"),
                    foreign = path("a.tmp-notours"), of_another = path("b.tmp-0123456789abcdef");
  for (const std::string& name : {dead, alive, foreign, of_another})
    write_file_atomic(name, Bytes{1});
  const int file = ::open(alive.c_str(), O_RDONLY);
  ASSERT_EQ(::flock(file, LOCK_EX), 0);  // as a living writer does
  write_file_atomic(path("a"), Bytes{2});
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(alive));
  EXPECT_TRUE(fs::exists(foreign));
  EXPECT_TRUE(fs::exists(of_another));
  ::close(file);
}

TEST_F(Files, AFailureLeavesTheOldFile) {
  write_file_atomic(path("a"), Bytes{1});
  EXPECT_THROW(write_file_atomic(path("none/a"), Bytes{2}), Error);
  EXPECT_THROW(write_file_atomic(folder_.string(), Bytes{2}), Error);
  EXPECT_EQ(read_file(path("a")), Bytes{1});
  EXPECT_EQ(files(), 1u);
}

TEST_F(Files, FilesOfUnknownSizeAreReadToTheirEnd) {
  EXPECT_GT(read_file("/proc/self/status").size(), 100u);
  write_file_atomic(path("empty"), Bytes());
  EXPECT_TRUE(read_file(path("empty")).empty());
}

}  // namespace
}  // namespace casd
#endif
