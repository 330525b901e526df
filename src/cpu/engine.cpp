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

/// Sequences of one modality that are encoded at once. More would leave the first two caches.
constexpr std::size_t most_grouped = 8;
constexpr std::int64_t most_columns = 224;  // frames of several sequences

/// Indices of items of one modality: [begin, end) of CpuWorkspace::order.
struct Group {
  std::size_t begin, end;
};

/// Scratch memory for each worker, and for each item that two workers share.
class CpuWorkspace final : public EngineWorkspace {
 public:
  /// `shared` and `sums` may be 0. `sums` of most_grouped items for each worker.
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
    sums_.resize(workers * most_grouped * sum_stride_);
  }
  float* of_worker(std::size_t worker) { return scratch_.data() + worker * stride_; }
  float* of_shared(std::size_t piece) { return of_worker(workers_ + piece); }
  double* sums(std::size_t worker, std::size_t index) {
    return sums_.data() + (worker * most_grouped + index) * sum_stride_;
  }

  std::vector<std::size_t> order;  // item indices by modality
  std::vector<Group> groups;

 private:
  Floats scratch_;  // [workers + shared, stride]
  std::size_t workers_ = 0, stride_ = 0;
  std::vector<double> sums_;  // [workers, most_grouped, sum_stride]
  std::size_t sum_stride_ = 0;
};

/// One call of encode().
struct EncodeCall {
  /// Stages [begin, end) of items of one modality.
  void encode(Span<const std::size_t> indices, std::size_t worker, float* memory,
              std::size_t begin = 0, std::size_t end = SIZE_MAX) const {
    std::array<EncoderSequence, most_grouped> sequences;
    const bool read = reader && begin == 0;
    for (std::size_t k = 0; k < indices.size(); ++k) {
      const EncodeItem& item = items[indices[k]];
      sequences[k] = {item.frames, item.steps, item.nig, read ? scratch.sums(worker, k) : nullptr};
    }
    encoder.encode(items[indices[0]].modality, {sequences.data(), indices.size()}, memory,
                   {begin, end, prefetch});
    for (std::size_t k = 0; read && k < indices.size(); ++k)
      reader->read(indices[k], sequences[k].sums);
  }

  const Encoder& encoder;
  const Span<const EncodeItem> items;
  CpuWorkspace& scratch;
  const FrameSumReader* reader;
  const bool prefetch;
};

/// Orders the items by modality, and makes groups of at most `most` of them.
void make_groups(const EncodeCall& call, std::size_t most) {
  std::vector<std::size_t>& order = call.scratch.order;
  std::vector<Group>& groups = call.scratch.groups;
  order.clear();
  groups.clear();
  for (std::int32_t m = 0; m < call.encoder.modalities(); ++m)
    for (std::size_t i = 0; i < call.items.size(); ++i)
      if (call.items[i].modality == m) order.push_back(i);
  std::int64_t columns = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const EncodeItem& item = call.items[order[k]];
    const bool fits = !groups.empty() && k - groups.back().begin < most &&
                      call.items[order[k - 1]].modality == item.modality &&
                      columns + item.steps <= most_columns;
    if (!fits) {
      groups.push_back({k, k});
      columns = 0;
    }
    ++groups.back().end;
    columns += item.steps;
  }
}

/// Each thread takes the next group of at most `most` items when it is free.
void encode_groups(const EncodeCall& call, ThreadPool& pool, std::size_t most) {
  make_groups(call, most);
  const std::vector<Group>& groups = call.scratch.groups;
  pool.run(static_cast<std::int64_t>(groups.size()), [&](std::int64_t piece, int index) {
    const Group& group = groups[static_cast<std::size_t>(piece)];
    const auto worker = static_cast<std::size_t>(index);
    call.encode({call.scratch.order.data() + group.begin, group.end - group.begin}, worker,
                call.scratch.of_worker(worker));
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
        call.encode({&part.piece, 1}, worker, call.scratch.of_worker(worker));
      } else {
        call.encode({&part.piece, 1}, worker, call.scratch.of_shared(group - 1), 0, part.end);
        ready[group - 1] = true;
      }
    }
    // The item that `before` shares with the group after it.
    const auto encode_rest = [&](std::size_t before) {
      if (!ready[before].exchange(false)) return;
      const cpu::Part& part = division.part[division.begin[before + 1] - 1];
      call.encode({&part.piece, 1}, worker, call.scratch.of_shared(before), part.begin, part.end);
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
    // In a batch the sample before has used the same weights.
    const bool single = items.size() <= static_cast<std::size_t>(encoder_.modalities());
    // Also the memory that only other calls of that size use, which then do not allocate.
    const std::int64_t columns = single ? longest : std::max(longest, most_columns);
    scratch.reserve(threads, std::min(threads, cpu::most_divided) - 1,
                    encoder_.scratch_size(longest, columns, single ? 1 : most_grouped),
                    reader ? encoder_.sum_count() : 0);
    scratch.order.reserve(items.size());
    scratch.groups.reserve(items.size());
    const EncodeCall call{encoder_, items, scratch, reader, single};
    if (divided) return encode_divided(call, pool_, groups);
    // Several groups for each thread, so that none waits long for the others.
    const std::size_t pieces = threads > 1 ? 4 * threads : 1;
    encode_groups(call, pool_,
                  single ? 1 : std::clamp<std::size_t>(items.size() / pieces, 1, most_grouped));
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
