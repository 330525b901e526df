// What the frozen teacher says about complete samples (docs/method.md 6.1: at mu_F, dropout off).
#pragma once

#include "infer/predictor.h"

#include <vector>

namespace casd {

/// Rows of samples; U_F is that of each dimension.
struct Teaching {
  std::vector<float> location;     // [samples, hidden] mu_F
  std::vector<float> uncertainty;  // [samples, hidden] U_F
  std::vector<float> logits;       // [samples, K]

  bool empty() const { return location.empty(); }
};

/// Answers of the CPU engine; computed in pieces, so that memory stays small.
Teaching teach(Predictor& teacher, Span<const Sample* const> samples);

/// `out` receives the given rows, in their order; it keeps its memory.
void gather(const Teaching& all, const Model& teacher, Span<const std::int64_t> rows,
            Teaching& out);

}  // namespace casd
