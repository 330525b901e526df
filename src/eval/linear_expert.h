// Linear experts: ridge regression of the targets on the pooled frames of one modality, with exact
// leave-one-out predictions; discriminant analysis for more than two classes (docs/method.md 10.1).
#pragma once

#include "core/span.h"
#include "eval/work_progress.h"

#include <casd/schema.h>

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace casd {

/// Ridge strengths per feature: 13 values from 1e-2 to 1e4.
constexpr std::size_t strength_count = 13;
double ridge_strength(std::size_t index);

/// From this number of held-out samples on the experts of all strengths are averaged; with fewer the
/// strength of least leave-one-out error is taken.
constexpr std::size_t enough_held_out = 100;

/// Targets of a task as numbers that a linear map predicts.
struct ExpertTask {
  casd_task task;
  std::size_t columns;               // K logits
  std::vector<double> class_weight;  // classes: [K], or empty: all 1
  bool discriminant = false;         // classes: linear discriminant analysis in place of regression
};

/// Pooled frames and targets of the samples that have the modality and a target. The pooled frames
/// are asked for in parts, so that they need not be in memory.
struct ExpertRows {
  std::size_t count = 0;
  std::size_t width = 0;  // numbers of pooled frames
  /// Writes the pooled frames [rows, width] of `rows` samples from `first` on. Called more than once
  /// for each sample.
  std::function<void(std::size_t first, std::size_t rows, double* out)> read;
  /// Classes: [count] the class. Multi-label: [count, K / 2], 0 or 1. Regression: [count, K],
  /// standardised.
  std::vector<double> target;
};

/// The experts of every strength.
struct LinearExperts {
  std::size_t width = 0, columns = 0;
  /// Maps of the pooled frames to logits, centred, before the scale: [width, columns] per strength.
  std::array<std::vector<double>, strength_count> map;
  std::array<std::vector<double>, strength_count> offset;  // [K] added to the map, before the scale
  std::vector<double> centre;                  // [width] the pooled frames that the map sends to 0
  std::array<double, strength_count> scale{};  // kappa
  /// Weighted squared error; of a discriminant the least weighted cross-entropy of all scales.
  std::array<double, strength_count> leave_one_out{};
};

/// Memory: O(width^2), or O(count * width) where there are fewer samples than features, and
/// O(count * K). `rows.count` is at least 1.
LinearExperts fit_experts(const ExpertRows& rows, const ExpertTask& task,
                          const WorkProgress& progress = {});

/// How much each strength counts; the sum is 1.
using StrengthShares = std::array<double, strength_count>;
StrengthShares strength_shares(const LinearExperts& experts, const ExpertRows& held_out,
                               const ExpertTask& task, const WorkProgress& progress = {});

/// One linear map: f = weight phi + bias.
struct LinearMap {
  std::vector<double> weight;  // [K, width]
  std::vector<double> bias;    // [K]
};
LinearMap fold(const LinearExperts& experts, const StrengthShares& shares);

/// Sum of the samples' cross-entropies (multi-label: mean over the pairs), or of squared errors, of
/// `scale` * predictions [count, K]. `weighted`: classes are weighted by the task's class weights.
/// `smoothing`: classes: the share of the target that is spread over all classes.
double expert_cost(const ExpertTask& task, Span<const double> predictions,
                   Span<const double> target, double scale, bool weighted, double smoothing = 0);

}  // namespace casd
