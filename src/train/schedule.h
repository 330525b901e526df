// The learning rate over a phase, and which epoch is the best one.
#pragma once

#include <casd/train.h>

#include <cstdint>
#include <limits>

namespace casd {

/// Step or epoch `at` of `length`: rate (final + (1 - final) (1 + cos(pi at / length)) / 2).
double cosine_rate(double rate, double final_share, std::int64_t at, std::int64_t length);

/// Keeps track of the best epoch of a phase (METHOD.md 6.3).
struct Selection {
  double best = -std::numeric_limits<double>::infinity();
  std::int32_t best_epoch = -1;
  std::int32_t waited = 0;

  /// Tells a finished epoch's score; true when it is a new best. Epochs before `first` count
  /// neither for best nor for patience.
  bool tell(double score, std::int32_t epoch, std::int32_t first);
  bool exhausted(std::int32_t patience) const { return waited >= patience; }
};

}  // namespace casd
