#include "core/error.h"
#include "train/corruption.h"
#include "train/trainer_state.h"

#include <algorithm>

namespace casd {
namespace {

/// The step numbers of the two phases are disjoint, so their random numbers are independent.
std::uint64_t random_step(const Position& at) {
  return static_cast<std::uint64_t>(at.step) + (static_cast<std::uint64_t>(at.phase) << 40);
}

}  // namespace

bool Trainer::State::needs_teacher_outputs() const {
  return position.phase == CASD_PHASE_STUDENT && options.teacher == CASD_TEACHER_FROZEN;
}

Predictor& Trainer::State::teacher_predictor() {
  if (!predictor_of_teacher) {
    casd_predictor_options on_cpu = default_predictor_options();
    on_cpu.threads = options.threads;
    predictor_of_teacher = std::make_unique<Predictor>(teacher, on_cpu);
  }
  return *predictor_of_teacher;
}

void Trainer::State::pack_targets(Span<const Sample* const> samples) {
  const auto columns = static_cast<std::size_t>(schema().target_columns());
  const bool regression = schema().task == CASD_TASK_REGRESSION;
  const Span<const float> mean =
      regression ? model->tensor(model->layout().target->mean) : Span<const float>();
  const Span<const float> std =
      regression ? model->tensor(model->layout().target->deviation) : Span<const float>();
  target.assign(samples.size() * columns, 0);
  labelled.assign(samples.size(), 0);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::vector<float>& given = samples[i]->target;
    if (given.empty()) continue;
    labelled[i] = 1;
    for (std::size_t c = 0; c < columns; ++c)
      target[i * columns + c] = regression ? (given[c] - mean[c]) / std[c] : given[c];
  }
}

casd_torch_losses Trainer::State::take_step(Span<const Sample* const> samples,
                                            const TeacherOutputs* teacher_outputs,
                                            double learning_rate) {
  require_lengths(*model, samples);
  casd_torch_step step{};
  step.phase = position.phase;
  step.seed = options.seed;
  step.step = random_step(position);
  step.learning_rate = learning_rate;
  if (position.phase == CASD_PHASE_STUDENT) {
    const Corruption corruption =
        draw_corruption(schema(), samples, options.frame_drop, options.seed, random_step(position));
    input.pack(*model, samples, schema().all(), &corruption);
    if (options.teacher == CASD_TEACHER_EMA || options.teacher == CASD_TEACHER_SHARED) {
      complete.pack(*model, samples, schema().all(), nullptr);
      step.complete = &complete.view();
    }
  } else {
    input.pack(*model, samples, schema().all(), nullptr);
  }
  step.input = &input.view();
  pack_targets(samples);
  step.target = target.data();
  step.labelled = labelled.data();
  if (teacher_outputs) {
    step.teacher_location = teacher_outputs->location.data();
    step.teacher_uncertainty = teacher_outputs->uncertainty.data();
    step.teacher_logits = teacher_outputs->logits.data();
  }
  const casd_torch_losses losses = backend->step(step);
  calibrated = nullptr;
  ++position.step;
  position.stepped = true;
  return losses;
}

}  // namespace casd
