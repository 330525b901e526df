// Test of exchangeability over a stream of p-values (Vovk, "Testing randomness online", Statistical
// Science 2021). Bets against the uniform distribution gain only if it does not hold. A bet starts at
// every p-value, so that a late change is found as fast as an early one: the e-detector of
// Shiryaev-Roberts type (Shin, Ramdas and Rinaldo, arXiv 2203.03532).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace casd {

/// Densities on [0, 1], each one a bet: none; small, large, very small, very large p-values; p-values
/// in the middle, at both ends.
constexpr std::size_t bet_count = 9;

inline std::array<double, bet_count> bets(double p) {
  constexpr double power = 0.3;
  const double centred = p - 0.5, square = centred * centred;
  return {1,
          1 - 2 * centred,
          1 - centred,
          1 + centred,
          1 + 2 * centred,
          power * std::pow(p, power - 1),
          power * std::pow(1 - p, power - 1),
          1.5 - 6 * square,
          12 * square};
}

/// The capital of all bets. While the p-values are independent and uniform, capital() minus the number
/// of p-values is a martingale, so the capital reaches c within n p-values with a probability of at
/// most n / c.
class Betting {
 public:
  /// `p` in (0, 1).
  void bet(double p) {
    constexpr double moved = 0.01;  // share that moves to other bets at each p-value
    const double mean = capital() / bet_count;
    const std::array<double, bet_count> gain = bets(p);
    for (std::size_t k = 0; k < bet_count; ++k)
      capital_[k] = ((1 - moved) * capital_[k] + moved * mean + 1.0 / bet_count) * gain[k];
  }
  double capital() const {
    double sum = 0;
    for (const double c : capital_) sum += c;
    return sum;
  }
  void restart() { capital_.fill(0); }

 private:
  std::array<double, bet_count> capital_{};
};

}  // namespace casd
