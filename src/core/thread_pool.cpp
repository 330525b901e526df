#include "core/thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace casd {

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable start, finished;
  std::vector<std::thread> threads;
  const Work* work = nullptr;
  std::int64_t pieces = 0;
  std::uint64_t round = 0;  // grows by one for each run(); what a sleeping thread waits for
  int busy = 0;
  bool stop = false;
  std::atomic<std::int64_t> next{0};
  std::exception_ptr error;

  void take_pieces(const Work& todo, std::int64_t count, int worker) {
    try {
      for (std::int64_t piece = next.fetch_add(1); piece < count; piece = next.fetch_add(1))
        todo(piece, worker);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!error) error = std::current_exception();
      next.store(count);  // nobody begins another piece
    }
  }

  void serve(int worker) {
    std::uint64_t seen = 0;
    for (;;) {
      const Work* todo = nullptr;
      std::int64_t count = 0;
      {
        std::unique_lock<std::mutex> lock(mutex);
        start.wait(lock, [&] { return stop || round != seen; });
        if (stop) return;
        seen = round;
        todo = work;
        count = pieces;
      }
      take_pieces(*todo, count, worker);
      const std::lock_guard<std::mutex> lock(mutex);
      if (--busy == 0) finished.notify_one();
    }
  }

  void join() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stop = true;
    }
    start.notify_all();
    for (auto& thread : threads) thread.join();
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  try {
    for (int i = 1; i < threads; ++i)
      state_->threads.emplace_back([state = state_.get(), i] { state->serve(i); });
  } catch (...) {
    state_->join();
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->join(); }

int ThreadPool::threads() const { return static_cast<int>(state_->threads.size()) + 1; }

void ThreadPool::run(std::int64_t pieces, const Work& work) {
  State& state = *state_;
  if (state.threads.empty() || pieces <= 1) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) work(piece, 0);
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    state.work = &work;
    state.pieces = pieces;
    state.next.store(0);
    state.busy = static_cast<int>(state.threads.size());
    state.error = nullptr;
    ++state.round;
  }
  state.start.notify_all();
  state.take_pieces(work, pieces, 0);
  std::unique_lock<std::mutex> lock(state.mutex);
  state.finished.wait(lock, [&] { return state.busy == 0; });
  if (state.error) std::rethrow_exception(state.error);
}

}  // namespace casd
