// Scratch memory of the CPU engine.
#pragma once

#include "cpu/layout.h"

#include <algorithm>
#include <cstdint>

namespace casd::cpu {

/// Floats in a cache line.
constexpr std::int64_t cache_line = 16;

/// The first cache line in memory that has one to spare.
inline float* aligned(float* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  constexpr std::uintptr_t bytes = cache_line * sizeof(float);
  return memory + (bytes - address % bytes) % bytes / sizeof(float);
}

/// Distributes one block of memory, in whole cache lines. Without memory (NULL) it only counts.
class Arena {
 public:
  explicit Arena(float* begin) : next_(begin) {}
  float* take(std::int64_t count) {
    float* out = next_;
    const std::int64_t whole = (count + cache_line - 1) / cache_line * cache_line;
    if (next_) next_ += whole;
    taken_ += whole;
    return out;
  }
  std::int64_t taken() const { return taken_; }

 private:
  float* next_;
  std::int64_t taken_ = 0;
};

/// The arrays of one call of encode() for sequences of at most `steps` frames. Activations are [channels,
/// stride].
struct InferenceScratch {
  template <class Weights>
  InferenceScratch(const Weights& weights, std::int64_t features, std::int64_t steps,
                   std::int64_t stride, std::int64_t sequences, Arena& arena) {
    const std::int64_t d = weights.hidden;
    state = arena.take(d * stride);
    normed = arena.take(d * stride);
    scores = arena.take(steps * attention_columns);
    row = arena.take(sequences * padded(d));
    row_normed = arena.take(sequences * padded(d));
    row_query = arena.take(sequences * padded(d));
    row_attended = arena.take(sequences * padded(d));
    row_expanded = arena.take(sequences * padded(weights.feed_forward));
    raw = arena.take(sequences * padded(4 * d));
    code = arena.take(steps > weights.position_steps ? d * padded(steps) : 0);
    // What follows is not needed at the same time.
    const std::int64_t input_size = (steps + 2) * features, sums_size = steps * padded(d);
    float* shared = arena.take(std::max(
        {input_size + cache_line + sums_size, 4 * d * stride, weights.feed_forward * stride}));
    input = shared;
    sums = shared ? aligned(shared + input_size) : nullptr;
    query = shared;
    attended = shared ? shared + 3 * d * stride : nullptr;
    expanded = shared;
  }

  float* state;     // [hidden, stride]
  float* normed;    // [hidden, stride]
  float* scores;    // [steps, attention_columns]
  float* code;      // [hidden, padded(steps)], if more steps than have a precomputed code
  float* input;     // [steps + 2, features]
  float* sums;      // [steps, padded(hidden)]
  float* query;     // [3 hidden, stride]: query, key, value
  float* attended;  // [hidden, stride]
  float* expanded;  // [feed_forward, stride]
  float *row, *row_normed, *row_query, *row_attended;  // [sequences, padded(hidden)]
  float* row_expanded;                                 // [sequences, padded(feed_forward)]
  float* raw;  // [sequences, padded(4 hidden)]: outputs of the evidence head's linear map
};

}  // namespace casd::cpu
