// The thread pool: concurrent callers, nesting, failures, fork() and threads of the host.
#include "core/thread_pool.h"

#include "core/error.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define CASD_THREAD_SANITIZER 1
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CASD_LARGE_ADDRESS_SPACE 1
#endif

namespace casd {
namespace {

/// A latch: releases all waiting threads when it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Runs `body` in a child process and returns its exit code. Kills a child that hangs.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Records how often each index was run, and whether a worker number was used concurrently.
struct Record {
  explicit Record(std::int64_t pieces, int threads)
      : done(static_cast<std::size_t>(pieces)), busy(static_cast<std::size_t>(threads)) {}
  void operator()(std::int64_t piece, int worker) const {
    const auto w = static_cast<std::size_t>(worker);
    if (worker < 0 || w >= busy.size() || busy[w].exchange(true)) {
      wrong_worker = true;
      return;
    }
    ++done[static_cast<std::size_t>(piece)];
    std::this_thread::yield();
    busy[w] = false;
  }
  bool right() const {
    for (const auto& times : done)
      if (times != 1) return false;
    return !wrong_worker;
  }
  mutable std::vector<std::atomic<int>> done;
  mutable std::vector<std::atomic<bool>> busy;
  mutable std::atomic<bool> wrong_worker{false};
};

bool all_right(ThreadPool& pool, std::int64_t pieces) {
  const Record record(pieces, pool.threads());
  pool.run(pieces, record);
  return record.right();
}

TEST(ThreadPool, RunsEveryIndexOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const std::int64_t pieces : {0, 1, 3, 1000}) EXPECT_TRUE(all_right(pool, pieces));
  }
}

TEST(ThreadPool, UsesSeveralThreads) {
  ThreadPool pool(3);
  Gate all_here;
  std::atomic<int> here{0};
  pool.run(3, [&](std::int64_t, int) {
    if (++here == 3) all_here.open();
    all_here.wait();  // returns only if three threads run an index each
  });
  EXPECT_EQ(here, 3);
}

TEST(ThreadPool, ThrowsTheFirstExceptionAndWorksAfterwards) {
  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    EXPECT_THROW(pool.run(50,
                          [](std::int64_t piece, int) {
                            if (piece == 7) fail(CASD_ERROR_NUMERIC, "piece ", piece);
                          }),
                 Error);
    EXPECT_TRUE(all_right(pool, 10));
  }
}

TEST(ThreadPool, SupportsConcurrentCallers) {
  ThreadPool pool(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 300; ++round)
        if (!all_right(pool, 1 + (caller + round) % 9)) ++wrong;
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, ACallerDoesNotWaitForAnother) {
  ThreadPool pool(2);
  Gate release;
  std::atomic<int> inside{0};
  Gate both_inside;
  std::thread blocked([&] {
    pool.run(2, [&](std::int64_t, int) {
      if (++inside == 2) both_inside.open();
      release.wait();
    });
  });
  both_inside.wait();  // the worker and the first caller are busy
  EXPECT_TRUE(all_right(pool, 20));
  release.open();
  blocked.join();
}

TEST(ThreadPool, AnExceptionReachesOnlyTheFailedCaller) {
  ThreadPool pool(3);
  std::atomic<int> caught{0}, wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 200; ++round) try {
          std::atomic<int> sum{0};
          pool.run(6, [&](std::int64_t piece, int) {
            if (caller == 0 && piece == round % 6) fail(CASD_ERROR_NUMERIC, "expected");
            ++sum;
          });
          if (caller == 0 || sum != 6) ++wrong;
        } catch (const Error&) {
          ++(caller == 0 ? caught : wrong);
        }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(caught, 200);
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, SupportsNestedRuns) {
  ThreadPool pool(3);
  std::atomic<int> wrong{0};
  pool.run(9, [&](std::int64_t, int) {
    if (!all_right(pool, 7)) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, DoesNotAllocateOnceItsThreadsRun) {
  ThreadPool pool(3);
  std::atomic<std::int64_t> sum{0};
  const auto add = [&](std::int64_t piece, int) { sum += piece; };
  pool.run(10, add);
  const long before = test::allocations();
  for (int round = 0; round < 100; ++round) pool.run(10, add);
  EXPECT_EQ(test::allocations(), before);
  EXPECT_EQ(sum, 101 * 45);
}

TEST(ThreadPool, WorksInTheChildAfterFork) {
#ifdef CASD_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer does not support threads after fork()";
#endif
  ThreadPool pool(4);
  EXPECT_TRUE(all_right(pool, 100));
  EXPECT_EQ(in_child([&] {
              // A child of the child.
              const bool right = all_right(pool, 100);
              const int inner = in_child([&] { return all_right(pool, 100) ? 7 : 8; });
              return right && all_right(pool, 100) ? inner : 9;
            }),
            7);
  EXPECT_EQ(in_child([&] {
              ThreadPool fresh(3);
              return all_right(fresh, 100) ? 7 : 8;
            }),
            7);
  EXPECT_TRUE(all_right(pool, 100));
}

TEST(ThreadPool, CanBeDestroyedInTheChildAfterFork) {
#ifdef CASD_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer does not support threads after fork()";
#endif
  auto pool = std::make_unique<ThreadPool>(4);
  EXPECT_TRUE(all_right(*pool, 100));
  EXPECT_EQ(in_child([&] {
              pool.reset();
              return 7;
            }),
            7);
  EXPECT_EQ(in_child([&] {
              const bool right = all_right(*pool, 100);
              pool.reset();
              return right ? 7 : 8;
            }),
            7);
}

TEST(ThreadPool, AFailedThreadStartIsOutOfMemory) {
#ifdef CASD_LARGE_ADDRESS_SPACE
  GTEST_SKIP() << "the sanitizer needs an unlimited address space";
#endif
  EXPECT_EQ(in_child([] {
              // Enough address space for a few thread stacks, not for 200.
              const rlimit limit{rlim_t{1} << 30, rlim_t{1} << 30};
              if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
              ThreadPool pool(200);
              const auto nothing = [](std::int64_t, int) {};
              for (int attempt = 0; attempt < 2; ++attempt) try {
                  pool.run(2, nothing);
                  return 2;
                } catch (const Error& e) {
                  if (e.status() != CASD_ERROR_OUT_OF_MEMORY) return 3;
                  if (std::string(e.what()).find("of 200 cannot be started") == std::string::npos)
                    return 4;
                }
              pool.run(1, nothing);
              return 7;
            }),
            7);
}

// ---- Threads of the host -------------------------------------------------------------------------

/// A job system of a host: new threads for each call; index 0 runs on the calling thread.
struct Host {
  std::atomic<int> calls{0}, bodies{0};
  std::atomic<int> most{0};
  std::int32_t result = 0;
  bool twice = false, short_of_one = false, one_thread = false, wrong_index = false;

  static std::int32_t CASD_CALL run(void(CASD_CALL* body)(void*, std::int32_t), void* context,
                                    std::int32_t count, void* user) {
    Host& self = *static_cast<Host*>(user);
    ++self.calls;
    self.bodies += count;
    if (count > self.most) self.most = count;
    std::vector<std::thread> threads;
    if (self.short_of_one) return self.result;
    for (std::int32_t i = 0; i < count; ++i)
      if (self.one_thread)
        body(context, i);
      else
        threads.emplace_back([=] { body(context, i); });
    if (self.twice) threads.emplace_back([=] { body(context, 0); });
    if (self.wrong_index) {
      body(context, -1);
      body(context, count);
    }
    for (std::thread& thread : threads) thread.join();
    return self.result;
  }
};

class ParallelFor : public testing::Test {
 protected:
  void TearDown() override { set_parallel_for(nullptr, 0, nullptr); }
  Host host_;
};

TEST_F(ParallelFor, TheHostRunsTheBodies) {
  set_parallel_for(&Host::run, 8, &host_);
  ThreadPool pool(3);
  EXPECT_TRUE(all_right(pool, 100));
  EXPECT_EQ(host_.calls, 1);
  EXPECT_EQ(host_.most, 3);  // never more than the pool's threads: they index scratch memory
  EXPECT_TRUE(all_right(pool, 2));
  EXPECT_EQ(host_.bodies, 5);
  EXPECT_TRUE(all_right(pool, 1));  // a single index is not distributed
  EXPECT_EQ(host_.calls, 2);
  set_parallel_for(&Host::run, 2, &host_);
  EXPECT_TRUE(all_right(pool, 100));
  EXPECT_EQ(host_.bodies, 7);  // never more than the host's threads
  set_parallel_for(nullptr, 0, nullptr);
  EXPECT_TRUE(all_right(pool, 100));
  EXPECT_EQ(host_.calls, 3);
}

TEST_F(ParallelFor, AHostWithOneThreadIsSupported) {
  host_.one_thread = true;
  set_parallel_for(&Host::run, 8, &host_);
  ThreadPool pool(3);
  EXPECT_TRUE(all_right(pool, 100));
}

TEST_F(ParallelFor, ErrorsOfTheHostAreReported) {
  set_parallel_for(&Host::run, 8, &host_);
  ThreadPool pool(3);
  const auto status = [&] {
    try {
      pool.run(20, [](std::int64_t, int) {});
      return static_cast<casd_status>(CASD_OK);
    } catch (const Error& e) {
      return e.status();
    }
  };
  host_.result = 5;
  EXPECT_EQ(status(), CASD_ERROR_CANCELLED);
  host_.result = 0;
  host_.short_of_one = true;
  EXPECT_EQ(status(), CASD_ERROR_STATE);
  host_.short_of_one = false;
  host_.twice = host_.wrong_index = true;
  EXPECT_EQ(status(), CASD_OK);
  EXPECT_TRUE(all_right(pool, 100));
}

TEST_F(ParallelFor, ExceptionsReachTheCaller) {
  set_parallel_for(&Host::run, 8, &host_);
  ThreadPool pool(3);
  EXPECT_THROW(pool.run(50,
                        [](std::int64_t piece, int) {
                          if (piece == 7) fail(CASD_ERROR_NUMERIC, "piece ", piece);
                        }),
               Error);
  EXPECT_TRUE(all_right(pool, 50));
}

TEST_F(ParallelFor, ANestedRunStaysOnItsThread) {
  set_parallel_for(&Host::run, 8, &host_);
  ThreadPool pool(3);
  std::atomic<int> wrong{0};
  pool.run(9, [&](std::int64_t, int) {
    if (!all_right(pool, 7)) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(host_.calls, 1);
}

TEST_F(ParallelFor, ClearingWaitsForTheHostFunction) {
  struct Slow {
    Gate inside, release;
    std::atomic<int> calls{0};
    std::atomic<bool> ended{false};
    static std::int32_t CASD_CALL run(void(CASD_CALL* body)(void*, std::int32_t), void* context,
                                      std::int32_t count, void* user) {
      Slow& self = *static_cast<Slow*>(user);
      const bool first = self.calls++ == 0;
      for (std::int32_t i = 0; i < count; ++i) body(context, i);
      if (!first) return 0;
      self.inside.open();
      self.release.wait();
      self.ended = true;
      return 0;
    }
  } slow;
  set_parallel_for(&Slow::run, 2, &slow);
  ThreadPool pool(2);
  std::thread runner([&] { pool.run(5, [](std::int64_t, int) {}); });
  slow.inside.wait();
  std::atomic<bool> cleared{false};
  std::thread clearing([&] {
    set_parallel_for(nullptr, 0, nullptr);
    EXPECT_TRUE(slow.ended);
    cleared = true;
  });
  for (int before = -1; before != slow.calls;) {  // until later runs use the pool's threads
    before = slow.calls;
    EXPECT_TRUE(all_right(pool, 3));
  }
  EXPECT_FALSE(cleared);
  slow.release.open();
  clearing.join();
  runner.join();
}

TEST_F(ParallelFor, CanBeClearedInsideTheHostFunction) {
  struct Clearing {
    static std::int32_t CASD_CALL run(void(CASD_CALL* body)(void*, std::int32_t), void* context,
                                      std::int32_t count, void*) {
      set_parallel_for(nullptr, 0, nullptr);
      for (std::int32_t i = 0; i < count; ++i) body(context, i);
      return 0;
    }
  };
  set_parallel_for(&Clearing::run, 2, nullptr);
  ThreadPool pool(2);
  EXPECT_TRUE(all_right(pool, 10));
}

TEST_F(ParallelFor, CanBeSetAndClearedDuringRuns) {
  ThreadPool pool(3);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      while (!stop)
        if (!all_right(pool, 10)) ++wrong;
    });
  for (int round = 0; round < 100; ++round) {
    auto host = std::make_unique<Host>();
    set_parallel_for(&Host::run, 3, host.get());
    std::this_thread::yield();
    set_parallel_for(nullptr, 0, nullptr);  // after this call nothing uses *host
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace casd
