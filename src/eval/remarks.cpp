#include "eval/remarks.h"

#include "core/error.h"

#include <algorithm>
#include <cmath>
#include <iomanip>

namespace casd {
namespace {

using Limits = RemarkLimits;

void append_name(std::string& names, const std::string& name) {
  names += (names.empty() ? "" : ", ") + name;
}

void remark_on_evidence(std::vector<Remark>& out, const Schema& schema,
                        const casd_model_options& options, const EvidenceSummary& summary) {
  const double least = 2 * options.alpha_min, most = 2 * options.alpha_max;
  std::string low, high;
  for (std::size_t m = 0; m < summary.modalities.size(); ++m) {
    const double nu = summary.modalities[m].degrees_of_freedom;
    if (nu < least + Limits::lowest_evidence) append_name(low, schema.modalities[m].name);
    if (nu > Limits::highest_evidence * most) append_name(high, schema.modalities[m].name);
  }
  if (!low.empty())
    out.push_back({RemarkKind::evidence_at_limit,
                   "the evidence of " + low + " has collapsed to its lower limit (mean nu near " +
                       decimal(least, 1) +
                       "): nothing was learned from it, and its weight does not depend on the "
                       "input; check its features, or lower evidence_regularizer"});
  if (!high.empty())
    out.push_back({RemarkKind::evidence_at_limit,
                   "the evidence of " + high + " has collapsed to its upper limit (mean nu near " +
                       decimal(most, 1) +
                       "): every input counts as certain; raise alpha_max or "
                       "evidence_regularizer, or lower evidence_rate"});
}

void remark_on_uncertainty(std::vector<Remark>& out, const Schema& schema,
                           const EvidenceSummary& summary) {
  if (summary.conditions.size() < 2) return;
  double least = HUGE_VAL, most = 0;
  for (const ConditionSummary& condition : summary.conditions) {
    if (!std::isfinite(condition.uncertainty)) continue;
    least = std::min(least, condition.uncertainty);
    most = std::max(most, condition.uncertainty);
  }
  if (most < Limits::contrast * least)
    out.push_back({RemarkKind::flat_uncertainty,
                   "the uncertainty hardly differs between the sets of modalities (mean U " +
                       decimal(least, 2) + " to " + decimal(most, 2) +
                       "): it does not tell which input is reliable; train with recipe grounded "
                       "or evidential, or raise evidence_weight"});
  const ConditionSummary& complete = summary.conditions.back();
  std::string names;
  for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
    const ModalityMask without = complete.mask & ~(ModalityMask{1} << m);
    const ConditionSummary* rest = without == complete.mask ? nullptr : summary.find(without);
    if (rest && rest->uncertainty < Limits::falling * complete.uncertainty)
      append_name(names, schema.modalities[m].name + " (mean U " + decimal(rest->uncertainty, 2) +
                             " without it, " + decimal(complete.uncertainty, 2) + " with it)");
  }
  if (!names.empty())
    out.push_back({RemarkKind::falling_uncertainty,
                   "the uncertainty falls when a modality goes missing: " + names +
                       "; do not compare U between sets of modalities; use fused_variance = "
                       "weighted and a recipe that learns evidence, or leave the modality out"});
}

void remark_on_dependence(std::vector<Remark>& out, const Schema& schema,
                          const EvidenceSummary& summary) {
  if (summary.conditions.size() < 2) return;
  const ConditionSummary& complete = summary.conditions.back();
  const double gain = complete.score - summary.chance;
  if (!(gain > Limits::errors_above_chance * summary.standard_error)) return;
  const bool regression = schema.task == CASD_TASK_REGRESSION;
  const auto score = [&](double value) {
    return regression ? decimal(-value, 3) : decimal(value, 1) + " %";
  };
  for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
    const ModalityMask bit = ModalityMask{1} << m;
    if (!(complete.mask & bit)) continue;
    double best = -HUGE_VAL;
    for (const ConditionSummary& condition : summary.conditions)
      if (!(condition.mask & bit) && condition.score > best) best = condition.score;
    if (!std::isfinite(best) || best - summary.chance > Limits::share_without * gain) continue;
    out.push_back(
        {RemarkKind::depends_on,
         text("the result depends on ", schema.modalities[m].name, ": ",
              regression ? "mean absolute error " : "F1 ", score(complete.score),
              " with all modalities, ", regression ? "at least " : "at most ", score(best),
              " without it (", score(summary.chance),
              " by chance); where it may be missing, the other modalities need better features or "
              "more data")});
  }
}

}  // namespace

const char* remark_text(const std::vector<Remark>& remarks, std::int32_t index) {
  const auto at = static_cast<std::size_t>(index);  // beyond the end for a negative one
  return at < remarks.size() ? remarks[at].text.c_str() : nullptr;
}

std::string decimal(double value, int digits) {
  return std::isfinite(value) ? text(std::fixed, std::setprecision(digits), value) : "-";
}

std::vector<Remark> evidence_remarks(const Schema& schema, const casd_model_options& options,
                                     const EvidenceSummary& summary) {
  std::vector<Remark> out;
  if (summary.conditions.empty()) return out;
  remark_on_evidence(out, schema, options, summary);
  remark_on_uncertainty(out, schema, summary);
  remark_on_dependence(out, schema, summary);
  return out;
}

}  // namespace casd
