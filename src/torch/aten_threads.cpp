#include "torch/aten_threads.h"

#include "core/error.h"
#include "core/platform.h"

#include <ATen/Parallel.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

// Functions of the OpenMP and MKL libraries that LibTorch was built with. The symbol is NULL if
// LibTorch was built without one of them.
extern "C" {
__attribute__((weak)) void omp_set_num_threads(int threads);
__attribute__((weak)) int MKL_Set_Num_Threads_Local(int threads);
}

namespace casd::torch_engine {

void use_one_aten_thread() {
  thread_local bool done = false;
  if (done) return;
  // The first call in a thread sets its number to the process-wide one. It must come first, or it
  // would undo the settings below.
  at::get_num_threads();
  if (omp_set_num_threads) omp_set_num_threads(1);
  if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(1);
  done = true;
}

struct CallThread::State {
  void serve() {
    use_one_aten_thread();
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return stop || call; });
      if (stop) return;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*call)();
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      error = thrown;
      call = nullptr;
      changed.notify_all();
    }
  }

  const std::uint64_t process = process_generation();  // the process that owns the thread
  std::mutex mutex;
  std::condition_variable changed;
  const std::function<void()>* call = nullptr;  // NULL: idle
  std::exception_ptr error;
  bool stop = false;
  std::thread thread;
};

CallThread::CallThread() : state_(std::make_unique<State>()) {
  try {
    state_->thread = std::thread([state = state_.get()] { state->serve(); });
  } catch (const std::system_error& e) {
    fail(CASD_ERROR_OUT_OF_MEMORY, "a thread cannot be started: ", e.what());
  }
}

CallThread::~CallThread() {
  if (!exists()) {
    state_.release();  // its thread can be neither joined nor detached
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stop = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

bool CallThread::exists() const { return state_->process == process_generation(); }

void CallThread::run(const std::function<void()>& call) {
  if (!exists())
    fail(CASD_ERROR_STATE,
         "this object was created before fork() and cannot run in the child: create one there");
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  state.call = &call;
  state.changed.notify_all();
  state.changed.wait(lock, [&] { return state.call == nullptr; });
  if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
}

}  // namespace casd::torch_engine
