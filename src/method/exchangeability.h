// Conformal p-values of a stream against held-out data. While stream and held-out data are
// exchangeable, the p-values are independent and uniform, for any number of held-out samples: what is
// seen joins the data with which the next sample is compared.
#pragma once

#include "model/guarantees.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace casd {

/// Ranks of numbers of a stream among the held-out ones and the earlier ones. A number falls into a
/// gap between stored order statistics, with the upper one; within a gap its rank is random.
class StreamRanks {
 public:
  explicit StreamRanks(const QuantileTable& table) {
    for (std::size_t j = 0; j < table.values.size(); ++j) add_edge(table.values[j], table.rank(j));
    close();
  }
  explicit StreamRanks(const ErrorTable& table) {
    for (std::size_t j = 0; j < table.level.size(); ++j)
      add_edge(table.level[j], table.accepted[j]);
    close();
  }
  /// Whether there are held-out numbers.
  bool empty() const { return edges_.empty(); }

  /// The p-value, small for a large number, which then joins the data. `at_rank` in (0, 1) is a random
  /// number.
  double add(float value, double at_rank) {
    const auto gap = static_cast<std::size_t>(
        std::lower_bound(edges_.begin(), edges_.end(), value) - edges_.begin());
    double above = 0, total = weight_[gap];
    for (std::size_t j = gap + 1; j < weight_.size(); ++j) above += weight_[j];
    for (std::size_t j = 0; j < gap; ++j) total += weight_[j];
    total += above;
    const double p = (above + at_rank * weight_[gap]) / total;
    ++weight_[gap];
    return p;
  }
  /// From now on the numbers added so far belong to the held-out ones.
  void keep() { reference_ = weight_; }
  /// Forgets the numbers added since keep().
  void restart() { weight_ = reference_; }

 private:
  void add_edge(float edge, std::int64_t rank) {
    const auto count = static_cast<double>(rank - below_);
    below_ = rank;
    if (!edges_.empty() && edges_.back() == edge) {
      reference_.back() += count;
      return;
    }
    edges_.push_back(edge);
    reference_.push_back(count);
  }
  void close() {
    reference_.push_back(1);  // above all held-out numbers
    weight_ = reference_;
  }

  std::vector<float> edges_;                // ascending, no two equal
  std::vector<double> reference_, weight_;  // [edges + 1] ranks in each gap
  std::int64_t below_ = 0;
};

/// The same for kinds in a fixed order, also such as never occurred.
class StreamKinds {
 public:
  explicit StreamKinds(std::vector<double> held_out)
      : reference_(std::move(held_out)), weight_(reference_) {}

  /// The p-value, small for a kind of low index, which then joins the data.
  double add(std::size_t kind, double at_rank) {
    double lower = 0, total = 1;
    for (std::size_t k = 0; k < weight_.size(); ++k) {
      total += weight_[k];
      if (k < kind) lower += weight_[k];
    }
    const double p = (lower + at_rank * (weight_[kind] + 1)) / total;
    ++weight_[kind];
    return p;
  }
  void keep() { reference_ = weight_; }
  void restart() { weight_ = reference_; }

 private:
  std::vector<double> reference_, weight_;
};

}  // namespace casd
