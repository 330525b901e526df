#include "predict/workspace_pool.h"

#include "core/platform.h"

#include <mutex>
#include <vector>

namespace casd {

struct WorkspacePool::State {
  const std::uint64_t process = process_generation();
  std::mutex mutex;
  std::vector<std::unique_ptr<Workspace>> idle;  // capacity: at least `count`
  std::int64_t count = 0;                        // idle or in use
};

WorkspacePool::~WorkspacePool() {
  State* state = state_.load();
  if (state && state->process == process_generation()) delete state;
}

WorkspacePool::State& WorkspacePool::state() {
  State* state = state_.load(std::memory_order_acquire);
  if (state && state->process == process_generation()) return *state;
  // The child abandons the parent's state: its lock may never be released.
  auto made = std::make_unique<State>();
  if (state_.compare_exchange_strong(state, made.get(), std::memory_order_acq_rel))
    return *made.release();
  return *state;
}

WorkspacePool::Lease::Lease(WorkspacePool& pool) : state_(pool.state()) {
  {
    const std::lock_guard<std::mutex> lock(state_.mutex);
    if (!state_.idle.empty()) {
      workspace_ = std::move(state_.idle.back());
      state_.idle.pop_back();
      return;
    }
    // Reserves the capacity to return it, so that the destructor cannot fail.
    state_.idle.reserve(static_cast<std::size_t>(state_.count) + 1);
    ++state_.count;
  }
  try {
    workspace_ = std::make_unique<Workspace>(*pool.model_, *pool.engine_);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(state_.mutex);
    --state_.count;
    throw;
  }
}

WorkspacePool::Lease::~Lease() {
  if (state_.process != process_generation()) return;  // fork() during a call
  const std::lock_guard<std::mutex> lock(state_.mutex);
  state_.idle.push_back(std::move(workspace_));
}

std::int64_t WorkspacePool::size() {
  State& now = state();
  const std::lock_guard<std::mutex> lock(now.mutex);
  return now.count;
}

void WorkspacePool::trim() {
  State& now = state();
  std::vector<std::unique_ptr<Workspace>> idle;
  const std::lock_guard<std::mutex> lock(now.mutex);
  idle.reserve(now.idle.capacity());
  now.count -= static_cast<std::int64_t>(now.idle.size());
  idle.swap(now.idle);
}

}  // namespace casd
