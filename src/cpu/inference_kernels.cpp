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
                                            StandardiseAndSum,
                                            Evidence};

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/error.h"

namespace casd::cpu {

const InferenceKernels& inference_kernels(Target target) {
#define CASD_KERNELS kInferenceKernels
#include "cpu/select_kernels-inl.h"
#undef CASD_KERNELS
}

}  // namespace casd::cpu
#endif
