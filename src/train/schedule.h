// The learning rate over a phase, and the selection of the best epoch.
#pragma once

#include <casd/train.h>

#include <cstdint>
#include <limits>

namespace casd {

/// Step or epoch `at` of `length`: rate (final + (1 - final) (1 + cos(pi at / length)) / 2).
double cosine_rate(double rate, double final_share, std::int64_t at, std::int64_t length);

/// Batch size, number of epochs, first selected epoch and patience. 0 epochs: not known yet.
struct Schedule {
  std::int32_t batch_size = 0;
  std::int32_t teacher_epochs = 0;
  std::int32_t epochs = 0;
  std::int32_t select_from = 0;
  std::int32_t patience = 0;
};

/// Takes the options' numbers and replaces each `auto` by a value for `samples` training samples:
/// - the batch size is an eighth of them, rounded down to a power of two and limited to 8..128;
/// - the epochs are those of the recipe, or more: at least 240 teacher steps and 320 student steps;
/// - first selected epoch and patience scale with the student's epochs as in the recipe.
Schedule resolve_schedule(const casd_trainer_options& options, std::int64_t samples);
/// Copies the schedule's numbers into the options.
casd_trainer_options with_schedule(casd_trainer_options options, const Schedule& schedule);

/// The score of an epoch that has none.
constexpr double no_score = std::numeric_limits<double>::quiet_NaN();

/// The best epoch of a phase so far (docs/method.md 6.3).
struct Selection {
  double best = -std::numeric_limits<double>::infinity();
  std::int32_t best_epoch = -1;
  std::int32_t waited = 0;

  /// Records the score of a finished epoch; returns true when it is a new best. Epochs before
  /// `first` count neither for the best nor for patience.
  bool update(double score, std::int32_t epoch, std::int32_t first);
  bool exhausted(std::int32_t patience) const { return waited >= patience; }
  /// no_score before the first best epoch.
  double best_score() const { return best_epoch < 0 ? no_score : best; }
};

}  // namespace casd
