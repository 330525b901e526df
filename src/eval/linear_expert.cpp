#include "eval/linear_expert.h"

#include "core/error.h"
#include "eval/discriminant.h"
#include "method/losses.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace casd {
namespace {

using Matrix = Eigen::MatrixXd;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using Index = Eigen::Index;

constexpr std::size_t chunk_rows = 512;
constexpr double least_deviation = 1e-6;

Index index(std::size_t value) { return static_cast<Index>(value); }

/// 0 and `count` values from `first` to `last` with a constant ratio.
std::vector<double> scales(double first, double last, int count) {
  std::vector<double> out = {0};
  for (int i = 0; i < count; ++i) out.push_back(first * std::pow(last / first, i / (count - 1.0)));
  return out;
}

std::size_t target_columns(const ExpertTask& task) {
  switch (task.task) {
    case CASD_TASK_CLASSES:
      return 1;
    case CASD_TASK_MULTILABEL:
      return task.columns / 2;
    default:
      return task.columns;
  }
}

double sample_weight(const ExpertTask& task, const double* target) {
  return task.task == CASD_TASK_CLASSES && !task.class_weight.empty()
             ? task.class_weight[static_cast<std::size_t>(*target)]
             : 1;
}

/// What the linear map learns: one-hot classes, pairs of labels, or the values.
RowMatrix learned_targets(const ExpertRows& rows, const ExpertTask& task) {
  const std::size_t given = target_columns(task);
  RowMatrix out = RowMatrix::Zero(index(rows.count), index(task.columns));
  for (std::size_t i = 0; i < rows.count; ++i)
    for (std::size_t k = 0; k < given; ++k) {
      const double value = rows.target[i * given + k];
      if (task.task == CASD_TASK_CLASSES) {
        out(index(i), static_cast<Index>(value)) = 1;
      } else if (task.task == CASD_TASK_MULTILABEL) {
        out(index(i), index(2 * k)) = 1 - value;
        out(index(i), index(2 * k + 1)) = value;
      } else {
        out(index(i), index(k)) = value;
      }
    }
  return out;
}

/// The weighted least-squares problem: rows r_i (x_i - centre), where r_i^2 is the sample's weight
/// divided by the mean weight and x_i the standardised pooled frames.
class Problem {
 public:
  Problem(const ExpertRows& rows, const ExpertTask& task, const WorkProgress& progress)
      : rows_(rows), targets(learned_targets(rows, task)), weight(index(rows.count)) {
    const std::size_t given = target_columns(task);
    for (std::size_t i = 0; i < rows.count; ++i)
      weight[index(i)] = sample_weight(task, rows.target.data() + i * given);
    weight /= weight.mean();
    standardise(progress);
    target_mean = (targets.transpose() * weight) / weight.sum();
  }

  /// Calls visit(first, part) for parts [rows, width] of the weighted, centred rows.
  template <class Visit>
  void visit(const WorkProgress& progress, const Visit& visit_part) const {
    RowMatrix part;
    visit_pooled(progress, [&](Index first, const RowMatrix& pooled) {
      part = (pooled.rowwise() - centre.transpose()) * deviation.cwiseInverse().asDiagonal();
      part = weight.segment(first, part.rows()).cwiseSqrt().asDiagonal() * part;
      visit_part(first, part);
    });
  }

  /// The weighted, centred targets.
  Matrix weighted_targets() const {
    return weight.cwiseSqrt().asDiagonal() * (targets.rowwise() - target_mean.transpose());
  }

  Index count() const { return index(rows_.count); }
  Index width() const { return index(rows_.width); }

 private:
  template <class Visit>
  void visit_pooled(const WorkProgress& progress, const Visit& visit_part) const {
    RowMatrix pooled;
    for (std::size_t first = 0; first < rows_.count; first += chunk_rows) {
      const std::size_t size = std::min(chunk_rows, rows_.count - first);
      pooled.resize(index(size), width());
      rows_.read(first, size, pooled.data());
      visit_part(index(first), pooled);
      report(progress, first + size, rows_.count);
    }
  }

  void standardise(const WorkProgress& progress) {
    WorkParts parts(progress, 2);
    Vector mean = Vector::Zero(width());
    centre = Vector::Zero(width());
    visit_pooled(parts.next(1), [&](Index first, const RowMatrix& pooled) {
      mean += pooled.colwise().sum().transpose();
      centre += pooled.transpose() * weight.segment(first, pooled.rows());
    });
    mean /= static_cast<double>(rows_.count);
    centre /= weight.sum();
    Vector square = Vector::Zero(width());
    visit_pooled(parts.next(1), [&](Index, const RowMatrix& pooled) {
      square += (pooled.rowwise() - mean.transpose()).colwise().squaredNorm().transpose();
    });
    deviation = (square / static_cast<double>(rows_.count)).cwiseSqrt();
    for (double& value : deviation)
      if (value < least_deviation) value = 1;
  }

  const ExpertRows& rows_;

 public:
  RowMatrix targets;   // [count, K]
  Vector weight;       // [count], mean 1
  Vector target_mean;  // [K] weighted
  Vector centre;       // [width] weighted mean of the pooled frames
  Vector deviation;    // [width] of the pooled frames, without weights
};

/// (T + lambda)^-1 v for the symmetric tridiagonal T; T + lambda is positive definite.
class ShiftedTridiagonal {
 public:
  ShiftedTridiagonal(const Vector& diagonal, const Vector& below, double lambda)
      : ratio_(below.size()), pivot_(diagonal.size()) {
    pivot_[0] = diagonal[0] + lambda;
    for (Index i = 0; i < below.size(); ++i) {
      ratio_[i] = below[i] / pivot_[i];
      pivot_[i + 1] = diagonal[i + 1] + lambda - ratio_[i] * below[i];
    }
  }

  /// v' (T + lambda)^-1 v.
  double quadratic(const double* v) const {
    double sum = 0, y = 0;
    for (Index i = 0; i < pivot_.size(); ++i) {
      y = v[i] - (i > 0 ? ratio_[i - 1] * y : 0);
      sum += y * y / pivot_[i];
    }
    return sum;
  }

  Matrix solve(const Matrix& right) const {
    Matrix x = right;
    for (Index i = 1; i < pivot_.size(); ++i) x.row(i) -= ratio_[i - 1] * x.row(i - 1);
    for (Index i = 0; i < pivot_.size(); ++i) x.row(i) /= pivot_[i];
    for (Index i = pivot_.size() - 1; i > 0; --i) x.row(i - 1) -= ratio_[i - 1] * x.row(i);
    return x;
  }

 private:
  Vector ratio_, pivot_;
};

/// The solutions of the ridge problem for all strengths. A is reduced once to Q T Q', of A'A, or of
/// AA' where there are fewer samples than features; a strength then only costs tridiagonal solutions.
/// Compared with the eigenvalues this is four times faster.
class RidgePath {
 public:
  RidgePath(const Problem& problem, const WorkProgress& progress)
      : problem_(problem), by_features_(problem.count() > problem.width()) {
    const Matrix b = problem.weighted_targets();
    Matrix gram;
    if (by_features_) {
      gram = Matrix::Zero(problem.width(), problem.width());
      projected_ = Matrix::Zero(problem.width(), b.cols());
      problem.visit(progress, [&](Index first, const RowMatrix& part) {
        gram.selfadjointView<Eigen::Lower>().rankUpdate(part.transpose());
        projected_ += part.transpose() * b.middleRows(first, part.rows());
      });
    } else {
      rows_.resize(problem.count(), problem.width());
      problem.visit(progress, [&](Index first, const RowMatrix& part) {
        rows_.middleRows(first, part.rows()) = part;
      });
      gram = Matrix::Zero(problem.count(), problem.count());
      gram.selfadjointView<Eigen::Lower>().rankUpdate(rows_);
      projected_ = b;
    }
    if (gram.rows() > 1) {
      const Eigen::Tridiagonalization<Matrix> reduced(Matrix(gram.selfadjointView<Eigen::Lower>()));
      diagonal_ = reduced.diagonal();
      below_ = reduced.subDiagonal();
      basis_ = reduced.matrixQ();
    } else {
      diagonal_ = gram.col(0);
      below_.resize(0);
      basis_ = Matrix::Identity(1, 1);
    }
    projected_ = basis_.transpose() * projected_;
  }

  /// Calls visit(first, g, leverage, prediction) for parts of the samples and all strengths; adds
  /// nothing for the centre. Stores the map [width, K] of each strength.
  template <class Visit>
  void run(std::array<Matrix, strength_count>& map, const WorkProgress& progress,
           const Visit& visit) const {
    std::array<Matrix, strength_count> solution;
    std::vector<ShiftedTridiagonal> shifted;
    for (std::size_t g = 0; g < strength_count; ++g) {
      const double lambda = ridge_strength(g) * static_cast<double>(problem_.width());
      shifted.emplace_back(diagonal_, below_, lambda);
      solution[g] = basis_ * shifted[g].solve(projected_);
      map[g] = by_features_ ? solution[g] : Matrix(rows_.transpose() * solution[g]);
    }
    if (by_features_) {
      RowMatrix turned;
      problem_.visit(progress, [&](Index first, const RowMatrix& part) {
        turned = part * basis_;
        for (std::size_t g = 0; g < strength_count; ++g)
          visit(first, g, leverages(shifted[g], turned, 1, 0), Matrix(part * map[g]));
      });
      return;
    }
    const RowMatrix turned = basis_;
    const Matrix b = problem_.weighted_targets();
    for (std::size_t g = 0; g < strength_count; ++g) {
      const double lambda = ridge_strength(g) * static_cast<double>(problem_.width());
      visit(Index{0}, g, leverages(shifted[g], turned, -lambda, 1),
            Matrix(b - lambda * solution[g]));
      report(progress, g + 1, strength_count);
    }
  }

 private:
  static Vector leverages(const ShiftedTridiagonal& shifted, const RowMatrix& rows, double factor,
                          double constant) {
    Vector out(rows.rows());
    for (Index i = 0; i < rows.rows(); ++i)
      out[i] = constant + factor * shifted.quadratic(rows.row(i).data());
    return out;
  }

  const Problem& problem_;
  const bool by_features_;
  RowMatrix rows_;            // all rows; fewer samples than features only
  Matrix basis_, projected_;  // Q, Q' A'b or Q' b
  Vector diagonal_, below_;   // of T
};

double least_squares_scale(const RowMatrix& prediction, const Matrix& centred) {
  const double square = std::max(prediction.squaredNorm(), 1e-12);
  return std::max((prediction.array() * centred.array()).sum() / square, 0.0);
}

/// Sets the scale of least cost of the leave-one-out predictions `without`.
void choose_scale(LinearExperts& experts, std::size_t g, const RowMatrix& without,
                  const Matrix& centred, const std::vector<double>& target, const ExpertTask& task,
                  const WorkProgress& progress) {
  static const std::vector<double> tried = scales(0.25, 512, 45);
  if (task.task == CASD_TASK_REGRESSION) {
    experts.scale[g] = least_squares_scale(without, centred);
    return;
  }
  // A discriminant often separates all samples, and the largest scale would cost least. The smoothed
  // target adds a hundredth of a sample of unknown class.
  const double smoothing = task.discriminant ? 0.01 / (static_cast<double>(without.rows()) + 1) : 0;
  const Span<const double> predictions(without.data(), static_cast<std::size_t>(without.size()));
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const double scale = tried[i];
    const double cost = expert_cost(task, predictions, target, scale, true, smoothing);
    report(progress, i + 1, tried.size());
    if (cost >= best) continue;
    best = cost;
    experts.scale[g] = scale;
  }
  if (task.discriminant) experts.leave_one_out[g] = best;
}

}  // namespace

double ridge_strength(std::size_t index) {
  return std::pow(10, -2 + 6 * static_cast<double>(index) / (strength_count - 1));
}

double expert_cost(const ExpertTask& task, Span<const double> predictions,
                   Span<const double> target, double scale, bool weighted, double smoothing) {
  const std::size_t given = target_columns(task), count = target.size() / given;
  const auto columns = static_cast<std::int64_t>(task.columns);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double* z = predictions.data() + i * task.columns;
    const double* y = target.data() + i * given;
    if (task.task == CASD_TASK_CLASSES) {
      double expected = (1 - smoothing) * z[static_cast<std::size_t>(*y)];
      if (smoothing > 0)
        expected += smoothing * std::accumulate(z, z + columns, 0.0) / static_cast<double>(columns);
      sum += (weighted ? sample_weight(task, y) : 1) *
             (log_sum_exp(z, columns, scale) - scale * expected);
      continue;
    }
    for (std::size_t k = 0; k < given; ++k) {
      if (task.task == CASD_TASK_MULTILABEL) {
        const double* pair = z + 2 * k;
        sum += (log_sum_exp(pair, 2, scale) - scale * pair[static_cast<std::size_t>(y[k])]) /
               static_cast<double>(given);
      } else {
        sum += (scale * z[k] - y[k]) * (scale * z[k] - y[k]);
      }
    }
  }
  return sum;
}

LinearExperts fit_experts(const ExpertRows& rows, const ExpertTask& task,
                          const WorkProgress& progress) {
  constexpr double problem_work = 1, path_work = 1, run_work = 6;
  WorkParts parts(progress, problem_work + path_work + run_work + strength_count);
  const Problem problem(rows, task, parts.next(problem_work));
  const RidgePath path(problem, parts.next(path_work));
  const Index columns = index(task.columns);
  const double total = problem.weight.sum();
  const Matrix centred = problem.targets.rowwise() - problem.target_mean.transpose();

  LinearExperts out;
  out.width = rows.width;
  out.columns = task.columns;
  out.centre.assign(problem.centre.begin(), problem.centre.end());
  std::array<Matrix, strength_count> map;
  std::array<RowMatrix, strength_count> without;  // leave-one-out predictions, centred
  std::array<RidgeFit, strength_count> fits;      // of a discriminant
  for (std::size_t g = 0; g < strength_count; ++g) {
    if (!task.discriminant) {
      without[g].resize(problem.count(), columns);
      continue;
    }
    fits[g].fitted.resize(problem.count(), columns);
    fits[g].leverage.resize(problem.count());
  }
  path.run(map, parts.next(run_work),
           [&](Index first, std::size_t g, const Vector& leverage, const Matrix& prediction) {
             for (Index i = 0; i < leverage.size(); ++i) {
               const double w = problem.weight[first + i], root = std::sqrt(w);
               if (task.discriminant) {
                 fits[g].fitted.row(first + i) = prediction.row(i) / root;
                 fits[g].leverage[first + i] = leverage[i] / w;
                 continue;
               }
               // The weighted centring is a regression on a constant, with leverage w / sum of w.
               const double left = 1 - leverage[i] - w / total;
               for (Index k = 0; k < columns; ++k) {
                 const double residual =
                     (root * centred(first + i, k) - prediction(i, k)) / (left * root);
                 without[g](first + i, k) = centred(first + i, k) - residual;
                 out.leave_one_out[g] += w * residual * residual;
               }
             }
           });

  const std::vector<std::size_t> classes =
      task.discriminant ? std::vector<std::size_t>(rows.target.begin(), rows.target.end())
                        : std::vector<std::size_t>();
  for (std::size_t g = 0; g < strength_count; ++g) {
    out.offset[g].assign(task.columns, 0);
    if (task.discriminant) {
      Discriminant functions = discriminate(fits[g], classes, problem.weight);
      map[g] *= functions.map;
      out.offset[g].assign(functions.offset.begin(), functions.offset.end());
      without[g] = std::move(functions.leave_one_out);
    }
    const Matrix unscaled = problem.deviation.cwiseInverse().asDiagonal() * map[g];
    out.map[g].resize(rows.width * task.columns);
    Eigen::Map<RowMatrix>(out.map[g].data(), problem.width(), columns) = unscaled;
    choose_scale(out, g, without[g], centred, rows.target, task, parts.next(1));
  }
  return out;
}

StrengthShares strength_shares(const LinearExperts& experts, const ExpertRows& held_out,
                               const ExpertTask& task, const WorkProgress& progress) {
  constexpr double temper = 3;
  static const std::vector<double> contributions = scales(0.05, 4, 25);
  StrengthShares out{};
  if (held_out.count < enough_held_out) {
    const auto& errors = experts.leave_one_out;
    out[static_cast<std::size_t>(std::min_element(errors.begin(), errors.end()) - errors.begin())] =
        1;
    return out;
  }
  const Index columns = index(experts.columns), width = index(experts.width);
  constexpr double predictions_work = 2;
  WorkParts parts(progress, predictions_work + strength_count);
  const WorkProgress predicting = parts.next(predictions_work);
  std::array<RowMatrix, strength_count> predictions;
  for (RowMatrix& p : predictions) p.resize(index(held_out.count), columns);
  RowMatrix part;
  const Eigen::Map<const Vector> centre(experts.centre.data(), width);
  for (std::size_t first = 0; first < held_out.count; first += chunk_rows) {
    const std::size_t size = std::min(chunk_rows, held_out.count - first);
    part.resize(index(size), width);
    held_out.read(first, size, part.data());
    part.rowwise() -= centre.transpose();
    for (std::size_t g = 0; g < strength_count; ++g)
      predictions[g].middleRows(index(first), index(size)) =
          experts.scale[g] *
          ((part * Eigen::Map<const RowMatrix>(experts.map[g].data(), width, columns)).rowwise() +
           Eigen::Map<const Eigen::RowVectorXd>(experts.offset[g].data(), columns));
    report(predicting, first + size, held_out.count);
  }
  StrengthShares cost;
  for (std::size_t g = 0; g < strength_count; ++g) {
    const Span<const double> values(predictions[g].data(),
                                    static_cast<std::size_t>(predictions[g].size()));
    cost[g] = std::numeric_limits<double>::infinity();
    const WorkProgress costing = parts.next(1);
    for (std::size_t i = 0; i < contributions.size(); ++i) {
      cost[g] =
          std::min(cost[g], expert_cost(task, values, held_out.target, contributions[i], false));
      report(costing, i + 1, contributions.size());
    }
    if (task.task == CASD_TASK_REGRESSION)
      cost[g] = static_cast<double>(held_out.count) / 2 *
                std::log(cost[g] / static_cast<double>(values.size()));
  }
  const double least = *std::min_element(cost.begin(), cost.end());
  double total = 0;
  for (std::size_t g = 0; g < strength_count; ++g)
    total += out[g] = std::exp(-(cost[g] - least) / temper);
  for (double& share : out) share /= total;
  return out;
}

LinearMap fold(const LinearExperts& experts, const StrengthShares& shares) {
  LinearMap out;
  out.weight.assign(experts.columns * experts.width, 0);
  out.bias.assign(experts.columns, 0);
  for (std::size_t g = 0; g < strength_count; ++g)
    for (std::size_t i = 0; i < experts.width; ++i)
      for (std::size_t k = 0; k < experts.columns; ++k)
        out.weight[k * experts.width + i] +=
            shares[g] * experts.scale[g] * experts.map[g][i * experts.columns + k];
  for (std::size_t k = 0; k < experts.columns; ++k) {
    for (std::size_t g = 0; g < strength_count; ++g)
      out.bias[k] += shares[g] * experts.scale[g] * experts.offset[g][k];
    for (std::size_t i = 0; i < experts.width; ++i)
      out.bias[k] -= out.weight[k * experts.width + i] * experts.centre[i];
  }
  return out;
}

}  // namespace casd
