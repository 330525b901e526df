// The workspaces of concurrent calls: their number, and no allocation after the first calls.
#include "engine/registry.h"
#include "predict/workspace_pool.h"

#include "core/random.h"
#include "core/thread_pool.h"
#include "model/options.h"
#include "predict/predictor.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace casd {
namespace {

constexpr int callers = 8;

Schema two() {
  Schema schema;
  schema.add_modality("language", 5);
  schema.add_modality("audio", 3);
  schema.add_output("negative");
  schema.add_output("positive");
  return schema;
}

ModelPtr make_model(casd_absent_policy absent, std::int32_t hidden = 8,
                    std::int32_t max_steps = 512) {
  casd_model_options options = default_model_options();
  options.hidden = hidden;
  options.heads = 2;
  options.max_steps = max_steps;
  options.absent = absent;
  return create_model(two(), options);
}

Batch make_batch(std::size_t samples) {
  Batch batch(two());
  for (std::size_t i = 0; i < samples; ++i) {
    Sample& sample = batch.add();
    for (std::int32_t m = 0; m < 2; ++m) {
      std::vector<float> frames((1 + i % 7) * (m == 0 ? 5 : 3));
      RandomStream(3, i, RandomSite::synthetic, static_cast<std::uint32_t>(m)).fill_uniform(frames);
      set_frames(sample, batch.schema(), m, frames);
    }
  }
  return batch;
}

/// A reusable barrier for `count` threads.
class Barrier {
 public:
  explicit Barrier(int count) : count_(count) {}
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    const int round = round_;
    if (++waiting_ == count_) {
      waiting_ = 0;
      ++round_;
      all_here_.notify_all();
    } else {
      all_here_.wait(lock, [&] { return round_ != round; });
    }
  }

 private:
  const int count_;
  int waiting_ = 0, round_ = 0;
  std::mutex mutex_;
  std::condition_variable all_here_;
};

TEST(ZeroSequenceCache, HasAFixedNumberOfEntries) {
  // 256 bytes for each of 2 * 65537 pairs do not fit into the limit.
  ZeroSequenceCache cache(*make_model(CASD_ABSENT_ZEROS, 16, 65536));
  const long before = test::allocations();
  cache.reserve();
  const long made = test::allocations() - before;
  constexpr std::int64_t pairs = 20000;
  for (std::int64_t steps = 0; steps < pairs; ++steps)
    *cache.insert(1, steps) = static_cast<float>(steps);
  EXPECT_EQ(test::allocations() - before, made);
  std::int64_t kept = 0;
  for (std::int64_t steps = 0; steps < pairs; ++steps) {
    EXPECT_EQ(cache.find(0, steps), nullptr);
    const float* found = cache.find(1, steps);
    if (!found) continue;
    EXPECT_EQ(*found, static_cast<float>(steps));
    ++kept;
  }
  EXPECT_GT(kept, 0);
  EXPECT_LE(kept * 256, 1 << 20);
  EXPECT_NE(cache.find(1, pairs - 1), nullptr);
}

TEST(ZeroSequenceCache, HoldsEveryLengthOfASmallModel) {
  ZeroSequenceCache cache(*make_model(CASD_ABSENT_ZEROS, 8, 100));
  cache.reserve();
  for (std::int32_t m = 0; m < 2; ++m)
    for (std::int64_t steps = 1; steps <= 100; ++steps)
      *cache.insert(m, steps) = static_cast<float>(1000 * m + steps);
  for (std::int32_t m = 0; m < 2; ++m)
    for (std::int64_t steps = 1; steps <= 100; ++steps) {
      ASSERT_NE(cache.find(m, steps), nullptr);
      EXPECT_EQ(*cache.find(m, steps), static_cast<float>(1000 * m + steps));
    }
}

TEST(WorkspacePool, HasOneWorkspacePerConcurrentCall) {
  const ModelPtr model = make_model(CASD_ABSENT_EXCLUDED);
  WorkspacePool pool(model, find_engine("cpu", CASD_DEVICE_CPU, false).infer(model, {}));
  std::set<Workspace*> first;
  {
    const WorkspacePool::Lease a(pool), b(pool), c(pool);
    first = {&*a, &*b, &*c};
    EXPECT_EQ(first.size(), 3u);
  }
  EXPECT_EQ(pool.size(), 3);
  const long before = test::allocations();
  for (int i = 0; i < 10; ++i) {
    const WorkspacePool::Lease a(pool), b(pool), c(pool);
    for (Workspace* workspace : {&*a, &*b, &*c}) EXPECT_EQ(first.count(workspace), 1u);
  }
  EXPECT_EQ(test::allocations() - before, 0);
  {
    const WorkspacePool::Lease in_use(pool);
    pool.trim();
    EXPECT_EQ(pool.size(), 1);
  }
  EXPECT_EQ(pool.size(), 1);
  pool.trim();
  EXPECT_EQ(pool.size(), 0);
  const WorkspacePool::Lease again(pool);
  EXPECT_EQ(pool.size(), 1);
}

// A thread of the parent may hold the lock during fork(): the child must not use it.
TEST(WorkspacePool, IsEmptyInTheChildAfterFork) {
  const ModelPtr model = make_model(CASD_ABSENT_EXCLUDED);
  WorkspacePool pool(model, find_engine("cpu", CASD_DEVICE_CPU, false).infer(model, {}));
  { const WorkspacePool::Lease a(pool), b(pool); }
  const WorkspacePool::Lease in_use(pool);
  ASSERT_EQ(pool.size(), 2);
  const pid_t id = fork();
  ASSERT_GE(id, 0);
  if (id == 0) {
    const bool empty = pool.size() == 0;
    { const WorkspacePool::Lease own(pool); }
    _exit(empty && pool.size() == 1 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(id, &status, 0), id);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(pool.size(), 2);
}

struct Host {
  Barrier all_inside{callers};

  /// Runs the bodies when all callers are inside a call.
  static std::int32_t CASD_CALL run(void(CASD_CALL* body)(void*, std::int32_t), void* context,
                                    std::int32_t count, void* user) {
    static_cast<Host*>(user)->all_inside.wait();
    for (std::int32_t i = 0; i < count; ++i) body(context, i);
    return 0;
  }
};

// The host function blocks until all callers are inside their call, so that each has a workspace.
// After that no call allocates.
TEST(SharedPredictor, DoesNotAllocateOnceEachConcurrentCallHasAWorkspace) {
  for (const casd_absent_policy absent : {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS}) {
    casd_predictor_options options = default_predictor_options();
    options.threads = 3;
    const Predictor predictor(make_model(absent), options);
    const Batch batch = make_batch(12);
    Host host;
    Barrier barrier(callers + 1);
    std::vector<Prediction> predictions(callers);
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i)
      threads.emplace_back([&, i] {
        Prediction& mine = predictions[static_cast<std::size_t>(i)];
        barrier.wait();
        predictor.predict(mine, batch, CASD_ALL_MODALITIES);
        barrier.wait();
        barrier.wait();
        for (int round = 0; round < 100; ++round)
          predictor.predict(mine, batch, static_cast<casd_modality_mask>(1 + (round + i) % 3));
        barrier.wait();
      });
    set_parallel_for(&Host::run, 3, &host);
    barrier.wait();
    barrier.wait();
    set_parallel_for(nullptr, 0, nullptr);
    Prediction starts_the_threads;
    predictor.predict(starts_the_threads, batch, CASD_ALL_MODALITIES);
    EXPECT_EQ(predictor.workspaces(), callers);
    const long before = test::allocations();
    barrier.wait();
    barrier.wait();
    EXPECT_EQ(test::allocations() - before, 0) << "absent " << absent;
    EXPECT_EQ(predictor.workspaces(), callers);
    for (std::thread& thread : threads) thread.join();
  }
}

// Without a thread pool it is not deterministic when a workspace is created, but the number of
// workspaces and the allocations of each are bounded.
TEST(SharedPredictor, AllocatesWorkspacesOnly) {
  const Predictor predictor(make_model(CASD_ABSENT_ZEROS), default_predictor_options());
  const Batch batch = make_batch(5);
  std::vector<std::thread> threads;
  constexpr int rounds = 200;
  const long before = test::allocations();
  for (int i = 0; i < callers; ++i)
    threads.emplace_back([&, i] {
      Prediction prediction;
      for (int round = 0; round < rounds; ++round)
        predictor.predict(prediction, batch, static_cast<casd_modality_mask>(1 + (round + i) % 3));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(test::allocations() - before, callers * 50);
  EXPECT_LT(callers * 50, callers * rounds);
  EXPECT_LE(predictor.workspaces(), callers);
  predictor.trim();
  EXPECT_EQ(predictor.workspaces(), 0);
}

}  // namespace
}  // namespace casd
