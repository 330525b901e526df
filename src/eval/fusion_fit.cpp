#include "eval/fusion_fit.h"

#include "eval/bounded_minimum.h"
#include "eval/modality_subsets.h"
#include "method/losses.h"
#include "model/model.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr double least_joint_trust = 0.01, trust_deviation = 0.7, contribution_deviation = 1;
constexpr double median_temperature = 2, temperature_deviation = 0.5;
constexpr double least_log_temperature = -3, most_log_temperature = 4;
constexpr double least_noise = 1e-3;  // of a regression's mask
constexpr std::size_t reported_samples = 512;

/// The variables are trust [M], contributions [M] and, for classes, log temperatures [S].
class Loss {
 public:
  Loss(const HeldOutEvidence& held_out, const WorkProgress& progress)
      : e_(held_out),
        progress_(progress),
        m_(static_cast<std::size_t>(e_.modalities)),
        keys_(temperatures_by_mask(e_.modalities) ? (std::size_t{1} << m_) - 1 : m_),
        regression_(e_.task == CASD_TASK_REGRESSION),
        location_(e_.hidden),
        total_(e_.hidden),
        logits_(e_.columns),
        logit_gradient_(e_.columns),
        location_gradient_(e_.hidden) {
    for (const ModalityMask given : e_.given) subsets_.push_back(subsets_of(given, e_.modalities));
    if (regression_) measure_noise();
  }

  std::vector<double> start() const {
    std::vector<double> x(2 * m_, 1.0);
    if (!regression_) x.resize(2 * m_ + keys_, std::log(median_temperature));
    return x;
  }

  std::vector<Bounds> bounds() const {
    std::vector<Bounds> out(m_, {least_joint_trust, 1});
    out.resize(2 * m_, {0, most_factor});
    if (!regression_) out.resize(2 * m_ + keys_, {least_log_temperature, most_log_temperature});
    return out;
  }

  std::size_t keys() const { return keys_; }
  TemperatureKey key(std::size_t k) const { return static_cast<TemperatureKey>(k + 1); }

  double operator()(const std::vector<double>& x, std::vector<double>& gradient) {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    double sum = 0;
    for (std::size_t i = 0; i < e_.count(); ++i) {
      for (const ModalityMask mask : subsets_[i]) sum += add_row(i, mask, x, gradient);
      if ((i + 1) % reported_samples == 0) report_pass(i + 1);
    }
    report_pass(e_.count());
    ++evaluations_;
    return sum + add_priors(x, gradient);
  }

 private:
  void report_pass(std::size_t samples) const {
    const std::size_t all = expected_evaluations * e_.count();
    report(progress_, std::min(evaluations_ * e_.count() + samples, all), all);
  }

  std::size_t key_index(ModalityMask mask) const {
    return temperature_key(e_.modalities, mask) - 1;
  }

  const double* at(const std::vector<double>& table, std::size_t i, std::size_t m,
                   std::size_t width) const {
    return table.data() + (i * m_ + m) * width;
  }

  /// z = W mu_F + b + sum of c_m f_m; leaves mu_F and the sum of t_m w_m in location_ and total_.
  void forward(std::size_t i, ModalityMask mask, const std::vector<double>& x) {
    const std::size_t d = e_.hidden;
    std::fill(location_.begin(), location_.end(), 0.0);
    std::fill(total_.begin(), total_.end(), 0.0);
    logits_ = e_.classifier_bias;
    for (std::size_t m = 0; m < m_; ++m) {
      const bool given = mask >> m & 1u;
      if (!given && e_.absent_weight.empty()) continue;
      const double* gamma = at(given ? e_.location : e_.absent_location, i, m, d);
      const double* w = at(given ? e_.weight : e_.absent_weight, i, m, d);
      for (std::size_t j = 0; j < d; ++j) {
        location_[j] += x[m] * w[j] * gamma[j];
        total_[j] += x[m] * w[j];
      }
      if (!given) continue;
      const double* f = at(e_.linear, i, m, e_.columns);
      for (std::size_t k = 0; k < e_.columns; ++k) logits_[k] += x[m_ + m] * f[k];
    }
    for (std::size_t j = 0; j < d; ++j) location_[j] /= total_[j];
    for (std::size_t k = 0; k < e_.columns; ++k) {
      const double* w = e_.classifier_weight.data() + k * d;
      for (std::size_t j = 0; j < d; ++j) logits_[k] += w[j] * location_[j];
    }
  }

  /// The loss of one sample under one mask; adds its gradient.
  double add_row(std::size_t i, ModalityMask mask, const std::vector<double>& x,
                 std::vector<double>& gradient) {
    forward(i, mask, x);
    const double share = 1 / static_cast<double>(subsets_[i].size());
    const std::size_t key = key_index(mask);
    const double loss = regression_
                            ? squared_error(i, key, share)
                            : cross_entropy(i, share, x[2 * m_ + key], gradient[2 * m_ + key]);
    backward(i, mask, gradient);
    return loss;
  }

  double squared_error(std::size_t i, std::size_t key, double share) {
    const double factor = share / (2 * noise_[key] * static_cast<double>(e_.columns));
    double loss = 0;
    for (std::size_t k = 0; k < e_.columns; ++k) {
      const double error = logits_[k] - e_.target[i * e_.columns + k];
      loss += factor * error * error;
      logit_gradient_[k] = 2 * factor * error;
    }
    return loss;
  }

  double cross_entropy(std::size_t i, double share, double log_temperature,
                       double& temperature_gradient) {
    const bool pairs = e_.task == CASD_TASK_MULTILABEL;
    const std::size_t width = pairs ? 2 : e_.columns, parts = e_.columns / width;
    const double inverse = std::exp(-log_temperature);
    const double factor = share / static_cast<double>(parts);
    double loss = 0;
    for (std::size_t p = 0; p < parts; ++p) {
      const double* z = logits_.data() + p * width;
      const auto target = static_cast<std::size_t>(e_.target[i * parts + p]);
      const double total = log_sum_exp(z, static_cast<std::int64_t>(width), inverse);
      loss += factor * (total - z[target] * inverse);
      for (std::size_t k = 0; k < width; ++k) {
        const double probability = std::exp(z[k] * inverse - total);
        const double g = factor * (probability - (k == target ? 1 : 0)) * inverse;
        logit_gradient_[p * width + k] = g;
        temperature_gradient -= g * z[k];
      }
    }
    return loss;
  }

  /// From logit_gradient_ to trust and contributions: d mu_F / d t_m = w_m (gamma_m - mu_F) / total.
  void backward(std::size_t i, ModalityMask mask, std::vector<double>& gradient) {
    const std::size_t d = e_.hidden;
    std::fill(location_gradient_.begin(), location_gradient_.end(), 0.0);
    for (std::size_t k = 0; k < e_.columns; ++k) {
      const double* w = e_.classifier_weight.data() + k * d;
      for (std::size_t j = 0; j < d; ++j) location_gradient_[j] += logit_gradient_[k] * w[j];
    }
    for (std::size_t m = 0; m < m_; ++m) {
      const bool given = mask >> m & 1u;
      if (!given && e_.absent_weight.empty()) continue;
      const double* gamma = at(given ? e_.location : e_.absent_location, i, m, d);
      const double* w = at(given ? e_.weight : e_.absent_weight, i, m, d);
      for (std::size_t j = 0; j < d; ++j)
        gradient[m] += location_gradient_[j] * w[j] * (gamma[j] - location_[j]) / total_[j];
      if (!given) continue;
      const double* f = at(e_.linear, i, m, e_.columns);
      for (std::size_t k = 0; k < e_.columns; ++k) gradient[m_ + m] += logit_gradient_[k] * f[k];
    }
  }

  double add_priors(const std::vector<double>& x, std::vector<double>& gradient) const {
    double sum = 0;
    const auto add = [&](std::size_t i, double centre, double precision) {
      sum += precision * (x[i] - centre) * (x[i] - centre) / 2;
      gradient[i] += precision * (x[i] - centre);
    };
    for (std::size_t m = 0; m < m_; ++m) {
      add(m, 1, 1 / (trust_deviation * trust_deviation));
      add(m_ + m, 1, 1 / (contribution_deviation * contribution_deviation));
    }
    const double precision =
        1 / (temperature_deviation * temperature_deviation * static_cast<double>(keys_));
    for (std::size_t i = 2 * m_; i < x.size(); ++i) add(i, std::log(median_temperature), precision);
    return sum;
  }

  /// The mean squared error of each key at the start.
  void measure_noise() {
    std::vector<double> count(keys_);
    noise_.assign(keys_, 0);
    const std::vector<double> x = start();
    for (std::size_t i = 0; i < e_.count(); ++i)
      for (const ModalityMask mask : subsets_[i]) {
        forward(i, mask, x);
        double square = 0;
        for (std::size_t k = 0; k < e_.columns; ++k) {
          const double error = logits_[k] - e_.target[i * e_.columns + k];
          square += error * error;
        }
        noise_[key_index(mask)] += square / static_cast<double>(e_.columns);
        ++count[key_index(mask)];
      }
    for (std::size_t k = 0; k < keys_; ++k)
      noise_[k] = count[k] > 0 ? std::max(noise_[k] / count[k], least_noise) : 1;
  }

  const HeldOutEvidence& e_;
  const WorkProgress& progress_;
  std::size_t evaluations_ = 0;
  const std::size_t m_, keys_;
  const bool regression_;
  std::vector<std::vector<ModalityMask>> subsets_;  // [N]
  std::vector<double> noise_;                       // [keys] regression only
  // Of the row in progress.
  std::vector<double> location_, total_, logits_, logit_gradient_, location_gradient_;
};

}  // namespace

FusionFit fit_fusion(const HeldOutEvidence& held_out, const WorkProgress& progress) {
  Loss loss(held_out, progress);
  FusionFit out;
  const std::vector<double> x =
      bounded_minimum([&](const std::vector<double>& at,
                          std::vector<double>& gradient) { return loss(at, gradient); },
                      loss.start(), loss.bounds(), &out.objective);
  const auto m = static_cast<std::ptrdiff_t>(held_out.modalities);
  out.trust.assign(x.begin(), x.begin() + m);
  out.contribution.assign(x.begin() + m, x.begin() + 2 * m);
  if (held_out.task != CASD_TASK_REGRESSION)
    for (std::size_t k = 0; k < loss.keys(); ++k)
      out.temperatures.emplace_back(loss.key(k), std::exp(x[2 * static_cast<std::size_t>(m) + k]));
  return out;
}

}  // namespace casd
