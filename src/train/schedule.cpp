#include "train/schedule.h"

#include <algorithm>
#include <cmath>

namespace casd {

double cosine_rate(double rate, double final_share, std::int64_t at, std::int64_t length) {
  const double pi = std::acos(-1.0);
  const double place = static_cast<double>(std::min(at, length)) / static_cast<double>(length);
  return rate * (final_share + (1 - final_share) * (1 + std::cos(pi * place)) / 2);
}

Schedule resolve_schedule(const casd_trainer_options& options, std::int64_t samples) {
  constexpr std::int64_t least_teacher_steps = 240, least_student_steps = 320;
  const bool paper = options.schedule == CASD_RECIPE_PAPER;
  const auto rounded_up = [](std::int64_t a, std::int64_t b) {
    return static_cast<std::int32_t>((a + b - 1) / b);
  };
  Schedule out;
  out.batch_size = options.batch_size;
  if (out.batch_size == 0)
    for (out.batch_size = 8; out.batch_size < 128 && 16 * out.batch_size <= samples;)
      out.batch_size *= 2;
  const std::int64_t steps = rounded_up(std::max<std::int64_t>(samples, 1), out.batch_size);
  out.teacher_epochs = options.teacher_epochs;
  if (out.teacher_epochs == 0)
    out.teacher_epochs = std::max(12, rounded_up(least_teacher_steps, steps));
  out.epochs = options.epochs;
  if (out.epochs == 0)
    out.epochs = std::max(paper ? 25 : 16, rounded_up(least_student_steps, steps));
  const std::int64_t epochs = out.epochs;
  // With 16 epochs the last 10 can be selected and patience is 10, so the student never stops early.
  // Rounding the first to the nearest and the second up keeps this true for other numbers of epochs.
  out.select_from = options.select_from;
  if (out.select_from < 0)
    out.select_from = paper ? 0 : static_cast<std::int32_t>((6 * epochs + 8) / 16);
  out.patience = options.patience;
  if (out.patience == 0)
    out.patience = paper ? rounded_up(8 * epochs, 25) : rounded_up(10 * epochs, 16);
  return out;
}

casd_trainer_options with_schedule(casd_trainer_options options, const Schedule& schedule) {
  options.batch_size = schedule.batch_size;
  options.teacher_epochs = schedule.teacher_epochs;
  options.epochs = schedule.epochs;
  options.select_from = schedule.select_from;
  options.patience = schedule.patience;
  return options;
}

bool Selection::update(double score, std::int32_t epoch, std::int32_t first) {
  if (epoch < first) return false;
  if (score > best) {
    best = score;
    best_epoch = epoch;
    waited = 0;
    return true;
  }
  ++waited;
  return false;
}

}  // namespace casd
