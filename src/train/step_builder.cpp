#include "train/step_builder.h"

#include "engine/corruption.h"
#include "model/modality_count.h"
#include "train/training_samples.h"

namespace casd {
namespace {

/// The step numbers of the two phases are disjoint, so their random numbers are independent.
std::uint64_t random_step(casd_phase phase, std::int64_t step) {
  return static_cast<std::uint64_t>(step) + (static_cast<std::uint64_t>(phase) << 40);
}

template <class Engine, class Api>
constexpr bool same(Engine engine, Api api) {
  return static_cast<std::int32_t>(engine) == static_cast<std::int32_t>(api);
}
static_assert(same(TrainingPhase::teacher, CASD_PHASE_TEACHER) &&
              same(TrainingPhase::student, CASD_PHASE_STUDENT));
static_assert(same(TeacherMode::frozen, CASD_TEACHER_FROZEN) &&
              same(TeacherMode::ema, CASD_TEACHER_EMA) &&
              same(TeacherMode::shared, CASD_TEACHER_SHARED) &&
              same(TeacherMode::none, CASD_TEACHER_NONE));
static_assert(same(SamplingMode::student_t, CASD_SAMPLING_STUDENT_T) &&
              same(SamplingMode::implicit, CASD_SAMPLING_IMPLICIT) &&
              same(SamplingMode::gaussian, CASD_SAMPLING_GAUSSIAN) &&
              same(SamplingMode::none, CASD_SAMPLING_NONE));

}  // namespace

TrainingOptions training_options(const casd_trainer_options& options) {
  return copy_training_options<TrainingOptions>(options);
}

StepBuilder::StepBuilder(const Model& model, Span<const Sample* const> samples,
                         Span<const float> class_weights)
    : all_(model.schema().all()), zeros_(model.options().absent == CASD_ABSENT_ZEROS) {
  require_lengths(model, samples);
  const Schema& schema = model.schema();
  input_.assign(schema, samples);
  const auto columns = static_cast<std::size_t>(schema.target_columns());
  const bool regression = schema.task == CASD_TASK_REGRESSION;
  Span<const float> mean, deviation;
  if (regression) {
    mean = model.tensor(model.layout().target->mean);
    deviation = model.tensor(model.layout().target->deviation);
  }
  target_.assign(samples.size() * columns, 0);
  labelled_.assign(samples.size(), 0);
  target_weight_.assign(samples.size(), 0);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::vector<float>& given = samples[i]->target;
    if (given.empty()) continue;
    labelled_[i] = 1;
    target_weight_[i] = schema.task == CASD_TASK_CLASSES && !class_weights.empty()
                            ? class_weights[static_cast<std::size_t>(given[0])]
                            : 1;
    for (std::size_t c = 0; c < columns; ++c)
      target_[i * columns + c] = regression ? (given[c] - mean[c]) / deviation[c] : given[c];
  }
}

StepRequest StepBuilder::request(const casd_trainer_options& options, casd_phase phase,
                                 std::int64_t step, Span<const std::int64_t> rows) const {
  StepRequest out;
  out.phase = static_cast<TrainingPhase>(phase);
  out.seed = options.seed;
  out.step = random_step(phase, step);
  out.rows = rows;
  out.batch.samples = static_cast<double>(rows.size());
  const bool student = out.phase == TrainingPhase::student;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ModalityMask given = input_.given(rows[i]);
    const ModalityMask kept =
        student ? draw_kept_modalities({out.seed, out.step}, static_cast<std::int64_t>(i), given)
                : given;
    out.batch.targets += static_cast<double>(target_weight_[static_cast<std::size_t>(rows[i])]);
    out.batch.pairs += modality_count(participating(kept));
    out.batch.present |= participating(kept);
    if (student && options.teacher == CASD_TEACHER_SHARED)
      out.batch.present |= participating(given);
  }
  return out;
}

}  // namespace casd
