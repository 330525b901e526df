// Reading and writing files: atomic writes, concurrent writers, and special kinds of paths.
#include "core/error.h"
#include "core/platform.h"
#include "core/temporary_name.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace casd {
namespace {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

class File : public testing::Test {
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
  static unsigned mode(const std::string& of) {
    struct stat info;
    EXPECT_EQ(stat(of.c_str(), &info), 0);
    return info.st_mode & 0777u;
  }
  static std::string io_error(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), CASD_ERROR_IO) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }
  /// Runs `body` in a child process; the exit code, or minus the signal.
  static int in_child(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      _exit(body());
    }
    return end_of(child);
  }
  static int end_of(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  /// Files of this process get no longer than `size`.
  static void limit_size(rlim_t size) {
    rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("casd_file_test_" + std::to_string(getpid()));
};

TEST_F(File, IsWrittenReplacedAndRead) {
  write_file_atomic(path("a"), Bytes{1, 2, 3});
  EXPECT_EQ(read_file(path("a")), (Bytes{1, 2, 3}));
  write_file_atomic(path("a"), Bytes{4});
  EXPECT_EQ(read_file(path("a")), (Bytes{4}));
  write_file_atomic(path("a"), Bytes());
  EXPECT_TRUE(read_file(path("a")).empty());
  EXPECT_EQ(files(), 1u);  // nothing temporary is left
}

TEST_F(File, ItsBeginningCanBeRead) {
  write_file_atomic(path("a"), Bytes{1, 2, 3});
  EXPECT_EQ(read_file(path("a"), 2), (Bytes{1, 2}));
  EXPECT_EQ(read_file(path("a"), 9), (Bytes{1, 2, 3}));
}

TEST_F(File, IsReadInParts) {
  write_file_atomic(path("a"), Bytes{1, 2, 3, 4, 5});
  InputFile file(path("a"));
  EXPECT_EQ(file.size(), 5u);
  Bytes part(3, 0);
  EXPECT_EQ(file.read(part.data(), 2), 2u);
  EXPECT_EQ(part, (Bytes{1, 2, 0}));
  write_file_atomic(path("a"), Bytes{9});  // another file
  EXPECT_EQ(file.read(part.data(), 0), 0u);
  EXPECT_EQ(file.read(part.data(), 2), 2u);
  EXPECT_EQ(part, (Bytes{3, 4, 0}));
  EXPECT_EQ(file.read(part.data(), 3), 1u);
  EXPECT_EQ(part, (Bytes{5, 4, 0}));
  EXPECT_EQ(file.read(part.data(), 3), 0u);
}

TEST_F(File, PathsAreUtf8) {
  const std::string name = "st\xc3\xbcmme \xe5\xa3\xb0";
  write_file_atomic(path(name), Bytes{7});
  EXPECT_EQ(read_file(path(name)), Bytes{7});
  EXPECT_TRUE(fs::exists(folder_ / fs::u8path(name)));
}

TEST_F(File, FailuresNameThePath) {
  for (const std::string& bad : {path("none"), path("none/file"), folder_.string()})
    EXPECT_NE(io_error([&] { read_file(bad); }).find(bad), std::string::npos);
  for (const std::string& bad : {path("none/file"), folder_.string(), path("none/"), std::string()})
    EXPECT_NE(io_error([&] { write_file_atomic(bad, Bytes{1}); }).find(bad), std::string::npos);
  EXPECT_EQ(files(), 0u);
}

TEST_F(File, SeveralThreadsMayWriteOnePath) {
  constexpr std::size_t size = 50000;
  std::atomic<int> failures{0}, partial{0};
  std::atomic<bool> stop{false};
  write_file_atomic(path("a"), Bytes(size, 0));
  std::thread reader([&] {
    while (!stop) {
      const Bytes seen = read_file(path("a"));
      if (seen.size() != size || seen != Bytes(size, seen[0])) ++partial;
    }
  });
  std::vector<std::thread> writers;
  for (std::uint8_t number = 1; number <= 3; ++number)
    writers.emplace_back([&, number] {
      for (int round = 0; round < 60; ++round) try {
          write_file_atomic(path("a"), Bytes(size, number));
        } catch (const Error&) {
          ++failures;
        }
    });
  for (std::thread& writer : writers) writer.join();
  stop = true;
  reader.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(partial, 0);
  EXPECT_EQ(files(), 1u);
}

TEST_F(File, ALinkStaysAndItsTargetIsReplaced) {
  fs::create_directory(path("inside"));
  fs::create_symlink("inside/second", path("first"));
  fs::create_symlink("target", path("inside/second"));
  write_file_atomic(path("first"), Bytes{1});  // the target does not exist yet
  EXPECT_EQ(read_file(path("inside/target")), Bytes{1});
  write_file_atomic(path("first"), Bytes{2});
  EXPECT_EQ(read_file(path("inside/target")), Bytes{2});
  EXPECT_TRUE(fs::is_symlink(path("first")));
  EXPECT_TRUE(fs::is_symlink(path("inside/second")));
  fs::create_symlink("loop", path("loop"));
  EXPECT_NE(io_error([&] { write_file_atomic(path("loop"), Bytes{1}); }).find("loop"),
            std::string::npos);
}

TEST_F(File, APlantedLinkIsNotFollowed) {
  write_file_atomic(path("victim"), Bytes{1});
  fs::create_symlink("victim", path("a.tmp-" + std::to_string(getpid())));  // the name of 0.1
  write_file_atomic(path("a"), Bytes{2});
  EXPECT_EQ(read_file(path("victim")), Bytes{1});
  EXPECT_EQ(read_file(path("a")), Bytes{2});
  EXPECT_FALSE(fs::is_symlink(path("a")));
}

TEST_F(File, PermissionsStay) {
  const mode_t mask = umask(027);
  write_file_atomic(path("a"), Bytes{1});
  EXPECT_EQ(mode(path("a")), 0640u);
  for (const unsigned wanted : {0600u, 0666u, 0444u, 0751u}) {
    EXPECT_EQ(chmod(path("a").c_str(), wanted), 0);
    write_file_atomic(path("a"), Bytes{2});
    EXPECT_EQ(mode(path("a")), wanted);
  }
  umask(mask);
}

TEST_F(File, APipeIsWrittenToDirectly) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  Bytes read(200000);
  std::thread reader([&] {
    const int file = open(path("pipe").c_str(), O_RDONLY);
    std::size_t at = 0;
    for (ssize_t done = 1; done > 0; at += static_cast<std::size_t>(done))
      done = ::read(file, read.data() + at, read.size() - at);
    read.resize(at);
    close(file);
  });
  write_file_atomic(path("pipe"), Bytes(100000, 7));
  reader.join();
  EXPECT_EQ(read, Bytes(100000, 7));
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(files(), 1u);
}

TEST_F(File, AnOpenDescriptorIsWrittenToWhereItStands) {
  const int file = open(path("log").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(write(file, "ab", 2), 2);
  fs::create_symlink("/proc/self/fd/" + std::to_string(file), path("link"));
  write_file_atomic("/dev/fd/" + std::to_string(file), Bytes{'c'});
  write_file_atomic(path("link"), Bytes{'d'});
  EXPECT_EQ(write(file, "e", 1), 1);
  close(file);
  EXPECT_EQ(read_file(path("log")), (Bytes{'a', 'b', 'c', 'd', 'e'}));
  EXPECT_EQ(in_child([&] {
              const int out = open(path("out").c_str(), O_RDWR | O_CREAT, 0600);
              if (dup2(out, STDOUT_FILENO) < 0) return 1;
              write_file_atomic("/dev/stdout", Bytes{'x'});
              write_file_atomic("/dev/stdout", Bytes{'y'});
              return 7;
            }),
            7);
  EXPECT_EQ(read_file(path("out")), (Bytes{'x', 'y'}));
  io_error([] { write_file_atomic("/dev/fd/999", Bytes{1}); });
}

TEST_F(File, APipeWithoutAReaderIsAnError) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  io_error([&] { write_file_atomic("/dev/fd/" + std::to_string(ends[1]), Bytes{1}); });
  close(ends[1]);
}

TEST_F(File, AFailedWriteLeavesTheOldFileAlone) {
  write_file_atomic(path("a"), Bytes{1});
  EXPECT_EQ(in_child([&] {
              signal(SIGXFSZ, SIG_IGN);
              limit_size(1000);
              try {
                write_file_atomic(path("a"), Bytes(2000, 2));
              } catch (const Error& e) {
                return e.status() == CASD_ERROR_IO ? 7 : 8;
              }
              return 9;
            }),
            7);
  EXPECT_EQ(read_file(path("a")), Bytes{1});
  EXPECT_EQ(files(), 1u);
}

TEST_F(File, TheLeftoverOfAKilledWriterIsRemoved) {
  EXPECT_EQ(in_child([&] {
              limit_size(1000);
              write_file_atomic(path("a"), Bytes(2000, 2));  // SIGXFSZ kills it half-way
              return 7;
            }),
            -SIGXFSZ);
  EXPECT_EQ(files(), 1u);
  write_file_atomic(path("other"), Bytes{1});
  EXPECT_EQ(files(), 2u);  // only writers of the same path remove it
  write_file_atomic(path("a"), Bytes{1});
  EXPECT_EQ(files(), 2u);
  EXPECT_EQ(read_file(path("a")), Bytes{1});
}

int resume_from_signal[2];

// A writer that is held up in the middle has its temporary file open.
TEST_F(File, TheTemporaryFileOfALivingWriterStays) {
  int started[2];
  ASSERT_EQ(pipe(started), 0);
  ASSERT_EQ(pipe(resume_from_signal), 0);
  static int started_end;
  started_end = started[1];
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    struct sigaction action {};
    action.sa_handler = [](int) {
      char byte = 0;
      if (write(started_end, &byte, 1) != 1 || read(resume_from_signal[0], &byte, 1) != 1) _exit(1);
    };
    sigaction(SIGXFSZ, &action, nullptr);
    limit_size(1000);
    try {
      write_file_atomic(path("a"), Bytes(2000, 2));
    } catch (const Error&) {
      _exit(7);  // the file became too large
    }
    _exit(8);
  }
  char byte = 0;
  ASSERT_EQ(read(started[0], &byte, 1), 1);
  write_file_atomic(path("a"), Bytes{1});
  EXPECT_EQ(files(), 2u);
  ASSERT_EQ(write(resume_from_signal[1], &byte, 1), 1);
  EXPECT_EQ(end_of(child), 7);
  EXPECT_EQ(files(), 1u);
  for (const int end : {started[0], started[1], resume_from_signal[0], resume_from_signal[1]})
    close(end);
}

TEST_F(File, FilesOfOthersStay) {
  const auto put = [&](const std::string& name) {
    const int file = open(path(name).c_str(), O_WRONLY | O_CREAT, 0600);
    close(file);
    return name;
  };
  const std::string foreign = put(temporary_name("a", 0x12345678, 1));
  const std::string old = put(temporary_name("a", 0x12345678, 2));
  fs::last_write_time(path(old), fs::file_time_type::clock::now() - std::chrono::hours(25));
  put(".a.casd-notes.tmp");
  put(temporary_name("b", 0x12345678, 3));
  fs::create_symlink("elsewhere", path(temporary_name("a", 0x12345678, 4)));
  fs::create_directory(path(temporary_name("a", 0x12345678, 5)));
  write_file_atomic(path("a"), Bytes{1});
  EXPECT_TRUE(fs::exists(path(foreign)));  // of another machine, it may still be written
  EXPECT_FALSE(fs::exists(path(old)));
  EXPECT_EQ(files(), 6u);
}

TEST_F(File, NamesMayBeAsLongAsTheSystemAllows) {
  const std::string longest(255, 'x');
  write_file_atomic(path(longest), Bytes{1});
  EXPECT_EQ(read_file(path(longest)), Bytes{1});
  std::string characters;
  while (characters.size() < 252) characters += "\xe5\xa3\xb0";
  write_file_atomic(path(characters), Bytes{2});
  EXPECT_EQ(read_file(path(characters)), Bytes{2});
  EXPECT_LE(temporary_name(characters, 1, 1).size(), 255u);
  EXPECT_EQ(files(), 2u);
}

TEST_F(File, TemporaryNamesAreRecognised) {
  const std::string name = temporary_name("a.casd", 0xabc, 0x123456789abcdef0u);
  EXPECT_EQ(name, ".a.casd.casd-00000abc-123456789abcdef0.tmp");
  EXPECT_EQ(temporary_origin(name, "a.casd", 0xabc), TemporaryOrigin::this_system);
  EXPECT_EQ(temporary_origin(name, "a.casd", 0xabd), TemporaryOrigin::other_system);
  EXPECT_EQ(temporary_origin(name, "a", 0xabc), TemporaryOrigin::none);
  EXPECT_EQ(temporary_origin(name, "", 0xabc), TemporaryOrigin::none);
  for (std::size_t at = 0; at < name.size(); ++at) {
    std::string changed = name;
    changed[at] = 'G';
    EXPECT_EQ(temporary_origin(changed, "a.casd", 0xabc), TemporaryOrigin::none) << changed;
    EXPECT_EQ(temporary_origin(name.substr(0, at), "a.casd", 0xabc), TemporaryOrigin::none);
  }
}

TEST_F(File, APipeIsNotReadAsAFile) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_NE(io_error([&] { read_file(path("pipe")); }).find("not a regular file"),
            std::string::npos);
  EXPECT_NE(io_error([] { read_file("/dev/null"); }).find("not a regular file"), std::string::npos);
}

TEST_F(File, FilesOfUnknownSizeAreReadCompletely) {
  EXPECT_GT(read_file("/proc/self/status").size(), 100u);
}

}  // namespace
}  // namespace casd
