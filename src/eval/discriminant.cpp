#include "eval/discriminant.h"

#include <Eigen/LU>

#include <algorithm>

// Notation: x are the centred rows, R = (sum of w x x' + penalty)^-1 of the ridge regression, m_k the
// class means, W_k the sums of weights. Then x' R m_k is the fitted value of class k divided by W_k,
// and P = (sum of w (x - m)(x - m)' + penalty)^-1 follows from R by the formula of Woodbury:
//   P = R + R M Q M' R,   Q = (diag(1 / W) - M' R M)^-1.
// All that discriminant analysis needs is x' P m_k, m_k' P m_l and x' P x. Without one sample the sum
// changes by a matrix of rank one, so leaving one out is exact too (Sherman and Morrison).
namespace casd {
namespace {

using Matrix = Eigen::MatrixXd;
using RowVector = Eigen::RowVectorXd;
using Vector = Eigen::VectorXd;
using Index = Eigen::Index;

/// The functions at one sample of class `own`, which has weight `w` of the class's sum `class_sum`.
/// `at_means`: x' P m_k; `at_self`: x' P x; `means`: m_k' P m_l.
RowVector without_sample(const RowVector& at_means, double at_self, const Matrix& means, Index own,
                         double w, double class_sum) {
  const double rest = class_sum - w;
  // d = x - m_own, from which the class mean moves by -moved * d.
  const RowVector d_means = at_means - means.row(own);
  const double d_self = at_self - at_means[own], d_d = d_self - d_means[own];
  const double moved = w / rest, change = w * class_sum / rest;
  const double factor = change / (1 - change * d_d);
  RowVector linear = at_means + factor * d_self * d_means;
  Vector square = means.diagonal() + factor * d_means.cwiseAbs2().transpose();
  const double grown = 1 + factor * d_d;
  linear[own] -= moved * d_self * grown;
  square[own] += moved * grown * (moved * d_d - 2 * d_means[own]);
  return linear - square.transpose() / 2;
}

}  // namespace

Discriminant discriminate(const RidgeFit& fit, const std::vector<std::size_t>& classes,
                          const Vector& weight) {
  const Index count = fit.fitted.rows(), columns = fit.fitted.cols();
  Vector sum = Vector::Zero(columns);
  Matrix m_r_m = Matrix::Zero(columns, columns);  // M' R M
  for (Index i = 0; i < count; ++i) {
    const auto own = static_cast<Index>(classes[static_cast<std::size_t>(i)]);
    sum[own] += weight[i];
    m_r_m.row(own) += weight[i] * fit.fitted.row(i);
  }
  // A class without samples has the mean of all, and the prior of half a sample.
  const Vector inverse = (sum.array() > 0).select(sum.cwiseInverse(), 0);
  m_r_m = (inverse.asDiagonal() * m_r_m * inverse.asDiagonal()).eval();
  m_r_m = ((m_r_m + m_r_m.transpose()) / 2).eval();
  Matrix inner = -m_r_m;
  inner.diagonal() += (sum.array() > 0).select(sum.cwiseInverse(), 1).matrix();
  const Matrix q = inner.inverse();
  const Matrix turn = Matrix::Identity(columns, columns) + q * m_r_m;
  const Matrix means = m_r_m * turn;

  // Functions in units of a log probability, then divided by `unit`.
  const double freedom = std::max(weight.sum() - static_cast<double>(columns), 1.0);
  const Vector prior = (sum.array().max(0.5) / weight.sum()).log().matrix();
  const double own = freedom * means.diagonal().mean();
  const double unit = own > 0 ? own : 1;

  Discriminant out;
  out.map = (freedom / unit) * inverse.asDiagonal() * turn;
  out.offset = (prior - freedom / 2 * means.diagonal()) / unit;
  out.leave_one_out.setZero(count, columns);
  for (Index i = 0; i < count; ++i) {
    const auto c = static_cast<Index>(classes[static_cast<std::size_t>(i)]);
    if (!(sum[c] - weight[i] > 1e-9 * sum[c])) continue;
    const RowVector scaled = fit.fitted.row(i) * inverse.asDiagonal();
    const double at_self = fit.leverage[i] + (scaled * q).dot(scaled);
    out.leave_one_out.row(i) =
        (freedom * without_sample(scaled * turn, at_self, means, c, weight[i], sum[c]) +
         prior.transpose()) /
        unit;
  }
  return out;
}

}  // namespace casd
