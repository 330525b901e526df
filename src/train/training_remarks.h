// Observation of a training: a log line per epoch, and the remarks at its end.
#pragma once

#include "eval/remarks.h"
#include "train/training_samples.h"

#include <casd/train.h>

#include <cstdint>
#include <vector>

namespace casd {

/// What the remarks need to know of a training besides its evidence.
struct TrainingFacts {
  std::int64_t teacher_steps = -1;  // planned; -1: no teacher's phase
  std::int64_t student_steps = -1;  // planned; -1: unknown
  bool drops_modalities = true;     // some sample can lose a modality in the student's phase
  double sampling_factor = 1;       // kappa; 0: nothing is sampled
};

/// Fewer planned steps than these are too few: half of what `auto` takes.
constexpr std::int64_t few_teacher_steps = 120, few_student_steps = 160;

/// Whether a sample has two modalities, so that the corruption can drop one.
bool can_drop_modality(Span<const Sample* const> samples);

/// `sampled`: of the weights that were trained, without calibration; `result`: of the finished model.
std::vector<Remark> training_remarks(const Model& model, const TrainingFacts& facts,
                                     const EvidenceSummary& sampled, const EvidenceSummary& result);

/// "student, epoch 3: sigma_F 0.56, U 1.51, deviation of mu_F 1.12; language: nu 3.8, C 0.32, V 5.27,
/// U alone 5.27; ...".
std::string epoch_line(const Schema& schema, casd_phase phase, std::int32_t epoch,
                       const EvidenceSummary& summary);

/// casd_trainer_monitor_value(); throws INVALID_ARGUMENT and NOT_FOUND.
double summary_value(const Schema& schema, const EvidenceSummary& summary,
                     casd_train_quantity quantity, ModalityMask mask);

}  // namespace casd
