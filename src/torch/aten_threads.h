// LibTorch's threads. ATen and MKL split single operations over OpenMP threads, which spin while they
// wait and keep other programs from the processor. The plug-in therefore runs every operation on one
// thread and shares out rows of the batch over threads that sleep instead.
#pragma once

#include <functional>
#include <memory>

namespace casd::torch_engine {

/// ATen, MKL and OpenMP use one thread for what this thread runs from now on. Only for threads of the
/// plug-in: the setting is per thread, and those of the host keep theirs.
void use_one_aten_thread();

/// A thread on which all calls of one network run. What LibTorch keeps per thread (number of threads,
/// gradient mode, current device) is thus never read from nor changed in a thread of the host.
class CallThread {
 public:
  CallThread();
  /// Leaves the thread alone in the child after fork(), where it does not exist.
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  /// False in the child after fork().
  bool exists() const;

  /// Runs `call` and waits for it; what it throws is thrown here. One caller at a time. Throws STATE
  /// where the thread does not exist.
  void run(const std::function<void()>& call);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace casd::torch_engine
