// Outputs of the frozen teacher on complete samples (docs/method.md 6.1: at mu_F, dropout off).
#pragma once

#include "predict/predictor.h"

#include <vector>

namespace casd {

/// One row per sample. U_F is given per dimension.
struct TeacherOutputs {
  std::vector<float> location;     // [samples, hidden] mu_F
  std::vector<float> uncertainty;  // [samples, hidden] U_F
  std::vector<float> logits;       // [samples, K]

  bool empty() const { return location.empty(); }
};

/// Encodes a limited number of samples at a time, to bound the memory.
TeacherOutputs compute_teacher_outputs(const Predictor& teacher, Span<const Sample* const> samples);

}  // namespace casd
