// The learning rate over a phase, and which epoch is the best one.
#pragma once

#include <casd/train.h>

#include <cstdint>
#include <limits>

namespace casd {

/// Step or epoch `at` of `length`: rate (final + (1 - final) (1 + cos(pi at / length)) / 2).
double cosine_rate(double rate, double final_share, std::int64_t at, std::int64_t length);

/// How many epochs of which batch size, and from when on and how long selection waits. 0 epochs: not
/// known yet.
struct Schedule {
  std::int32_t batch_size = 0;
  std::int32_t teacher_epochs = 0;
  std::int32_t epochs = 0;
  std::int32_t select_from = 0;
  std::int32_t patience = 0;
};

/// The options' numbers; where one is `auto`, what it comes to for `samples` training samples: the
/// batch is an eighth of them, rounded down to a power of two within 8 to 128; the epochs are those
/// of the recipe, or as many as 240 teacher's and 320 student's steps take; first selected epoch and
/// patience are in the recipe's proportion to the student's epochs.
Schedule resolve_schedule(const casd_trainer_options& options, std::int64_t samples);
/// The options with the schedule's numbers.
casd_trainer_options with_schedule(casd_trainer_options options, const Schedule& schedule);

/// Keeps track of the best epoch of a phase (docs/method.md 6.3).
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
