#include "eval/bounded_minimum.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Index = Eigen::Index;

constexpr int most_steps = 500;
constexpr double gradient_tolerance = 1e-9, value_tolerance = 1e-14;

/// Whether the variable is at a bound and the function falls beyond it.
bool is_blocked(double x, double gradient, const Bounds& bound) {
  return (x <= bound.low && gradient > 0) || (x >= bound.high && gradient < 0);
}

/// The quasi-Newton direction in the free variables; 0 in the blocked ones.
Vector direction(const Matrix& hessian, const Vector& gradient, const std::vector<Index>& free) {
  const auto n = static_cast<Index>(free.size());
  Matrix part(n, n);
  Vector right(n);
  for (Index i = 0; i < n; ++i) {
    right[i] = -gradient[free[static_cast<std::size_t>(i)]];
    for (Index j = 0; j < n; ++j)
      part(i, j) = hessian(free[static_cast<std::size_t>(i)], free[static_cast<std::size_t>(j)]);
  }
  const Vector step = part.ldlt().solve(right);
  Vector out = Vector::Zero(gradient.size());
  for (Index i = 0; i < n; ++i) out[free[static_cast<std::size_t>(i)]] = step[i];
  return out;
}

/// Adds the curvature of the step s with the gradients' difference y; skips it if it is not positive.
void update(Matrix& hessian, const Vector& s, const Vector& y) {
  const double curvature = s.dot(y);
  if (!(curvature > 1e-12 * s.norm() * y.norm())) return;
  const Vector bs = hessian * s;
  hessian += y * y.transpose() / curvature - bs * bs.transpose() / s.dot(bs);
}

}  // namespace

std::vector<double> bounded_minimum(const DifferentiableFunction& function, std::vector<double> x,
                                    const std::vector<Bounds>& bounds, double* value) {
  const auto n = static_cast<Index>(x.size());
  std::vector<double> gradient(x.size()), next(x.size()), next_gradient(x.size());
  Matrix hessian = Matrix::Identity(n, n);
  double here = function(x, gradient);
  bool fresh = true;  // the Hessian is still the identity
  for (int step = 0; step < most_steps; ++step) {
    std::vector<Index> free;
    double largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!is_blocked(x[i], gradient[i], bounds[i])) {
        free.push_back(static_cast<Index>(i));
        largest = std::max(largest, std::fabs(gradient[i]));
      }
    if (largest <= gradient_tolerance) break;
    const Eigen::Map<const Vector> slope(gradient.data(), n);
    Vector d = direction(hessian, slope, free);
    if (!(d.dot(slope) < 0)) {
      hessian.setIdentity();
      d = direction(hessian, slope, free);
    }
    // The first step has no scale yet.
    double length = fresh ? std::min(1.0, 0.1 / d.cwiseAbs().maxCoeff()) : 1;
    double there = here;
    bool found = false;
    for (int tried = 0; tried < 40 && !found; ++tried, length /= 2) {
      double decrease = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        next[i] =
            std::clamp(x[i] + length * d[static_cast<Index>(i)], bounds[i].low, bounds[i].high);
        decrease += gradient[i] * (next[i] - x[i]);
      }
      there = function(next, next_gradient);
      found = there <= here + 1e-4 * decrease && decrease < 0;
    }
    if (!found) {
      if (fresh) break;  // no descent along the gradient: rounding ends the search
      hessian.setIdentity();
      fresh = true;
      continue;
    }
    const Vector s =
        Eigen::Map<const Vector>(next.data(), n) - Eigen::Map<const Vector>(x.data(), n);
    const Vector y = Eigen::Map<const Vector>(next_gradient.data(), n) - slope;
    if (fresh && s.dot(y) > 0) hessian *= y.dot(y) / s.dot(y);
    update(hessian, s, y);
    fresh = false;
    const double gain = here - there;
    x = next;
    gradient = next_gradient;
    here = there;
    if (gain <= value_tolerance * std::max(1.0, std::fabs(here))) break;
  }
  if (value) *value = here;
  return x;
}

}  // namespace casd
