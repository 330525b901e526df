#include "torch/aten_threads.h"

#include "core/error.h"

#include <ATen/Parallel.h>

#include <exception>
#include <system_error>

// OpenMP's and MKL's own functions, taken from what LibTorch was built with; a LibTorch without one of
// them leaves the symbol undefined.
extern "C" {
__attribute__((weak)) void omp_set_num_threads(int threads);
__attribute__((weak)) int MKL_Set_Num_Threads_Local(int threads);
}

namespace casd::torch_plugin {

void use_one_aten_thread() {
  thread_local bool done = false;
  if (done) return;
  // The first call in a thread sets it to the process-wide number; later ones leave it alone.
  at::get_num_threads();
  if (omp_set_num_threads) omp_set_num_threads(1);
  if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(1);
  done = true;
}

CallThread::CallThread() {
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error& e) {
    fail(CASD_ERROR_OUT_OF_MEMORY, "a thread could not be started: ", e.what());
  }
}

CallThread::~CallThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CallThread::run(const std::function<void()>& call) {
  std::unique_lock<std::mutex> lock(mutex_);
  call_ = &call;
  changed_.notify_all();
  changed_.wait(lock, [&] { return call_ == nullptr; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void CallThread::serve() {
  use_one_aten_thread();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || call_; });
    if (stop_) return;
    const std::function<void()>& call = *call_;
    lock.unlock();
    std::exception_ptr error;
    try {
      call();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    call_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace casd::torch_plugin
