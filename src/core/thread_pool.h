// Threads that share numbered pieces of work. Any number of callers use one pool at once.
#pragma once

#include <casd/base.h>

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace casd {

class ThreadPool {
 public:
  /// Starts no thread: the first run() with several pieces does. threads = 1 never starts one.
  explicit ThreadPool(int threads);
  /// No run() may be in progress.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Refers to a callable void(std::int64_t piece, int worker), which must outlive the run().
  class Work {
   public:
    template <class F, class = std::enable_if_t<!std::is_same_v<F, Work>>>
    Work(const F& f)
        : callable_(&f), call_([](const void* callable, std::int64_t piece, int worker) {
            (*static_cast<const F*>(callable))(piece, worker);
          }) {}
    void operator()(std::int64_t piece, int worker) const { call_(callable_, piece, worker); }

   private:
    const void* callable_;
    void (*call_)(const void* callable, std::int64_t piece, int worker);
  };

  /// Calls `work` once for each piece in [0, pieces) and returns when all calls have ended.
  ///
  /// `worker` is in [0, threads()). Within one run(), two pieces with the same `worker` never run at
  /// the same time, so it can index scratch memory of that run(). The calling thread takes part.
  ///
  /// May be called by several threads at once, from inside a piece, and in the child after fork()
  /// if no other thread was inside run() at the fork. Allocates only when threads are started. With
  /// set_parallel_for() the host's threads do the work.
  ///
  /// Throws what the first failing piece threw (the pieces not yet begun are left out),
  /// OUT_OF_MEMORY if a thread cannot be started, CANCELLED if the host's function reports failure.
  void run(std::int64_t pieces, Work work);

 private:
  struct State;
  State& state();

  const int threads_;
  std::atomic<State*> state_{nullptr};  // made by the first run() that needs threads
};

/// casd_set_parallel_for(): makes all pools of the process use the host's threads; NULL: their own.
void set_parallel_for(casd_parallel_for run, std::int32_t workers, void* user);

}  // namespace casd
