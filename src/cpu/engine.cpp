#include "cpu/engine.h"

#include "core/live_bytes.h"
#include "core/thread_pool.h"
#include "cpu/division.h"
#include "cpu/encoder.h"
#include "cpu/training_engine.h"

#include <algorithm>
#include <vector>

namespace casd {
namespace {

constexpr std::size_t floats_per_cache_line = 16;

/// Scratch memory for each worker.
class CpuWorkspace final : public EngineWorkspace {
 public:
  /// `sums` may be 0.
  void reserve(int workers, std::size_t count, std::size_t sums) {
    // No two workers write to the same cache line.
    const std::size_t stride =
        std::max(stride_, (count / floats_per_cache_line + 2) * floats_per_cache_line);
    const std::size_t size = static_cast<std::size_t>(workers) * stride;
    if (scratch_.size() < size) {
      Floats().swap(scratch_);  // frees the old memory first: its content is not needed
      scratch_.resize(size);
    }
    stride_ = stride;
    sum_stride_ = std::max(sum_stride_, sums);
    sums_.resize(static_cast<std::size_t>(workers) * sum_stride_);
  }
  float* scratch(int worker) {
    return scratch_.data() + static_cast<std::size_t>(worker) * stride_;
  }
  double* sums(int worker) { return sums_.data() + static_cast<std::size_t>(worker) * sum_stride_; }

 private:
  Floats scratch_;  // [workers, stride]
  std::size_t stride_ = 0;
  std::vector<double> sums_;  // [workers, sum_stride]
  std::size_t sum_stride_ = 0;
};

class CpuInference final : public InferenceEngine {
 public:
  CpuInference(const ModelPtr& model, int threads) : encoder_(model), pool_(threads) {}

  const EngineCapabilities& capabilities() const override { return cpu_capabilities; }
  std::unique_ptr<EngineWorkspace> workspace() const override {
    return std::make_unique<CpuWorkspace>();
  }

  void encode(Span<const EncodeItem> items, EngineWorkspace* workspace,
              const FrameSumReader* reader) const override {
    auto& scratch = static_cast<CpuWorkspace&>(*workspace);
    std::int64_t longest = 1;
    for (const EncodeItem& item : items) longest = std::max<std::int64_t>(longest, item.steps);
    scratch.reserve(pool_.threads(), encoder_.scratch_size(longest),
                    reader ? encoder_.sum_count() : 0);
    const auto encode_one = [&](std::size_t i, int worker) {
      const EncodeItem& item = items[i];
      double* sums = reader ? scratch.sums(worker) : nullptr;
      encoder_.encode(item.modality, item.frames, item.steps, scratch.scratch(worker), item.nig,
                      sums);
      if (reader) reader->read(i, sums);
    };
    const auto threads = static_cast<std::size_t>(pool_.threads());
    if (threads == 1 || items.size() > std::min(2 * threads, cpu::most_divided)) {
      pool_.run(static_cast<std::int64_t>(items.size()), [&](std::int64_t piece, int worker) {
        encode_one(static_cast<std::size_t>(piece), worker);
      });
      return;
    }
    const cpu::Division division = cpu::divide(items.size(), threads, [&](std::size_t i) {
      return encoder_.cost(items[i].modality, items[i].steps);
    });
    pool_.run(static_cast<std::int64_t>(division.groups), [&](std::int64_t piece, int worker) {
      const auto group = static_cast<std::size_t>(piece);
      for (std::size_t k = division.begin[group]; k < division.begin[group + 1]; ++k)
        encode_one(division.piece[k], worker);
    });
  }

 private:
  const Encoder encoder_;
  mutable ThreadPool pool_;  // any number of callers
};

}  // namespace

EngineEntry cpu_engine() {
  return {cpu_capabilities, true,
          [](const ModelPtr& model, const EngineSetup& setup) -> InferenceEnginePtr {
            return std::make_shared<const CpuInference>(model, setup.threads);
          },
          cpu::make_cpu_training};
}

}  // namespace casd
