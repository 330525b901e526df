// Pooling `auto` (docs/method.md 6.5): the teacher's phase runs once with each pooling, on the same
// samples, in the same order, with the same random numbers. The better teacher is kept.
#include "core/error.h"
#include "core/log.h"
#include "eval/calibration.h"
#include "eval/remarks.h"
#include "train/trainer_state.h"

#include <cmath>

namespace casd {

void Trainer::State::resolve_pooling() {
  if (model->options().pooling != CASD_POOLING_AUTO) return;
  model = std::make_shared<const Model>(model->with_pooling(CASD_POOLING_LAST));
  position.trial = position.phase == CASD_PHASE_TEACHER ? PoolingTrial::last : PoolingTrial::over;
}

ModelPtr Trainer::State::initial_model() const {
  if (position.trial == PoolingTrial::none) return model;
  return std::make_shared<const Model>(model->with_pooling(CASD_POOLING_AUTO));
}

void Trainer::State::require_held_out(const TrainingSamples& samples) {
  if (!in_trial() || any_labelled(samples.valid)) return;
  leave_trial();
  log(CASD_LOG_INFO, "pooling: last, as no held-out sample has a label to choose it by");
}

void Trainer::State::end_trial(const TrainingSamples& samples) {
  std::vector<float> learned = read_parameters(*engine, model->layout());
  Predictor current = predictor(model_with(learned), engine->snapshot());
  const double loss = held_out_loss(current, samples.valid);
  if (position.trial == PoolingTrial::last) {
    auto next = std::make_shared<const Model>(model->with_pooling(CASD_POOLING_MEAN));
    engine = new_engine(*next);
    model = std::move(next);
    tried = {std::move(learned), loss};
    position.trial = PoolingTrial::mean;
    restart_position();
    return;
  }
  // Not a number: no prediction of a labelled sample was finite.
  const bool mean = !std::isnan(loss) && !(tried.loss <= loss);
  log(CASD_LOG_INFO,
      text("pooling: ", mean ? "mean" : "last", " (held-out loss of the teacher: last ",
           decimal(tried.loss, 4), ", mean ", decimal(loss, 4), ")"));
  if (!mean) {
    auto next = std::make_shared<const Model>(model->with_pooling(CASD_POOLING_LAST));
    std::unique_ptr<TrainingEngine> again = new_engine(*next);
    again->write(StatePart::parameters, tried.learned);
    engine = std::move(again);
    model = std::move(next);
    best = std::move(tried.learned);  // so that nothing else is written if enter_student() fails
  }
  tried = {};
  leave_trial();
  enter_student();
}

std::int32_t Trainer::State::counted_epoch() const {
  return position.epoch +
         (position.trial == PoolingTrial::mean ? position.schedule.teacher_epochs : 0);
}

std::int32_t Trainer::State::counted_epochs() const {
  return phase_epochs() * (in_trial() ? 2 : 1);
}

std::int64_t Trainer::State::epochs_to_come() const {
  std::int64_t out = phase_epochs();
  if (position.trial == PoolingTrial::last) out += position.schedule.teacher_epochs;
  if (position.phase == CASD_PHASE_TEACHER) out += position.schedule.epochs;
  return out;
}

}  // namespace casd
