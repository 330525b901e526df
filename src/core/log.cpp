#include "core/log.h"

#include "core/callback_slot.h"
#include "core/error.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>

namespace casd {
namespace {

constexpr std::size_t longest_queue = 256;  // as documented at casd_log_poll()
constexpr casd_log_level no_message = -1;

struct Sink {
  casd_log_callback callback;
  casd_log_level level;
  void* user;
};

CallbackSlot<Sink>& sink() {
  // Never destroyed: a thread may log while the process ends.
  static auto& slot = *new CallbackSlot<Sink>({nullptr, CASD_LOG_WARNING, nullptr});
  return slot;
}

// A callback of this thread runs. Messages that it causes are not passed to it again.
thread_local bool in_callback = false;

const char* level_name(casd_log_level level) {
  switch (level) {
    case CASD_LOG_DEBUG:
      return "debug";
    case CASD_LOG_INFO:
      return "info";
    case CASD_LOG_WARNING:
      return "warning";
    default:
      return "error";
  }
}

/// The largest count of bytes, at most `most`, that does not end inside a UTF-8 character.
std::size_t utf8_prefix(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text.size();
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u;
  };
  while (most > 0 && continues(most)) --most;
  return most;
}

/// Messages for casd_log_poll().
class Queue {
 public:
  /// false: the host does not poll.
  bool push(casd_log_level level, const std::string& message) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!polled_) return false;
    try {
      if (messages_.size() == longest_queue) {
        messages_.pop_front();
        ++dropped_;
      }
      messages_.emplace_back(level, message);
    } catch (...) {
      ++dropped_;  // out of memory
    }
    return true;
  }

  casd_log_level pop(char* buffer, std::size_t capacity) {
    const std::lock_guard<std::mutex> lock(mutex_);
    polled_ = true;
    if (capacity == 0) return no_message;
    if (dropped_ > 0) {
      write(text(dropped_, " older log messages were dropped: the queue holds ", longest_queue),
            buffer, capacity);
      dropped_ = 0;
      return CASD_LOG_WARNING;
    }
    if (messages_.empty()) {
      buffer[0] = '\0';
      return no_message;
    }
    const casd_log_level level = messages_.front().first;
    write(messages_.front().second, buffer, capacity);
    messages_.pop_front();
    return level;
  }

  void close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    polled_ = false;
    dropped_ = 0;
    messages_ = {};
  }

 private:
  static void write(const std::string& message, char* buffer, std::size_t capacity) {
    const std::size_t size = utf8_prefix(message, capacity - 1);
    std::memcpy(buffer, message.data(), size);
    buffer[size] = '\0';
  }

  std::mutex mutex_;
  bool polled_ = false;
  std::deque<std::pair<casd_log_level, std::string>> messages_;
  std::size_t dropped_ = 0;
};

Queue& queue() {
  static auto& the = *new Queue;
  return the;
}

}  // namespace

void set_log(casd_log_callback callback, casd_log_level level, void* user) {
  sink().set({callback, level, user});
}

casd_log_level poll_log(char* buffer, std::size_t capacity) noexcept {
  try {
    if (buffer) return queue().pop(buffer, capacity);
    queue().close();
  } catch (...) {  // out of memory: the message stays
  }
  return no_message;
}

void log(casd_log_level level, const std::string& message) noexcept {
  const CallbackSlot<Sink>::Call call(sink());
  const Sink& to = call.setting;
  if (level < to.level) return;
  const bool is_polled = queue().push(level, message);
  if (in_callback) return;
  if (to.callback) {
    in_callback = true;
    try {
      to.callback(level, message.c_str(), to.user);
    } catch (...) {  // of a host in C++; a message must not end what it reports on
    }
    in_callback = false;
  } else if (!is_polled) {
    (void)std::fprintf(stderr, "casd: %s: %s\n", level_name(level), message.c_str());
  }
}

}  // namespace casd
