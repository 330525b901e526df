#include "cpu/engine.h"

#include "core/live_bytes.h"
#include "core/thread_pool.h"
#include "cpu/division.h"
#include "cpu/encoder.h"
#include "cpu/training_engine.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

namespace casd {
namespace {

constexpr std::size_t floats_per_cache_line = 16;

/// Scratch memory for each worker, and for each piece that two workers share.
class CpuWorkspace final : public EngineWorkspace {
 public:
  /// `shared` and `sums` may be 0.
  void reserve(std::size_t workers, std::size_t shared, std::size_t count, std::size_t sums) {
    // No two workers write to the same cache line.
    stride_ = std::max(stride_, (count / floats_per_cache_line + 2) * floats_per_cache_line);
    const std::size_t size = (workers + shared) * stride_;
    if (scratch_.size() < size) {
      Floats().swap(scratch_);  // frees the old memory first: its content is not needed
      scratch_.resize(size);
    }
    workers_ = workers;
    sum_stride_ = std::max(sum_stride_, sums);
    sums_.resize(workers * sum_stride_);
  }
  float* of_worker(std::size_t worker) { return scratch_.data() + worker * stride_; }
  float* of_shared(std::size_t piece) { return of_worker(workers_ + piece); }
  double* sums(std::size_t worker) { return sums_.data() + worker * sum_stride_; }

 private:
  Floats scratch_;  // [workers + shared, stride]
  std::size_t workers_ = 0, stride_ = 0;
  std::vector<double> sums_;  // [workers, sum_stride]
  std::size_t sum_stride_ = 0;
};

/// One call of encode().
struct EncodeCall {
  /// Stages [begin, end) of an item.
  void encode(std::size_t item, std::size_t worker, float* memory, std::size_t begin = 0,
              std::size_t end = SIZE_MAX) const {
    const EncodeItem& of = items[item];
    const EncoderStages stages{begin, end, prefetch};
    double* sums = reader && begin == 0 ? scratch.sums(worker) : nullptr;
    encoder.encode(of.modality, of.frames, of.steps, memory, of.nig, sums, stages);
    if (sums) reader->read(item, sums);
  }

  const Encoder& encoder;
  const Span<const EncodeItem> items;
  CpuWorkspace& scratch;
  const FrameSumReader* reader;
  const bool prefetch;
};

/// Each thread takes the next item when it is free.
void encode_each(const EncodeCall& call, ThreadPool& pool) {
  pool.run(static_cast<std::int64_t>(call.items.size()), [&](std::int64_t piece, int index) {
    const auto worker = static_cast<std::size_t>(index);
    call.encode(static_cast<std::size_t>(piece), worker, call.scratch.of_worker(worker));
  });
}

/// Few items: divided in advance.
void encode_divided(const EncodeCall& call, ThreadPool& pool, std::size_t groups) {
  const std::size_t stages = call.encoder.stages();
  const cpu::Division division =
      cpu::divide(call.items.size(), stages, groups, [&](std::size_t item, std::size_t stage) {
        return call.encoder.cost(call.items[item].modality, call.items[item].steps, stage);
      });
  // The last stages of a shared item are run by the thread of its two groups that is the first to have
  // nothing else to do after the first stages. So no thread waits for another, and one that begins late
  // gets less. The calling thread takes the last group, which shares no item that another one begins.
  std::array<std::atomic<bool>, cpu::most_divided> ready{};
  pool.run(static_cast<std::int64_t>(division.groups), [&](std::int64_t piece, int index) {
    const std::size_t group = division.groups - 1 - static_cast<std::size_t>(piece),
                      worker = static_cast<std::size_t>(index);
    for (std::size_t k = division.begin[group]; k < division.begin[group + 1]; ++k) {
      const cpu::Part& part = division.part[k];
      if (part.begin > 0) continue;
      if (part.end == stages) {
        call.encode(part.piece, worker, call.scratch.of_worker(worker));
      } else {
        call.encode(part.piece, worker, call.scratch.of_shared(group - 1), 0, part.end);
        ready[group - 1] = true;
      }
    }
    // The item that `before` shares with the group after it.
    const auto encode_rest = [&](std::size_t before) {
      if (!ready[before].exchange(false)) return;
      const cpu::Part& part = division.part[division.begin[before + 1] - 1];
      call.encode(part.piece, worker, call.scratch.of_shared(before), part.begin, part.end);
    };
    encode_rest(group);
    if (group > 0) encode_rest(group - 1);
  });
}

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
    const auto threads = static_cast<std::size_t>(pool_.threads());
    const std::size_t groups = std::min(threads, items.size());
    const bool divided = groups > 1 && items.size() <= std::min(2 * threads, cpu::most_divided);
    // Also for items that are shared in a later call only, which then does not allocate.
    scratch.reserve(threads, std::min(threads, cpu::most_divided) - 1,
                    encoder_.scratch_size(longest), reader ? encoder_.sum_count() : 0);
    // In a batch the sample before has used the same weights.
    const bool prefetch = items.size() <= static_cast<std::size_t>(encoder_.modalities());
    const EncodeCall call{encoder_, items, scratch, reader, prefetch};
    if (divided)
      encode_divided(call, pool_, groups);
    else
      encode_each(call, pool_);
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
