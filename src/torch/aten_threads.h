// LibTorch's threads. ATen and MKL split single operations over OpenMP threads, which spin while they
// wait and keep other programs from the processor. The plug-in therefore runs every operation on one
// thread and shares out rows of the batch over threads that sleep instead.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace casd::torch_plugin {

/// ATen, MKL and OpenMP use one thread for what this thread runs from now on. Only for threads of the
/// plug-in: the setting is per thread, and those of the host keep theirs.
void use_one_aten_thread();

/// A thread on which all calls of one network run. What LibTorch keeps per thread (number of threads,
/// gradient mode, current device) is thus never read from nor changed in a thread of the host.
class CallThread {
 public:
  CallThread();
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  /// Runs `call` and waits for it; what it throws is thrown here. One caller at a time.
  void run(const std::function<void()>& call);

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* call_ = nullptr;  // NULL: nothing to do
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace casd::torch_plugin
