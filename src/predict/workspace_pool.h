// The idle workspaces of a predictor, shared by its callers.
#pragma once

#include "predict/workspace.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace casd {

/// Creates a workspace when none is idle, so their number is at most the maximum number of concurrent
/// calls. Any number of threads. After fork() the child starts without workspaces, because a thread
/// of the parent may have held the lock.
class WorkspacePool {
  struct State;

 public:
  WorkspacePool(ModelPtr model, InferenceEnginePtr engine)
      : model_(std::move(model)), engine_(std::move(engine)) {}
  ~WorkspacePool();
  WorkspacePool(const WorkspacePool&) = delete;
  WorkspacePool& operator=(const WorkspacePool&) = delete;

  /// Holds a workspace for the lifetime of this object. Taking and returning an idle workspace does
  /// not allocate.
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

  /// Number of workspaces, idle or in use.
  std::int64_t size();
  /// Destroys the idle workspaces.
  void trim();

 private:
  State& state();

  const ModelPtr model_;
  const InferenceEnginePtr engine_;
  std::atomic<State*> state_{nullptr};
};

}  // namespace casd
