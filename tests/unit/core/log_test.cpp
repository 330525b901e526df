// The log: setting and clearing callbacks, and polling.
#include "core/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace casd {
namespace {

/// User data of a callback: counts calls and runs code of the test inside the callback.
struct Listener {
  std::atomic<int> calls{0};
  std::atomic<bool> destroyed{false};
  void (*inside)(Listener&) = nullptr;
  std::mutex mutex;
  std::condition_variable changed;
  int stage = 0;

  static void CASD_CALL hear(casd_log_level, const char*, void* user) {
    Listener& self = *static_cast<Listener*>(user);
    ++self.calls;
    if (self.inside) self.inside(self);
  }
  void reach(int next) {
    const std::lock_guard<std::mutex> lock(mutex);
    stage = next;
    changed.notify_all();
  }
  void wait_for(int wanted) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return stage >= wanted; });
  }
};

class Log : public testing::Test {
 protected:
  void TearDown() override {
    set_log(nullptr, CASD_LOG_WARNING, nullptr);
    poll_log(nullptr, 0);
  }
  static std::string poll(casd_log_level& level, std::size_t capacity = 200) {
    std::string buffer(capacity, '#');
    level = poll_log(&buffer[0], capacity);
    return buffer.c_str();
  }
};

TEST_F(Log, CallsTheCallbackFromTheLevelOn) {
  Listener listener;
  set_log(&Listener::hear, CASD_LOG_WARNING, &listener);
  log(CASD_LOG_INFO, "not this");
  EXPECT_EQ(listener.calls, 0);
  log(CASD_LOG_WARNING, "this");
  log(CASD_LOG_ERROR, "and this");
  EXPECT_EQ(listener.calls, 2);
  set_log(&Listener::hear, CASD_LOG_OFF, &listener);
  log(CASD_LOG_ERROR, "nothing");
  EXPECT_EQ(listener.calls, 2);
}

TEST_F(Log, ClearingWaitsForARunningCallback) {
  Listener slow;
  slow.inside = [](Listener& self) {
    if (self.calls > 1) return;
    self.reach(1);
    self.wait_for(2);
    self.destroyed = true;  // the caller destroys the user data after clearing
  };
  set_log(&Listener::hear, CASD_LOG_INFO, &slow);
  std::thread logging([] { log(CASD_LOG_INFO, "slow"); });
  slow.wait_for(1);
  std::atomic<bool> cleared{false};
  std::thread clearing([&] {
    set_log(nullptr, CASD_LOG_OFF, nullptr);
    EXPECT_TRUE(slow.destroyed);
    cleared = true;
  });
  // The new setting applies before the old callback has returned.
  for (int before = -1; before != slow.calls;) {
    before = slow.calls;
    log(CASD_LOG_INFO, "probe");
  }
  EXPECT_FALSE(cleared);
  slow.reach(2);
  clearing.join();
  logging.join();
}

TEST_F(Log, ACallbackCanReplaceItself) {
  Listener first, second;
  static Listener* next;
  next = &second;
  first.inside = [](Listener&) { set_log(&Listener::hear, CASD_LOG_INFO, next); };
  set_log(&Listener::hear, CASD_LOG_INFO, &first);
  log(CASD_LOG_INFO, "one");
  log(CASD_LOG_INFO, "two");
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(second.calls, 1);
}

TEST_F(Log, ACallbackThatClearsWaitsForTheOthers) {
  Listener listener;
  static thread_local bool clears;
  listener.inside = [](Listener& self) {
    if (clears) {
      set_log(nullptr, CASD_LOG_OFF, nullptr);
      EXPECT_TRUE(self.destroyed);
    } else {
      self.reach(1);
      self.wait_for(2);
      self.destroyed = true;
    }
  };
  set_log(&Listener::hear, CASD_LOG_INFO, &listener);
  std::thread slow([] { log(CASD_LOG_INFO, "slow"); });
  listener.wait_for(1);
  std::thread clearing([] {
    clears = true;
    log(CASD_LOG_INFO, "clearing");
  });
  while (listener.calls < 2) std::this_thread::yield();
  listener.reach(2);
  clearing.join();
  slow.join();
}

TEST_F(Log, TwoCallbacksCanSetTheLogConcurrently) {
  Listener listener;
  static std::atomic<int> inside;
  inside = 0;
  listener.inside = [](Listener&) {
    ++inside;
    while (inside < 2) std::this_thread::yield();
    set_log(nullptr, CASD_LOG_OFF, nullptr);
  };
  set_log(&Listener::hear, CASD_LOG_INFO, &listener);
  std::thread a([] { log(CASD_LOG_INFO, "a"); }), b([] { log(CASD_LOG_INFO, "b"); });
  a.join();
  b.join();
  EXPECT_EQ(listener.calls, 2);
}

TEST_F(Log, ACallbackDoesNotReceiveItsOwnMessages) {
  Listener listener;
  listener.inside = [](Listener&) { log(CASD_LOG_ERROR, "inner"); };
  set_log(&Listener::hear, CASD_LOG_INFO, &listener);
  log(CASD_LOG_INFO, "outer");
  EXPECT_EQ(listener.calls, 1);
  casd_log_level level;
  poll(level);  // from now on it can be polled
  log(CASD_LOG_INFO, "outer");
  EXPECT_EQ(listener.calls, 2);
  EXPECT_EQ(poll(level), "outer");
  EXPECT_EQ(poll(level), "inner");
  EXPECT_EQ(level, CASD_LOG_ERROR);
}

TEST_F(Log, ExceptionsOfACallbackAreIgnored) {
  Listener listener;
  listener.inside = [](Listener&) { throw std::runtime_error("of the host"); };
  set_log(&Listener::hear, CASD_LOG_INFO, &listener);
  log(CASD_LOG_INFO, "one");
  log(CASD_LOG_INFO, "two");
  EXPECT_EQ(listener.calls, 2);
}

TEST_F(Log, PollingReturnsMessagesInOrder) {
  set_log(nullptr, CASD_LOG_INFO, nullptr);
  casd_log_level level;
  EXPECT_EQ(poll(level), "");
  EXPECT_EQ(level, -1);
  testing::internal::CaptureStderr();
  log(CASD_LOG_DEBUG, "below the level");
  log(CASD_LOG_INFO, "first");
  log(CASD_LOG_ERROR, "second");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(poll(level), "first");
  EXPECT_EQ(level, CASD_LOG_INFO);
  EXPECT_EQ(poll(level), "second");
  EXPECT_EQ(level, CASD_LOG_ERROR);
  EXPECT_EQ(poll(level), "");
  EXPECT_EQ(level, -1);
}

TEST_F(Log, WritesToStderrAfterPollingEnds) {
  casd_log_level level;
  poll(level);
  log(CASD_LOG_WARNING, "discarded");
  EXPECT_EQ(poll_log(nullptr, 0), -1);
  testing::internal::CaptureStderr();
  log(CASD_LOG_WARNING, "printed");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "casd: warning: printed\n");
  EXPECT_EQ(poll(level), "");
}

TEST_F(Log, APollWithoutCapacityRemovesNothing) {
  casd_log_level level;
  poll(level);
  log(CASD_LOG_WARNING, "stays");
  char buffer[1] = {'#'};
  EXPECT_EQ(poll_log(buffer, 0), -1);
  EXPECT_EQ(buffer[0], '#');
  EXPECT_EQ(poll(level), "stays");
}

TEST_F(Log, MessagesAreTruncatedBetweenCharacters) {
  casd_log_level level;
  poll(level);
  const std::string message = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";  // 1, 2, 3, 4 and 1 bytes
  const std::size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t capacity = 1; capacity <= 13; ++capacity) {
    log(CASD_LOG_WARNING, message);
    EXPECT_EQ(poll(level, capacity), message.substr(0, kept[capacity - 1])) << capacity;
    EXPECT_EQ(level, CASD_LOG_WARNING);
  }
  EXPECT_EQ(poll(level), "");
}

TEST_F(Log, AFullQueueDropsTheOldestAndReportsIt) {
  casd_log_level level;
  poll(level);
  for (int i = 0; i < 300; ++i) log(CASD_LOG_WARNING, "message " + std::to_string(i));
  EXPECT_EQ(poll(level), "44 older log messages were dropped: the queue holds 256");
  EXPECT_EQ(level, CASD_LOG_WARNING);
  for (int i = 44; i < 300; ++i) EXPECT_EQ(poll(level), "message " + std::to_string(i));
  EXPECT_EQ(poll(level), "");
}

// Checked by ThreadSanitizer and AddressSanitizer.
TEST_F(Log, SupportsConcurrentThreads) {
  casd_log_level level;
  poll(level);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!stop) log(CASD_LOG_WARNING, "a message that is long enough for the heap");
    });
  threads.emplace_back([&] {
    char buffer[64];
    while (!stop) poll_log(buffer, sizeof buffer);
  });
  std::atomic<int> used_after_clearing{0};
  threads.emplace_back([&] {
    while (!stop) {
      auto listener = std::make_unique<Listener>();
      set_log(&Listener::hear, CASD_LOG_INFO, listener.get());
      std::this_thread::yield();
      set_log(nullptr, CASD_LOG_INFO, nullptr);
      const int calls = listener->calls;
      std::this_thread::yield();
      if (listener->calls != calls) ++used_after_clearing;
    }
  });
  for (int round = 0; round < 200; ++round) {
    set_log(nullptr, CASD_LOG_WARNING, nullptr);
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(used_after_clearing, 0);
}

}  // namespace
}  // namespace casd
