// Minimises a smooth function of few variables within bounds.
#pragma once

#include <functional>
#include <vector>

namespace casd {

struct Bounds {
  double low, high;
};

/// Value of the function at x; writes its gradient. Both vectors have the size of x.
using DifferentiableFunction =
    std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

/// A local minimum from `x` on, which lies within the bounds: projected quasi-Newton steps with a
/// dense BFGS approximation of the Hessian (Nocedal and Wright, Numerical Optimization, 2006, 6.1 and
/// 16.7). For at most a few hundred variables. `value` receives the minimum if it is not NULL.
std::vector<double> bounded_minimum(const DifferentiableFunction& function, std::vector<double> x,
                                    const std::vector<Bounds>& bounds, double* value = nullptr);

}  // namespace casd
