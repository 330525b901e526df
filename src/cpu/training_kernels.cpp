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
const TrainingKernels kTrainingKernels = {EncoderForward,
                                          EncoderBackward,
                                          AdamStep,
                                          SquaredNorm,
                                          MoveSum,
                                          MovingAverage,
                                          Product,
                                          AddRowProducts,
                                          Transpose,
                                          AddWeightGradient,
                                          AddBiasGradient,
                                          TurnFrames,
                                          TrainingConvolution,
                                          AddConvolutionGradient,
                                          LayerNorm,
                                          ApplyNorm,
                                          LayerNormGradient,
                                          TrainingAttention,
                                          AttentionGradient,
                                          Dropout,
                                          DropoutAgain};

}  // namespace casd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/error.h"

namespace casd::cpu {

const TrainingKernels& training_kernels(Target target) {
#define CASD_KERNELS kTrainingKernels
#include "cpu/select_kernels-inl.h"
#undef CASD_KERNELS
}

}  // namespace casd::cpu
#endif
