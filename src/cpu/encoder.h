// The encoders of a model for inference: convolution, Transformer, pooling and evidential head of one
// modality of some samples.
#pragma once

#include "core/span.h"
#include "cpu/target.h"
#include "engine/frame_sums.h"
#include "model/model.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace casd {

/// Stages of an encode(): the input; each layer; the last one includes the evidence.
struct EncoderStages {
  std::size_t begin = 0, end = SIZE_MAX;  // [begin, end)
  bool prefetch = false;                  // weights are probably not in the caches
};

/// Frames of one modality of one sample, and what encode() computes of them.
struct EncoderSequence {
  const float* frames;  // [steps, features], not standardised; NULL: zero vectors after it
  std::int64_t steps;   // at least 1
  float* nig;           // [4, hidden] receives gamma, delta, alpha, beta
  double* sums;         // NULL, or receives the sums of engine/frame_sums.h
};

class Encoder {
 public:
  /// Packs the weights once, and chooses the kernels.
  explicit Encoder(ModelPtr model, cpu::Target target = cpu::chosen_target());
  ~Encoder();

  /// Number of floats of scratch memory that encode() needs for up to `sequences` sequences of any modality,
  /// of up to `steps` frames each and `columns` in all.
  std::size_t scratch_size(std::int64_t steps, std::int64_t columns, std::size_t sequences) const;
  std::size_t scratch_size(std::int64_t steps) const { return scratch_size(steps, steps, 1); }

  /// Does not allocate. Any number of threads, each with its own scratch. Several sequences take less
  /// time at once than one by one, as they share vectors and weights; the results are the same.
  ///
  /// The stages can be divided between calls with the same arguments. The first stage reads frames and
  /// writes sums, the last one writes `nig`; scratch keeps what lies between them.
  void encode(std::int32_t modality, Span<const EncoderSequence> sequences, float* scratch,
              EncoderStages stages = {}) const;
  void encode(std::int32_t modality, const float* frames, std::int64_t steps, float* scratch,
              float* nig, double* sums = nullptr, EncoderStages stages = {}) const {
    const EncoderSequence sequence{frames, steps, nig, sums};
    encode(modality, {&sequence, 1}, scratch, stages);
  }

  std::int32_t modalities() const;

  /// Number of stages of an encode().
  std::size_t stages() const;

  /// Additions and multiplications of a stage, to compare pieces of work.
  double cost(std::int32_t modality, std::int64_t steps, std::size_t stage) const;

  /// Number of sums that encode() writes for any modality.
  std::size_t sum_count() const;

  /// logits [K] of a representation [hidden].
  void classify(const float* representation, float* logits) const;

 private:
  struct Packed;
  std::unique_ptr<const Packed> packed_;
};

}  // namespace casd
