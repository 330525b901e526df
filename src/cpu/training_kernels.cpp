#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/training_kernels.cpp"
#include "cpu/targets-inl.h"

#include "cpu/adam-inl.h"
#include "cpu/training_encoder-inl.h"
#include "cpu/training_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace casd::cpu::HWY_NAMESPACE {

void EncoderForward(const EncoderPass& pass, float* raw) { EncoderRun(pass).Forward(raw); }
void EncoderBackward(const EncoderPass& pass, const float* raw_gradient, float* gradient) {
  EncoderRun(pass).Backward(raw_gradient, gradient);
}

extern const TrainingKernels kTrainingKernels;
const TrainingKernels kTrainingKernels = {
    EncoderForward,      EncoderBackward,        AdamStep,          SquaredNorm,
    AddScaled,           MovingAverage,          Product,           AddRowProducts,
    Transpose,           AddWeightGradient,      AddBiasGradient,   TurnFrames,
    TrainingConvolution, AddConvolutionGradient, LayerNorm,         ApplyNorm,
    LayerNormGradient,   TrainingAttention,      AttentionGradient, Dropout};

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/error.h"

namespace casd::cpu {

const TrainingKernels& training_kernels(Target target) {
  switch (target) {
#if HWY_TARGETS & HWY_AVX3
    case Target::avx512:
      return N_AVX3::kTrainingKernels;
#endif
#if HWY_TARGETS & HWY_AVX2
    case Target::avx2:
      return N_AVX2::kTrainingKernels;
#endif
#if HWY_TARGETS & HWY_SSE4
    case Target::sse4:
      return N_SSE4::kTrainingKernels;
#endif
#if HWY_TARGETS & HWY_NEON
    case Target::neon:
      return N_NEON::kTrainingKernels;
#endif
#if HWY_TARGETS & HWY_SCALAR
    case Target::scalar:
      return N_SCALAR::kTrainingKernels;
#elif HWY_TARGETS & HWY_EMU128
    case Target::scalar:
      return N_EMU128::kTrainingKernels;
#endif
    default:
      break;
  }
  fail(CASD_ERROR_INVALID_ARGUMENT, "no kernels for the instruction set '", target_name(target),
       "'");
}

}  // namespace casd::cpu
#endif
