// The kernels of inference, compiled for every instruction set.
#pragma once

#include "cpu/encoder.h"
#include "cpu/encoder_weights.h"
#include "cpu/layout.h"
#include "cpu/target.h"
#include "engine/frame_sums.h"

#include <cstdint>

namespace casd::cpu {

/// The functions of one instruction set; each is documented at its definition in the file of the
/// kernel. An engine uses `encode`; the others are tested one by one.
struct InferenceKernels {
  // encode-inl.h
  void (*encode)(const EncoderWeights& weights, std::int32_t modality,
                 Span<const EncoderSequence> sequences, EncoderStages stages, float* scratch);
  // linear-inl.h
  void (*linear)(const LinearWeights& map, Epilogue epilogue, const float* x, float* y,
                 std::int64_t columns, std::int64_t stride, bool prefetch);
  // layer_norm-inl.h
  void (*layer_norm)(const float* x, std::int64_t channels, const float* weight, const float* bias,
                     float* y, float* means, float* scales, std::int64_t columns,
                     std::int64_t stride);
  // attention-inl.h
  void (*attention)(const float* query, const float* key, const float* value, std::int64_t heads,
                    std::int64_t size, std::int64_t steps, std::int64_t stride, float* scratch,
                    float* out);
  // convolution-inl.h
  void (*standardise_frames)(const float* frames, const float* mean, const float* deviation,
                             std::int64_t features, std::int64_t steps, float clip, float* out);
  void (*convolution)(const RowWeights& map, const float* x, std::int64_t features,
                      std::int64_t steps, float* sums, bool prefetch);
  // single_frame-inl.h
  void (*row_linear)(const RowWeights& map, Epilogue epilogue, const float* x, float* y,
                     std::int64_t rows);
  void (*row_norm)(const float* x, std::int64_t channels, const float* weight, const float* bias,
                   float* y);
  void (*single_query_attention)(const float* query, const float* key, const float* value,
                                 std::int64_t heads, std::int64_t size, std::int64_t steps,
                                 std::int64_t stride, float* scratch, float* out);
  // frame_sums-inl.h
  void (*standardise_and_sum)(const FrameSumItem& item, float* out);
  // evidence-inl.h
  void (*evidence)(const float* raw, std::int64_t channels, const EvidenceLimits<float>& limits,
                   float* nig);
};

/// Throws INVALID_ARGUMENT for a target that is not compiled in. The caller must choose one of
/// supported_targets().
const InferenceKernels& inference_kernels(Target target);

}  // namespace casd::cpu
