// Control of LibTorch's threads. ATen and MKL split single operations over OpenMP threads. These
// busy-wait and take processor time from other programs. The plug-in therefore runs every operation
// on one thread and distributes rows of the batch over threads that sleep while they wait.
#pragma once

#include <functional>
#include <memory>

namespace casd::torch_engine {

/// Makes ATen, MKL and OpenMP use one thread for operations of the calling thread. Call it only in
/// threads of the plug-in: the setting is per thread, so the host's threads keep their settings.
void use_one_aten_thread();

/// A thread that runs all calls of one network. LibTorch's per-thread state (number of threads,
/// gradient mode, current device) is therefore neither read nor changed in a thread of the host.
class CallThread {
 public:
  CallThread();
  /// Does not join the thread in the child after fork(), where it does not exist.
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  /// False in the child after fork().
  bool exists() const;

  /// Runs `call` on the thread, waits for it and rethrows its exception. One caller at a time.
  /// Throws STATE if the thread does not exist.
  void run(const std::function<void()>& call);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace casd::torch_engine
