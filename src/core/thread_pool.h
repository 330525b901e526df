// A few threads that share out numbered pieces of work and wait for each other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace casd {

class ThreadPool {
 public:
  /// threads = 1 starts none: run() works on the caller's thread.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// A piece of work: its number and which worker (0 .. threads - 1) does it.
  using Work = std::function<void(std::int64_t piece, int worker)>;

  /// Calls work for 0 .. pieces - 1 and returns when all are done; the caller's thread is worker 0.
  /// The first exception is thrown again here. Does not allocate.
  void run(std::int64_t pieces, const Work& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace casd
