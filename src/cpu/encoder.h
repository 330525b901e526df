// The encoders of a model for inference: convolution, Transformer, pooling and evidential head of one
// modality of one sample.
#pragma once

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

class Encoder {
 public:
  /// Packs the weights once, and chooses the kernels.
  explicit Encoder(ModelPtr model, cpu::Target target = cpu::chosen_target());
  ~Encoder();

  /// Number of floats of scratch memory that encode() needs for up to `steps` frames of any modality.
  std::size_t scratch_size(std::int64_t steps) const;

  /// frames: [steps, features], not standardised; NULL: a sequence of zero vectors after
  /// standardisation. nig: [4, hidden] receives gamma, delta, alpha, beta. sums: NULL, or receives the
  /// sums of engine/frame_sums.h. Does not allocate. Any number of threads, each with its own scratch.
  ///
  /// The stages can be divided between calls with the same arguments. The first stage reads `frames` and
  /// writes `sums`, the last one writes `nig`; scratch keeps what lies between them.
  void encode(std::int32_t modality, const float* frames, std::int64_t steps, float* scratch,
              float* nig, double* sums = nullptr, EncoderStages stages = {}) const;

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
