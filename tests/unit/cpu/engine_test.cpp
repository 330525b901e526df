// The inference engine: items that are divided between threads, in every order in which these can run.
#include "cpu/engine.h"

#include "core/thread_pool.h"
#include "cpu/encoder.h"
#include "model/options.h"
#include "unit/cpu/kernel_support.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace casd {
namespace {

using cpu::test::Buffer;

constexpr std::int64_t most_steps = 30;
constexpr std::array<std::int32_t, 3> features{11, 3, 24};

ModelPtr make_model(casd_pooling pooling, std::int32_t layers) {
  Schema schema;
  for (std::size_t m = 0; m < features.size(); ++m)
    schema.add_modality("m" + std::to_string(m), features[m]);
  schema.add_output("x");
  schema.add_output("y");
  casd_model_options options = default_model_options();
  options.pooling = pooling;
  options.layers = layers;
  options.hidden = 8;
  options.heads = 2;
  return create_model(schema, options);
}

/// Items of all modalities or of one, with different lengths, and what the encoder alone computes of them.
struct Items {
  Items(const Encoder& encoder, std::size_t count, bool one_modality = false) {
    const std::size_t width = 4 * 8;
    nig.assign(count, std::vector<float>(width));
    expected = nig;
    sums.assign(count, std::vector<double>(encoder.sum_count()));
    expected_sums = sums;
    reads = std::vector<std::atomic<int>>(count);
    std::vector<float> scratch(encoder.scratch_size(most_steps));
    for (std::size_t i = 0; i < count; ++i) {
      const auto modality = one_modality ? 0 : static_cast<std::int32_t>(i % features.size());
      const auto steps = static_cast<std::int32_t>(1 + 17 * i % most_steps);
      frames.emplace_back(
          std::make_unique<Buffer>(steps * features[static_cast<std::size_t>(modality)]));
      cpu::test::fill(*frames.back(), i);
      items.push_back({frames.back()->data(), nig[i].data(), steps, modality});
      encoder.encode(modality, frames.back()->data(), steps, scratch.data(), expected[i].data(),
                     expected_sums[i].data());
    }
  }

  std::vector<std::unique_ptr<Buffer>> frames;
  std::vector<EncodeItem> items;
  std::vector<std::vector<float>> nig, expected;
  std::vector<std::vector<double>> expected_sums;
  mutable std::vector<std::vector<double>> sums;
  mutable std::vector<std::atomic<int>> reads;
};

class Reader final : public FrameSumReader {
 public:
  explicit Reader(const Items& items) : items_(items) {}
  FrameSumItem item(std::size_t) const override { return {}; }
  void read(std::size_t index, double* sums) const override {
    ++items_.reads[index];
    const std::int64_t count =
        frame_sum_count(features[static_cast<std::size_t>(items_.items[index].modality)]);
    std::copy_n(sums, count, items_.sums[index].begin());
  }

 private:
  const Items& items_;
};

/// Runs the bodies of a call in a given order, one after the other.
struct Host {
  bool backwards = false;
  static std::int32_t CASD_CALL run(void(CASD_CALL* body)(void*, std::int32_t), void* context,
                                    std::int32_t count, void* user) {
    for (std::int32_t i = 0; i < count; ++i)
      body(context, static_cast<Host*>(user)->backwards ? count - 1 - i : i);
    return 0;
  }
};

/// Whether the engine computes each item as the encoder alone does, and reads its sums once.
void expect_right(const ModelPtr& model, int threads, std::size_t count, int rounds,
                  bool one_modality = false) {
  const Encoder encoder(model);
  EngineSetup setup;
  setup.threads = threads;
  const InferenceEnginePtr engine = cpu_engine().infer(model, setup);
  const std::unique_ptr<EngineWorkspace> workspace = engine->workspace();
  for (int round = 0; round < rounds; ++round) {
    const Items items(encoder, count, one_modality);
    const Reader reader(items);
    engine->encode({items.items.data(), count}, workspace.get(), &reader);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(items.reads[i], 1);
      ASSERT_EQ(items.nig[i], items.expected[i])
          << threads << " threads, item " << i << " of " << count;
      ASSERT_EQ(items.sums[i], items.expected_sums[i]);
    }
  }
}

class CpuEngine : public testing::Test {
 protected:
  void TearDown() override { set_parallel_for(nullptr, 0, nullptr); }
};

void for_all_divisions(int rounds) {
  for (const casd_pooling pooling : {CASD_POOLING_LAST, CASD_POOLING_MEAN})
    for (const std::int32_t layers : {1, 4}) {
      const ModelPtr model = make_model(pooling, layers);
      for (const int threads : {2, 3, 5})
        for (std::size_t count = 1; count <= static_cast<std::size_t>(2 * threads) + 1; ++count)
          ASSERT_NO_FATAL_FAILURE(expect_right(model, threads, count, rounds));
    }
}

TEST_F(CpuEngine, DividedItemsHaveTheSameBits) { for_all_divisions(3); }

// The thread that begins late, or never, leaves its share to the other one.
TEST_F(CpuEngine, DividedItemsHaveTheSameBitsInEveryOrder) {
  Host host;
  for (const bool backwards : {false, true}) {
    host.backwards = backwards;
    set_parallel_for(&Host::run, 8, &host);
    for_all_divisions(1);
  }
}

// Items that share vectors, in groups of every size.
TEST_F(CpuEngine, BatchesHaveTheSameBits) {
  const ModelPtr model = make_model(CASD_POOLING_LAST, 2);
  for (const int threads : {1, 3})
    for (const std::size_t count : {2, 3, 4, 7, 29, 120})
      for (const bool one_modality : {false, true})
        ASSERT_NO_FATAL_FAILURE(expect_right(model, threads, count, 1, one_modality));
}

TEST_F(CpuEngine, ConcurrentCallsDoNotDisturbEachOther) {
  const ModelPtr model = make_model(CASD_POOLING_LAST, 2);
  EngineSetup setup;
  setup.threads = 3;
  const InferenceEnginePtr engine = cpu_engine().infer(model, setup);
  const Encoder encoder(model);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      const std::unique_ptr<EngineWorkspace> workspace = engine->workspace();
      for (std::size_t round = 0; round < 60; ++round) {
        const Items items(encoder, 2 + round % 4);
        engine->encode({items.items.data(), items.items.size()}, workspace.get());
        if (items.nig != items.expected) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace casd
