#include "eval/output_variance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace casd {
namespace {

/// Mean of log v + square / v with v = sum over k of parameter_k term_k, term_0 = 1. Terms have mean 1.
class Likelihood {
 public:
  Likelihood(Span<const double> square, std::vector<double> terms, std::size_t columns)
      : square_(square), terms_(std::move(terms)), columns_(columns) {}

  /// The multiplicative step of majorisation for each parameter: the ratio of the negative to the
  /// positive part of its gradient (Févotte, Bertin and Durrieu, Neural Computation 2009).
  double evaluate(const std::vector<double>& parameter, std::vector<double>& ratio) const {
    std::vector<double> pull(columns_), push(columns_);
    double sum = 0;
    for (std::size_t i = 0; i < square_.size(); ++i) {
      const double* term = terms_.data() + i * columns_;
      const double v = std::inner_product(term, term + columns_, parameter.begin(), 0.0);
      sum += std::log(v) + square_[i] / v;
      for (std::size_t k = 0; k < columns_; ++k) {
        pull[k] += term[k] * square_[i] / (v * v);
        push[k] += term[k] / v;
      }
    }
    for (std::size_t k = 0; k < columns_; ++k) ratio[k] = push[k] > 0 ? pull[k] / push[k] : 0;
    return sum / static_cast<double>(square_.size());
  }

 private:
  Span<const double> square_;
  std::vector<double> terms_;
  std::size_t columns_;
};

std::vector<double> scaled(const std::vector<double>& parameter, const std::vector<double>& ratio,
                           double exponent, double least) {
  std::vector<double> out = parameter;
  for (std::size_t k = 0; k < out.size(); ++k) out[k] *= std::pow(ratio[k], exponent);
  out[0] = std::max(out[0], least);
  return out;
}

}  // namespace

OutputVariance fit_output_variance(Span<const double> square, Span<const double> term,
                                   std::size_t modalities, const WorkProgress& progress) {
  OutputVariance out{1, std::vector<double>(modalities)};
  if (square.empty()) return out;
  const auto count = static_cast<double>(square.size());
  const double mean_square = std::accumulate(square.begin(), square.end(), 0.0) / count;
  const double least = std::max(1e-6 * mean_square, std::numeric_limits<float>::min() * 1.0);
  std::vector<double> scale(modalities);
  for (std::size_t i = 0; i < term.size(); ++i) scale[i % modalities] += term[i] / count;
  const std::size_t columns = modalities + 1;
  std::vector<double> terms;
  for (std::size_t i = 0; i < square.size(); ++i) {
    terms.push_back(1);
    for (std::size_t m = 0; m < modalities; ++m)
      terms.push_back(scale[m] > 0 ? term[i * modalities + m] / scale[m] : 0);
  }
  const Likelihood likelihood(square, std::move(terms), columns);

  constexpr std::size_t most_steps = 20000, reported_steps = 64;
  constexpr double enough = 1e-13;
  std::vector<double> parameter(columns, mean_square / static_cast<double>(columns));
  parameter[0] = std::max(parameter[0], least);
  std::vector<double> ratio(columns), next_ratio(columns);
  double value = likelihood.evaluate(parameter, ratio);
  for (std::size_t step = 0; step < most_steps; ++step) {
    if (step % reported_steps == 0) report(progress, step, most_steps);
    // The exponent 1 is the faster one, 1/2 never makes the value larger.
    std::vector<double> next = scaled(parameter, ratio, 1, least);
    double next_value = likelihood.evaluate(next, next_ratio);
    if (!(next_value <= value)) {
      next = scaled(parameter, ratio, 0.5, least);
      next_value = likelihood.evaluate(next, next_ratio);
    }
    if (!(next_value <= value)) break;
    const bool done = value - next_value < enough * std::max(1.0, std::fabs(value));
    parameter = std::move(next);
    ratio.swap(next_ratio);
    value = next_value;
    if (done) break;
  }
  out.floor = parameter[0];
  for (std::size_t m = 0; m < modalities; ++m)
    if (scale[m] > 0) out.factor[m] = parameter[m + 1] / scale[m];
  return out;
}

}  // namespace casd
