#include "core/thread_pool.h"

#include "core/callback_slot.h"
#include "core/error.h"
#include "core/platform.h"
#include "core/spin.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace casd {
namespace {

/// The work of one run(), on the stack of its caller.
struct Job {
  Job(std::int64_t count, ThreadPool::Work function) : pieces(count), work(function) {}

  bool has_pieces() const { return next.load(std::memory_order_relaxed) < pieces; }

  /// Takes pieces until none is left. Never throws.
  void take_pieces(int worker, std::mutex& mutex) noexcept {
    try {
      for (std::int64_t piece = next++; piece < pieces; piece = next++) work(piece, worker);
    } catch (...) {
      next.store(pieces);  // no other piece begins
      const std::lock_guard<std::mutex> lock(mutex);
      if (!error) error = std::current_exception();
    }
  }

  const std::int64_t pieces;
  const ThreadPool::Work work;
  std::atomic<std::int64_t> next{0};
  // Written under the mutex:
  std::atomic<int> helpers{0};  // threads besides the caller that are in take_pieces()
  // Under the mutex:
  std::exception_ptr error;
  std::condition_variable no_helpers;
  int workers = 1;  // numbers given out; the caller is worker 0
  Job* following = nullptr;
};

// ---- The host's threads --------------------------------------------------------------------------

constexpr int most_host_workers = 256;  // the largest value of an option `threads`

struct ParallelFor {
  casd_parallel_for run = nullptr;
  std::int32_t workers = 0;
  void* user = nullptr;
};

CallbackSlot<ParallelFor>& parallel_for() {
  static auto& slot = *new CallbackSlot<ParallelFor>(ParallelFor{});  // outlives all threads
  return slot;
}

// Whether there ever was a host function: spares other processes the slot's lock.
std::atomic<bool> host_threads{false};

// Inside a piece on a host thread. A nested run() then stays on this thread: the host's function
// need not support calls from its own jobs.
thread_local bool in_host_piece = false;

/// What the host's function calls back with.
struct HostJob {
  Job job;
  int count;
  std::mutex mutex;
  std::array<bool, most_host_workers> begun{};

  static void CASD_CALL body(void* context, std::int32_t index) {
    HostJob& self = *static_cast<HostJob*>(context);
    {
      const std::lock_guard<std::mutex> lock(self.mutex);
      // An index that the host calls twice would share its scratch memory.
      if (index < 0 || index >= self.count || self.begun[static_cast<std::size_t>(index)]) return;
      self.begun[static_cast<std::size_t>(index)] = true;
      ++self.job.helpers;
    }
    const bool outer = in_host_piece;
    in_host_piece = true;
    self.job.take_pieces(index, self.mutex);
    in_host_piece = outer;
    const std::lock_guard<std::mutex> lock(self.mutex);
    if (--self.job.helpers == 0) self.job.no_helpers.notify_one();
  }
};

/// false: there is no host function.
bool run_on_host(std::int64_t pieces, ThreadPool::Work work, int threads) {
  CallbackSlot<ParallelFor>::Call call(parallel_for());
  const ParallelFor& host = call.setting;
  if (!host.run) return false;
  HostJob all{{pieces, work}, std::min({threads, host.workers, most_host_workers}), {}};
  all.count = static_cast<int>(std::min<std::int64_t>(all.count, pieces));
  const std::int32_t failure = host.run(&HostJob::body, &all, all.count, host.user);
  {
    std::unique_lock<std::mutex> lock(all.mutex);
    all.job.no_helpers.wait(lock, [&] { return all.job.helpers == 0; });
  }
  if (all.job.error) std::rethrow_exception(all.job.error);
  if (failure != 0)
    fail(CASD_ERROR_CANCELLED, "the host's parallel-for function returned ", failure);
  if (all.job.has_pieces())
    fail(CASD_ERROR_STATE, "the host's parallel-for function returned without calling its body");
  return true;
}

}  // namespace

void set_parallel_for(casd_parallel_for run, std::int32_t workers, void* user) {
  if (run) host_threads = true;
  parallel_for().set({run, workers, user});
}

// ---- Own threads ---------------------------------------------------------------------------------

struct ThreadPool::State {
  explicit State(int thread_limit) : limit(thread_limit), process(process_generation()) {}

  ~State() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stop = true;
      ++posted;
    }
    work_ready.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  /// Under the mutex.
  void start_threads() {
    try {
      threads.reserve(static_cast<std::size_t>(limit - 1));
      while (static_cast<int>(threads.size()) < limit - 1)
        threads.emplace_back([this] { serve(); });
    } catch (const std::system_error& e) {
      fail(CASD_ERROR_OUT_OF_MEMORY, "thread ", threads.size() + 2, " of ", limit,
           " cannot be started: ", e.what());
    }
  }

  Job* open_job() const {
    for (Job* job = first; job; job = job->following)
      if (job->has_pieces() && job->workers < limit) return job;
    return nullptr;
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      Job* job = nullptr;
      const auto has_work = [&] { return stop || (job = open_job()) != nullptr; };
      if (!has_work()) {
        const std::uint32_t seen = posted;
        lock.unlock();
        spin_until([&] { return posted.load(std::memory_order_relaxed) != seen; });
        lock.lock();
        work_ready.wait(lock, has_work);
      }
      if (stop) return;
      const int worker = job->workers++;
      ++job->helpers;
      lock.unlock();
      job->take_pieces(worker, mutex);
      lock.lock();
      // Under the lock: without helpers the caller ends the job's life.
      if (--job->helpers == 0) job->no_helpers.notify_one();
    }
  }

  void run(Job& job) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      start_threads();
      Job** last = &first;
      while (*last) last = &(*last)->following;
      *last = &job;
      ++posted;
    }
    const std::int64_t wanted = std::min<std::int64_t>(job.pieces, limit) - 1;
    for (std::int64_t i = 0; i < wanted; ++i) work_ready.notify_one();
    job.take_pieces(0, mutex);
    std::unique_lock<std::mutex> lock(mutex);
    Job** link = &first;
    while (*link != &job) link = &(*link)->following;
    *link = job.following;
    if (job.helpers != 0) {
      lock.unlock();
      spin_until([&] { return job.helpers.load(std::memory_order_relaxed) == 0; });
      lock.lock();
    }
    job.no_helpers.wait(lock, [&] { return job.helpers == 0; });
  }

  const int limit;
  const std::uint64_t process;  // the one whose threads these are
  std::mutex mutex;
  std::condition_variable work_ready;
  std::vector<std::thread> threads;
  Job* first = nullptr;  // jobs in the order in which they came
  bool stop = false;
  std::atomic<std::uint32_t> posted{0};  // written under the mutex: jobs, and the stop
};

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  // Registers the fork handler before there is something to forget.
  process_generation();
}

ThreadPool::~ThreadPool() {
  State* state = state_.load();
  if (state && state->process == process_generation()) delete state;
}

ThreadPool::State& ThreadPool::state() {
  State* state = state_.load(std::memory_order_acquire);
  if (state && state->process == process_generation()) return *state;
  // After fork() the child has none of the parent's threads, and their locks may stay locked.
  // The parent's state is leaked: joining its threads or destroying its condition variables hangs.
  auto* made = new State(threads_);
  if (state_.compare_exchange_strong(state, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *state;
}

void ThreadPool::run(std::int64_t pieces, Work work) {
  if (threads_ <= 1 || pieces <= 1 || in_host_piece) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) work(piece, 0);
    return;
  }
  if (host_threads && run_on_host(pieces, work, threads_)) return;
  Job job(pieces, work);
  state().run(job);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace casd
