// Penalised discriminant analysis from a ridge regression on one-hot classes (docs/method.md 10.1).
#pragma once

#include <Eigen/Core>

#include <vector>

namespace casd {

/// A weighted ridge regression on one-hot classes, of one strength.
struct RidgeFit {
  /// Fitted values [count, K], less the weighted mean of the targets.
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> fitted;
  Eigen::VectorXd leverage;  // [count] of each sample, divided by its weight
};

/// Linear functions of the fitted values, one per class: the larger, the more likely the class.
struct Discriminant {
  Eigen::MatrixXd map;     // [K, K]: functions = fitted values * map + offset
  Eigen::VectorXd offset;  // [K]
  /// The functions at each sample, [count, K], had it not been in the regression; zeros for the only
  /// sample of a class.
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> leave_one_out;
};

/// The functions are those of linear discriminant analysis with the covariance within classes plus
/// the ridge penalty, divided by a constant: the mean over the classes of a class's function at its
/// own mean, without offset, is 1. Regression on one-hot classes alone hides classes that lie between
/// others; this does not (Hastie, Buja, Tibshirani, Annals of Statistics 23, 1995).
/// `classes`: [count]; `weight`: [count], equal within a class, above 0.
Discriminant discriminate(const RidgeFit& fit, const std::vector<std::size_t>& classes,
                          const Eigen::VectorXd& weight);

}  // namespace casd
