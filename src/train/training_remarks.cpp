#include "train/training_remarks.h"

#include "core/error.h"
#include "model/modality_count.h"

#include <algorithm>
#include <cmath>

namespace casd {

bool can_drop_modality(Span<const Sample* const> samples) {
  return std::any_of(samples.begin(), samples.end(),
                     [](const Sample* sample) { return modality_count(sample->given) > 1; });
}

std::vector<Remark> training_remarks(const Model& model, const TrainingFacts& facts,
                                     const EvidenceSummary& sampled,
                                     const EvidenceSummary& result) {
  std::vector<Remark> out;
  const auto few = [](std::int64_t steps, std::int64_t least) {
    return steps >= 0 && steps < least;
  };
  const auto of_phase = [](const char* phase, std::int64_t steps, std::int64_t least) {
    return steps < 0 ? std::string() : text(phase, steps, " (at least ", least, ")");
  };
  const bool too_few =
      few(facts.student_steps, few_student_steps) || few(facts.teacher_steps, few_teacher_steps);
  if (too_few)
    out.push_back(
        {RemarkKind::too_few_steps,
         "too few steps:" + of_phase(" teacher ", facts.teacher_steps, few_teacher_steps) +
             of_phase(facts.teacher_steps < 0 ? " student " : ", student ", facts.student_steps,
                      few_student_steps) +
             "; raise epochs and teacher_epochs, lower batch_size, or leave all three at "
             "auto"});
  if (!facts.drops_modalities && model.schema().modality_count() > 1)
    out.push_back({RemarkKind::nothing_dropped,
                   "no modality was ever dropped in training: results with missing modalities were "
                   "not learned; samples need two modalities or more, and training must reach the "
                   "student's phase"});
  // After too few steps mu_F hardly differs between samples yet.
  if (!sampled.conditions.empty() && !too_few) {
    const double deviation = facts.sampling_factor * sampled.conditions.back().scale;
    if (deviation > RemarkLimits::noise_ratio * sampled.spread)
      out.push_back(
          {RemarkKind::noise_dominates,
           text("sigma_F has exploded: the training samples with a deviation of ",
                decimal(deviation, 2), ", while mu_F differs by ", decimal(sampled.spread, 2),
                " between samples; lower learning_rate, evidence_rate or sigma_scale")});
  }
  for (Remark& remark : evidence_remarks(model.schema(), model.options(), result))
    out.push_back(std::move(remark));
  return out;
}

std::string epoch_line(const Schema& schema, casd_phase phase, std::int32_t epoch,
                       const EvidenceSummary& summary) {
  const ConditionSummary& complete = summary.conditions.back();
  std::string line =
      text(phase == CASD_PHASE_TEACHER ? "teacher" : "student", ", epoch ", epoch + 1, ": sigma_F ",
           decimal(complete.scale, 2), ", U ", decimal(complete.uncertainty, 2),
           ", deviation of mu_F ", decimal(summary.spread, 2));
  for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
    const ModalitySummary& modality = summary.modalities[m];
    const ConditionSummary* alone = summary.find(ModalityMask{1} << m);
    line += "; " + schema.modalities[m].name + ": nu " + decimal(modality.degrees_of_freedom, 1) +
            ", C " + decimal(modality.weight, 2) + ", V " + decimal(modality.variance, 2) +
            ", U alone " + decimal(alone ? alone->uncertainty : no_metric, 2);
  }
  return line;
}

double summary_value(const Schema& schema, const EvidenceSummary& summary,
                     casd_train_quantity quantity, ModalityMask mask) {
  if (quantity <= CASD_TRAIN_VARIANCE) {
    require(modality_count(mask) == 1, "the mask has ", modality_count(mask),
            " modalities, this quantity is of one");
    if (summary.modalities.empty()) return no_metric;
    std::size_t m = 0;
    while (!(mask >> m & 1u)) ++m;
    const ModalitySummary& of = summary.modalities[m];
    return quantity == CASD_TRAIN_DEGREES_OF_FREEDOM ? of.degrees_of_freedom
           : quantity == CASD_TRAIN_WEIGHT           ? of.weight
                                                     : of.variance;
  }
  const ConditionSummary* of = summary.find(mask);
  if (summary.conditions.empty()) return no_metric;
  if (!of)
    fail(CASD_ERROR_NOT_FOUND, mask_name(schema, mask),
         " is not a condition; of this many modalities they are: each alone, each left out, all");
  return quantity == CASD_TRAIN_SCALE         ? of->scale
         : quantity == CASD_TRAIN_UNCERTAINTY ? of->uncertainty
                                              : of->score;
}

}  // namespace casd
