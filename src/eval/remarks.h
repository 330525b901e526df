// What a summary of evidence and uncertainty says about a model, in sentences for its user
// (docs/method.md 12).
#pragma once

#include "eval/evidence_summary.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casd {

enum class RemarkKind {
  too_few_steps,        // of training
  nothing_dropped,      // of training
  noise_dominates,      // of training: sigma_F explodes
  evidence_at_limit,    // evidence has collapsed to a bound of alpha
  flat_uncertainty,     // U without contrast between conditions
  falling_uncertainty,  // U falls as a modality goes missing
  depends_on            // without one modality the score is near chance
};

struct Remark {
  RemarkKind kind;
  std::string text;  // what was seen and what to do
  /// Whether something should be changed; else it is a property of model and data.
  bool is_warning() const { return kind != RemarkKind::depends_on; }
};

/// The thresholds of the remarks.
struct RemarkLimits {
  /// Evidence has collapsed: mean nu is less than this above 2 alpha_min, or more than this share of
  /// 2 alpha_max.
  static constexpr double lowest_evidence = 0.05, highest_evidence = 0.95;
  /// Flat: the largest mean U of a condition is below the smallest times this factor.
  static constexpr double contrast = 1.25;
  /// Falling: without a modality the mean U is below that of complete input times this factor.
  static constexpr double falling = 0.9;
  /// Depends on a modality: the complete score is this many standard errors better than chance, and
  /// that of the best condition without the modality keeps at most this share of the distance.
  static constexpr double errors_above_chance = 3, share_without = 1.0 / 3;
  /// Noise dominates: the mean sampling deviation (kappa sigma_F) on complete input exceeds the
  /// deviation of mu_F between samples times this factor.
  static constexpr double noise_ratio = 2;
};

/// Remarks on evidence and uncertainty, in the order of RemarkKind. `summary` is of all conditions of
/// `schema`, or of those of a part of its modalities.
std::vector<Remark> evidence_remarks(const Schema& schema, const casd_model_options& options,
                                     const EvidenceSummary& summary);

/// The text of a remark, for the C API; NULL if there is none.
const char* remark_text(const std::vector<Remark>& remarks, std::int32_t index);

/// A number with `digits` decimals, "-" if it is not finite.
std::string decimal(double value, int digits);

}  // namespace casd
