#include "eval/evidence_summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace casd {
namespace {

/// Classes: of the target's only column; multi-label: of column `k`, whose classes are 0 and 1.
double chance_f1(Span<const Sample* const> labelled, std::size_t k, std::size_t classes) {
  std::vector<double> share(classes);
  for (const Sample* sample : labelled)
    share[static_cast<std::size_t>(sample->target[k])] += 1 / static_cast<double>(labelled.size());
  double guessed = 0;
  for (const double p : share) guessed += p * p;
  const double most = *std::max_element(share.begin(), share.end());
  return 100 * std::max(guessed, 2 * most * most / (1 + most));
}

/// Mean distance of column `k` from its mean.
double distance_from_mean(Span<const Sample* const> labelled, std::size_t k) {
  const auto count = static_cast<double>(labelled.size());
  double center = 0, distance = 0;
  for (const Sample* sample : labelled) center += static_cast<double>(sample->target[k]) / count;
  for (const Sample* sample : labelled)
    distance += std::fabs(static_cast<double>(sample->target[k]) - center) / count;
  return distance;
}

double standard_error_of(double score, double samples, bool regression) {
  // The errors of a regression are taken to spread as much as their mean.
  return regression ? -score / std::sqrt(samples)
                    : std::sqrt(std::max(score * (100 - score), 0.0) / samples);
}

}  // namespace

double chance_score(const Schema& schema, Span<const Sample* const> labelled) {
  if (labelled.empty()) return no_metric;
  const std::size_t outputs = schema.outputs.size();
  if (schema.task == CASD_TASK_CLASSES) return chance_f1(labelled, 0, outputs);
  std::vector<double> scores;
  for (std::size_t k = 0; k < outputs; ++k)
    scores.push_back(schema.task == CASD_TASK_REGRESSION ? -distance_from_mean(labelled, k)
                                                         : chance_f1(labelled, k, 2));
  return mean(scores);
}

std::vector<const Sample*> some_samples(Span<const Sample* const> samples, std::size_t most) {
  const std::size_t count = std::min(most, samples.size());
  std::vector<const Sample*> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(samples[i * samples.size() / count]);
  return out;
}

const ConditionSummary* EvidenceSummary::find(ModalityMask mask) const {
  for (const ConditionSummary& condition : conditions)
    if (condition.mask == mask) return &condition;
  return nullptr;
}

EvidenceSummaryBuilder::EvidenceSummaryBuilder(const Schema& schema,
                                               const std::vector<ModalitySubset>& conditions)
    : schema_(schema) {
  summary_.modalities.resize(schema.modalities.size());
  summary_.conditions.resize(conditions.size());
  for (std::size_t c = 0; c < conditions.size(); ++c)
    summary_.conditions[c].mask = conditions[c].mask;
  scale_.resize(conditions.size());
  for (std::vector<Sum>* sums : {&degrees_, &weight_, &variance_})
    sums->resize(schema.modalities.size());
}

void EvidenceSummaryBuilder::add(std::size_t condition, const Prediction& prediction) {
  const auto hidden = static_cast<std::size_t>(prediction.columns(CASD_FIELD_SCALE));
  const std::size_t modalities = degrees_.size();
  const bool complete = condition + 1 == scale_.size();
  location_.resize(hidden);
  location_square_.resize(hidden);
  const auto row_of = [&](casd_field field, std::int64_t row) {
    const auto columns = static_cast<std::size_t>(prediction.columns(field));
    return prediction.table(field).data() + static_cast<std::size_t>(row) * columns;
  };
  for (std::int64_t row = 0; row < prediction.rows(); ++row) {
    if (prediction.row_status(row) != CASD_OK) continue;
    const float* scale = row_of(CASD_FIELD_SCALE, row);
    scale_[condition].add(std::accumulate(scale, scale + hidden, 0.0) /
                          static_cast<double>(hidden));
    if (!complete) continue;
    ++complete_rows_;
    const float* location = row_of(CASD_FIELD_REPRESENTATION, row);
    for (std::size_t i = 0; i < hidden; ++i) {
      const auto value = static_cast<double>(location[i]);
      location_[i] += value;
      location_square_[i] += value * value;
    }
    const float* degrees = row_of(CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM, row);
    const float* weight = row_of(CASD_FIELD_MODALITY_WEIGHT, row);
    const float* variance = row_of(CASD_FIELD_MODALITY_VARIANCE, row);
    for (std::size_t m = 0; m < modalities; ++m) {
      if (!(prediction.participating(row) >> m & 1u)) continue;
      degrees_[m].add(static_cast<double>(degrees[m]));
      weight_[m].add(static_cast<double>(weight[m]));
      variance_[m].add(static_cast<double>(variance[m]));
    }
  }
}

EvidenceSummary EvidenceSummaryBuilder::finish(const std::vector<ConditionPredictions>& outputs,
                                               const std::vector<double>& score) {
  EvidenceSummary& out = summary_;
  for (std::size_t m = 0; m < out.modalities.size(); ++m)
    out.modalities[m] = {degrees_[m].mean(), weight_[m].mean(), variance_[m].mean()};
  for (std::size_t c = 0; c < out.conditions.size(); ++c) {
    out.conditions[c].uncertainty = mean(outputs[c].uncertainty);
    out.conditions[c].scale = scale_[c].mean();
    out.conditions[c].score = score[c];
  }
  if (complete_rows_ > 0) {
    double variance = 0;
    for (std::size_t i = 0; i < location_.size(); ++i) {
      const double center = location_[i] / complete_rows_;
      variance += std::max(location_square_[i] / complete_rows_ - center * center, 0.0);
    }
    out.spread = std::sqrt(variance / static_cast<double>(location_.size()));
  }
  const std::vector<const Sample*>& labelled = outputs.back().labelled;
  out.chance = chance_score(schema_, labelled);
  out.standard_error = standard_error_of(score.back(), static_cast<double>(labelled.size()),
                                         schema_.task == CASD_TASK_REGRESSION);
  return std::move(summary_);
}

}  // namespace casd
