// Threads of the loaded plug-in: it does not change LibTorch's settings in threads of the host.
#include "core/error.h"
#include "parity/support.h"
#include "train/learned_state.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

extern "C" {
__attribute__((weak)) int omp_get_max_threads();
__attribute__((weak)) void omp_set_num_threads(int threads);
__attribute__((weak)) int MKL_Get_Max_Threads();
}

namespace casd {
namespace {

using test::SyntheticStep;

/// Every call of the plug-in, two steps; `at_end` runs before the network is destroyed.
void use_plugin(
    int threads, const std::function<void()>& at_end = [] {}) {
  casd_trainer_options options = default_trainer_options();
  options.threads = threads;
  SyntheticStep step(options);
  const auto engine = test::plugin_engine(*step.model, options);
  engine->begin_phase(TrainingPhase::student);
  for (int i = 0; i < 2; ++i) step.step(*engine);
  write_learned(*engine, read_learned(*engine, step.model->layout(), false));
  EXPECT_TRUE(engine->snapshot());
  at_end();
}

struct Settings {
  int aten = 0, mkl = 0, openmp = 0;
  bool gradient = false;
  bool operator==(const Settings& b) const {
    return aten == b.aten && mkl == b.mkl && openmp == b.openmp && gradient == b.gradient;
  }
};

Settings settings() {
  return {at::get_num_threads(), MKL_Get_Max_Threads ? MKL_Get_Max_Threads() : 0,
          omp_get_max_threads ? omp_get_max_threads() : 0, at::GradMode::is_enabled()};
}

Settings in_new_thread(const std::function<void()>& first) {
  Settings out;
  std::thread([&] {
    first();
    out = settings();
  }).join();
  return out;
}

TEST(PluginThreads, KeepTheSettingsOfTheHost) {
  const int before = at::get_num_threads();
  for (const int of_host : {2, 3}) {
    at::set_num_threads(of_host);
    const Settings here = settings(), fresh = in_new_thread([] {});
    EXPECT_EQ(here.aten, of_host);
    for (const int threads : {1, 2}) {
      const auto check = [&] {
        EXPECT_TRUE(settings() == here);
        EXPECT_TRUE(in_new_thread([] {}) == fresh);
      };
      use_plugin(threads, check);
      check();
      // A thread that calls the plug-in before it uses LibTorch itself.
      EXPECT_TRUE(in_new_thread([&] { use_plugin(threads); }) == fresh);
    }
  }
  at::set_num_threads(before);
}

TEST(PluginThreads, KeepTheOpenMpSettingsOfAHostWithoutLibTorch) {
  if (!omp_set_num_threads) GTEST_SKIP() << "LibTorch was built without OpenMP";
  std::thread([] {
    omp_set_num_threads(7);
    use_plugin(2);
    EXPECT_EQ(omp_get_max_threads(), 7);
  }).join();
}

TEST(PluginThreads, WorkInAHostThreadWithoutGradient) {
  const at::NoGradGuard no_grad;
  casd_trainer_options options = default_trainer_options();
  SyntheticStep step(options);
  const auto engine = test::plugin_engine(*step.model, options);
  EXPECT_GT(step.step(*engine).gradient_norm, 0);
}

std::ptrdiff_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

/// The threads of the process once their number does not change any more. Linux can list a thread for a moment
/// after it was joined.
std::ptrdiff_t settled_threads() {
  std::ptrdiff_t threads = threads_of_process();
  for (int same = 0; same < 20; ++same) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (threads_of_process() == threads) continue;
    threads = threads_of_process();
    same = 0;
  }
  return threads;
}

/// The threads of the process once there are `expected`.
std::ptrdiff_t threads_after_waiting_for(std::ptrdiff_t expected) {
  for (int i = 0; i < 1000 && threads_of_process() != expected; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return threads_of_process();
}

TEST(PluginThreads, EndWithTheNetwork) {
  if (!std::filesystem::exists("/proc/self/task")) GTEST_SKIP() << "counts threads in /proc";
  use_plugin(1);  // starts threads that live as long as the process
  const std::ptrdiff_t before = settled_threads();
  for (const int threads : {1, 2, 4}) {
    // One thread for the calls and threads - 1 workers, which sleep when idle. No OpenMP threads,
    // because they busy-wait between operations.
    use_plugin(threads, [&] {
      EXPECT_EQ(threads_after_waiting_for(before + threads), before + threads) << threads;
    });
    EXPECT_EQ(threads_after_waiting_for(before), before);
  }
}

TEST(PluginThreads, DoNotHangInTheChildAfterFork) {
  casd_trainer_options options = default_trainer_options();
  options.threads = 2;
  SyntheticStep step(options);
  auto engine = test::plugin_engine(*step.model, options);
  step.step(*engine);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    int code = 1;
    try {
      step.step(*engine);
    } catch (const Error& error) {
      if (error.status() == CASD_ERROR_STATE) code = 0;
    }
    engine.reset();
    _exit(code);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  step.step(*engine);
}

}  // namespace
}  // namespace casd
