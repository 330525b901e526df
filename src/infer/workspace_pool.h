// The idle workspaces of a predictor, shared by its callers.
#pragma once

#include "infer/workspace.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace casd {

/// Makes a workspace when none is idle, so there are at most as many as calls were ever in flight.
/// Any number of threads. After fork() the child begins without workspaces, because a thread of the
/// parent may have held the lock.
class WorkspacePool {
  struct State;

 public:
  explicit WorkspacePool(ModelPtr model) : model_(std::move(model)) {}
  ~WorkspacePool();
  WorkspacePool(const WorkspacePool&) = delete;
  WorkspacePool& operator=(const WorkspacePool&) = delete;

  /// A workspace for the life of this object. Taking an idle one and returning it do not allocate.
  class Lease {
   public:
    explicit Lease(WorkspacePool& pool);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Workspace& operator*() const { return *workspace_; }

   private:
    State& state_;
    std::unique_ptr<Workspace> workspace_;
  };

  /// How many there are, idle or in use.
  std::int64_t size();
  /// Destroys the idle ones.
  void trim();

 private:
  State& state();

  const ModelPtr model_;
  std::atomic<State*> state_{nullptr};
};

}  // namespace casd
