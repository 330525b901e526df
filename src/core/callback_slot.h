// A replaceable callback of the host: once set() has returned, no earlier callback runs.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace casd {

/// `Setting` is copyable and holds a callback with its arguments. No callback runs under the lock,
/// so a callback may call set(). Does not allocate.
template <class Setting>
class CallbackSlot {
 public:
  explicit CallbackSlot(const Setting& setting) : setting_(setting) {}

  /// The setting in force for the life of this object, which spans the call of the callback.
  class Call {
   public:
    explicit Call(CallbackSlot& slot) : slot_(slot) {
      const std::lock_guard<std::mutex> lock(slot_.mutex_);
      setting = slot_.setting_;
      version_ = slot_.version_;
      next_ = slot_.calls_;
      if (next_) next_->link_ = &next_;
      link_ = &slot_.calls_;
      slot_.calls_ = this;
    }
    ~Call() {
      const std::lock_guard<std::mutex> lock(slot_.mutex_);
      *link_ = next_;
      if (next_) next_->link_ = link_;
      slot_.changed_.notify_all();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    Setting setting{};

   private:
    friend class CallbackSlot;
    CallbackSlot& slot_;
    Call* next_ = nullptr;
    Call** link_ = nullptr;
    const std::thread::id thread_ = std::this_thread::get_id();
    std::uint64_t version_ = 0;
    bool in_set_ = false;  // this call's callback is inside set()
  };

  /// Replaces the setting and waits until no call with an earlier one runs. Two kinds of calls are
  /// not waited for, because they cannot end before set() returns: those on this thread, and those
  /// whose callback is itself inside set().
  void set(const Setting& setting) {
    std::unique_lock<std::mutex> lock(mutex_);
    setting_ = setting;
    const std::uint64_t version = ++version_;
    mark_own_calls(true);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !runs_before(version); });
    mark_own_calls(false);
  }

 private:
  void mark_own_calls(bool in_set) {
    for (Call* call = calls_; call; call = call->next_)
      if (call->thread_ == std::this_thread::get_id()) call->in_set_ = in_set;
  }
  bool runs_before(std::uint64_t version) const {
    for (const Call* call = calls_; call; call = call->next_)
      if (call->version_ < version && !call->in_set_) return true;
    return false;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Setting setting_;
  std::uint64_t version_ = 0;
  Call* calls_ = nullptr;  // those that run, on the stacks of their threads
};

}  // namespace casd
