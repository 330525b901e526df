#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/inference_kernels.cpp"
#include "cpu/targets-inl.h"

#include "cpu/encode-inl.h"
#include "cpu/inference_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

extern const InferenceKernels kInferenceKernels;
const InferenceKernels kInferenceKernels = {Encode,
                                            Linear,
                                            LayerNorm,
                                            Attention,
                                            StandardiseFrames,
                                            Convolution,
                                            RowLinear,
                                            RowNorm,
                                            SingleQueryAttention,
                                            Evidence};

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/error.h"

namespace casd::cpu {

const InferenceKernels& inference_kernels(Target target) {
  switch (target) {
#if HWY_TARGETS & HWY_AVX3
    case Target::avx512:
      return N_AVX3::kInferenceKernels;
#endif
#if HWY_TARGETS & HWY_AVX2
    case Target::avx2:
      return N_AVX2::kInferenceKernels;
#endif
#if HWY_TARGETS & HWY_SSE4
    case Target::sse4:
      return N_SSE4::kInferenceKernels;
#endif
#if HWY_TARGETS & HWY_NEON
    case Target::neon:
      return N_NEON::kInferenceKernels;
#endif
#if HWY_TARGETS & HWY_SCALAR
    case Target::scalar:
      return N_SCALAR::kInferenceKernels;
#elif HWY_TARGETS & HWY_EMU128
    case Target::scalar:
      return N_EMU128::kInferenceKernels;
#endif
    default:
      break;
  }
  fail(CASD_ERROR_INVALID_ARGUMENT, "no kernels for the instruction set '", target_name(target),
       "'");
}

}  // namespace casd::cpu
#endif
