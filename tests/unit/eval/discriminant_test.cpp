// Penalised discriminant analysis against its definition, computed with the covariance itself, and by
// leaving every sample out.
#include "eval/discriminant.h"

#include "core/random.h"
#include "eval/linear_expert.h"

#include <gtest/gtest.h>
#include <Eigen/LU>

#include <cmath>

namespace casd {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Index = Eigen::Index;

struct Samples {
  Matrix x;  // [count, width]
  std::vector<std::size_t> classes;
  Vector weight;
  Index columns;
};

/// Classes 0, 1, 2, ... in turn, each around a mean of its own; `weight` by class.
Samples samples(Index count, Index width, Index columns, bool weighted) {
  Samples out{Matrix(count, width), {}, Vector(count), columns};
  const RandomStream random(7, 0, RandomSite::synthetic);
  std::uint64_t drawn = 0;
  const Matrix means = Matrix::NullaryExpr(columns, width, [&] { return random.normal(drawn++); });
  for (Index i = 0; i < count; ++i) {
    out.classes.push_back(static_cast<std::size_t>(i % columns));
    out.weight[i] = weighted ? 0.5 + static_cast<double>(i % columns) : 1;
    for (Index f = 0; f < width; ++f) out.x(i, f) = means(i % columns, f) + random.normal(drawn++);
  }
  out.weight /= out.weight.mean();
  return out;
}

/// The functions of all classes at `at`, from the samples other than `left_out`, in units of a log
/// probability. `origin` is subtracted from all vectors; it changes all functions alike.
Vector by_definition(const Samples& s, const Vector& origin, double penalty, const Vector& at,
                     Index left_out, double freedom, const Vector& prior) {
  const Index width = s.x.cols();
  Matrix means = Matrix::Zero(s.columns, width);
  Vector sum = Vector::Zero(s.columns);
  for (Index i = 0; i < s.x.rows(); ++i) {
    if (i == left_out) continue;
    const auto c = static_cast<Index>(s.classes[static_cast<std::size_t>(i)]);
    means.row(c) += s.weight[i] * (s.x.row(i) - origin.transpose());
    sum[c] += s.weight[i];
  }
  for (Index c = 0; c < s.columns; ++c) means.row(c) /= sum[c];
  Matrix within = penalty * Matrix::Identity(width, width);
  for (Index i = 0; i < s.x.rows(); ++i) {
    if (i == left_out) continue;
    const auto c = static_cast<Index>(s.classes[static_cast<std::size_t>(i)]);
    const Vector d = (s.x.row(i) - origin.transpose() - means.row(c)).transpose();
    within += s.weight[i] * d * d.transpose();
  }
  const Matrix solved = within.inverse() * means.transpose();
  Vector out = solved.transpose() * (at - origin);
  for (Index c = 0; c < s.columns; ++c) out[c] -= means.row(c).dot(solved.col(c)) / 2;
  return freedom * out + prior;
}

TEST(Discriminant, EqualsTheDefinitionAtEverySampleAndWithoutIt) {
  for (const bool weighted : {false, true})
    for (const Index width : {3, 12}) {
      const Samples s = samples(17, width, 3, weighted);
      constexpr double penalty = 0.7;
      // The ridge regression on the centred one-hot classes.
      const Vector origin = (s.x.transpose() * s.weight) / s.weight.sum();
      const Matrix centred = s.x.rowwise() - origin.transpose();
      Matrix y = Matrix::Zero(17, 3);
      for (Index i = 0; i < 17; ++i)
        y(i, static_cast<Index>(s.classes[static_cast<std::size_t>(i)])) = 1;
      const Vector y_mean = (y.transpose() * s.weight) / s.weight.sum();
      const Matrix total = centred.transpose() * s.weight.asDiagonal() * centred +
                           penalty * Matrix::Identity(width, width);
      const Matrix inverse = total.inverse();
      const Matrix map = inverse * centred.transpose() * s.weight.asDiagonal() *
                         (y.rowwise() - y_mean.transpose());
      const RidgeFit fit{centred * map, (centred * inverse * centred.transpose()).diagonal()};
      const Discriminant d = discriminate(fit, s.classes, s.weight);

      Vector prior = Vector::Zero(3);
      for (Index i = 0; i < 17; ++i)
        prior[static_cast<Index>(s.classes[static_cast<std::size_t>(i)])] += s.weight[i] / 17;
      prior = prior.array().log();
      const double freedom = 17 - 3;
      // The functions are divided by one constant; find it from the first sample.
      const auto at = [&](Index i, Index left_out) {
        return by_definition(s, origin, penalty, s.x.row(i).transpose(), left_out, freedom, prior);
      };
      const Eigen::RowVectorXd first = fit.fitted.row(0) * d.map + d.offset.transpose();
      const double unit = at(0, -1)[1] / first[1];
      EXPECT_GT(unit, 0);
      for (Index i = 0; i < 17; ++i) {
        const Eigen::RowVectorXd all = fit.fitted.row(i) * d.map + d.offset.transpose();
        const Vector expected = at(i, -1), without = at(i, i);
        for (Index k = 0; k < 3; ++k) {
          EXPECT_NEAR(unit * all[k], expected[k], 1e-9) << i << " " << k;
          EXPECT_NEAR(unit * d.leave_one_out(i, k), without[k], 1e-9) << i << " " << k;
        }
      }
    }
}

TEST(Discriminant, AClassOfOneSampleAndOneWithoutAreFinite) {
  Samples s = samples(9, 4, 4, false);
  for (std::size_t i = 0; i < 9; ++i)
    s.classes[i] = i == 0 ? 2 : i % 2;  // class 2 once, class 3 never
  const Matrix centred = s.x.rowwise() - s.x.colwise().mean();
  const Matrix inverse = (centred.transpose() * centred + Matrix::Identity(4, 4)).inverse();
  Matrix y = Matrix::Zero(9, 4);
  for (Index i = 0; i < 9; ++i)
    y(i, static_cast<Index>(s.classes[static_cast<std::size_t>(i)])) = 1;
  const Matrix map = inverse * centred.transpose() * (y.rowwise() - y.colwise().mean());
  const RidgeFit fit{centred * map, (centred * inverse * centred.transpose()).diagonal()};
  const Discriminant d = discriminate(fit, s.classes, s.weight);
  EXPECT_TRUE(d.map.allFinite());
  EXPECT_TRUE(d.offset.allFinite());
  EXPECT_TRUE(d.leave_one_out.allFinite());
  EXPECT_EQ(d.leave_one_out.row(0).norm(), 0);
  EXPECT_GT(d.leave_one_out.row(1).norm(), 0);
  EXPECT_EQ(d.map.col(3).norm(), 0);
  EXPECT_LT(d.offset[3], d.offset[0]);
}

/// Regression on one-hot classes never predicts the class in the middle of a line.
TEST(Discriminant, PredictsAClassBetweenTwoOthers) {
  const RandomStream random(3, 0, RandomSite::synthetic);
  ExpertRows rows;
  rows.count = 90;
  rows.width = 3;
  std::vector<double> x;
  for (std::size_t i = 0; i < rows.count; ++i) {
    rows.target.push_back(static_cast<double>(i % 3));
    for (std::size_t f = 0; f < 3; ++f)
      x.push_back(2.0 * static_cast<double>(i % 3) + 0.4 * random.normal(3 * i + f));
  }
  rows.read = [&x](std::size_t first, std::size_t count, double* out) {
    std::copy_n(x.data() + 3 * first, 3 * count, out);
  };
  const auto right = [&](bool discriminant) {
    const ExpertTask task{CASD_TASK_CLASSES, 3, {}, discriminant};
    const LinearExperts experts = fit_experts(rows, task);
    const LinearMap map = fold(experts, strength_shares(experts, ExpertRows{}, task));
    std::size_t out = 0;
    for (std::size_t i = 0; i < rows.count; ++i) {
      Vector f(3);
      for (Index k = 0; k < 3; ++k) {
        f[k] = map.bias[static_cast<std::size_t>(k)];
        for (std::size_t j = 0; j < 3; ++j)
          f[k] += map.weight[static_cast<std::size_t>(k) * 3 + j] * x[3 * i + j];
      }
      Index best;
      f.maxCoeff(&best);
      out += static_cast<std::size_t>(best) == i % 3;
    }
    return out;
  };
  EXPECT_LE(right(false), 70u);
  EXPECT_GE(right(true), 88u);
}

}  // namespace
}  // namespace casd
