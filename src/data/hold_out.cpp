#include "data/hold_out.h"

#include "core/error.h"
#include "core/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace casd {
namespace {

constexpr double most_bins = 10;  // of a regression's first target

/// Units of samples that are moved together: the samples of a group, or a sample without a group.
struct Units {
  std::vector<std::size_t> samples;  // sorted by unit, in order within a unit
  std::vector<std::size_t> begin;    // [units + 1] into `samples`
  bool grouped = false;

  std::size_t size() const { return begin.size() - 1; }
  Span<const std::size_t> operator[](std::size_t unit) const {
    return {samples.data() + begin[unit], begin[unit + 1] - begin[unit]};
  }
};

Units collect_units(const SampleList& samples) {
  Units units;
  std::vector<std::size_t> unit_of(samples.size());
  std::unordered_map<std::string, std::size_t> groups;
  std::size_t count = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string& group = samples[i].group;
    units.grouped = units.grouped || !group.empty();
    unit_of[i] = group.empty() ? count : groups.emplace(group, count).first->second;
    if (unit_of[i] == count) ++count;
  }
  units.begin.assign(count + 1, 0);
  for (const std::size_t unit : unit_of) ++units.begin[unit + 1];
  std::partial_sum(units.begin.begin(), units.begin.end(), units.begin.begin());
  std::vector<std::size_t> next(units.begin.begin(), units.begin.end() - 1);
  units.samples.resize(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) units.samples[next[unit_of[i]]++] = i;
  return units;
}

/// The strata of each sample: its class, its labels, or the quantile bin of its first target.
/// Samples without a target have no stratum, unless no sample of the split has a target.
class Strata {
 public:
  Strata(const Schema& schema, const SampleList& samples, double share)
      : schema_(schema), samples_(samples) {
    const auto labelled = static_cast<std::size_t>(std::count_if(
        samples.begin(), samples.end(), [](const Sample& s) { return !s.target.empty(); }));
    unlabelled_ = labelled == 0;
    count_ = 1;
    if (unlabelled_) return;
    if (schema.task == CASD_TASK_REGRESSION) {
      make_bins(labelled, share);
    } else {
      // One additional stratum for multi-label samples without any label.
      count_ = schema.outputs.size() + (schema.task == CASD_TASK_MULTILABEL ? 1 : 0);
    }
  }

  std::size_t count() const { return count_; }
  bool counts(std::size_t sample) const { return unlabelled_ || !samples_[sample].target.empty(); }
  /// Whether a sample of the stratum must stay in the split, so that its class or label is trained.
  bool must_remain() const { return !unlabelled_ && schema_.task != CASD_TASK_REGRESSION; }

  template <class Visit>
  void visit(std::size_t sample, Visit&& stratum) const {
    if (!counts(sample)) return;
    if (unlabelled_) {
      stratum(0);
    } else if (schema_.task == CASD_TASK_REGRESSION) {
      stratum(bins_[sample]);
    } else if (schema_.task == CASD_TASK_CLASSES) {
      stratum(static_cast<std::size_t>(samples_[sample].target[0]));
    } else {
      bool any = false;
      for (std::size_t k = 0; k + 1 < count_; ++k)
        if (samples_[sample].target[k] != 0) {
          stratum(k);
          any = true;
        }
      if (!any) stratum(count_ - 1);
    }
  }

 private:
  void make_bins(std::size_t labelled, double share) {
    const double n = static_cast<double>(labelled);
    count_ = static_cast<std::size_t>(
        std::clamp(std::floor(std::min(share, 1 - share) * n), 1.0, most_bins));
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < samples_.size(); ++i)
      if (counts(i)) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return samples_[a].target[0] < samples_[b].target[0];
    });
    bins_.resize(samples_.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank)
      bins_[order[rank]] = rank * count_ / order.size();
  }

  const Schema& schema_;
  const SampleList& samples_;
  std::size_t count_ = 1;
  bool unlabelled_ = false;
  std::vector<std::size_t> bins_;  // [samples] regression
};

/// Chooses units in random order, such that the number of samples of each stratum and their total are
/// close to the requested share. First takes units that reduce the error of their strata. Then, until
/// the total is reached, takes units that exceed the share of their strata, least first.
class Choice {
 public:
  Choice(const Units& units, const Strata& strata, double share)
      : units_(units),
        strata_(strata),
        wanted_(strata.count()),
        remaining_units_(strata.count()),
        in_unit_(strata.count()),
        moved_(units.size()) {
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      const std::size_t samples = count_unit(unit);
      if (samples == 0) continue;
      ++eligible_;
      total_ += static_cast<double>(samples);
      for (const std::size_t k : touched_) {
        ++remaining_units_[k];
        wanted_[k] += share * in_unit_[k];
      }
    }
    wanted_total_ = std::max(1.0, share * total_);
  }

  std::size_t eligible() const { return eligible_; }

  /// Returns false if no unit can be moved.
  bool run(const std::vector<std::int64_t>& order) {
    for (const double excess : {0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -1e300})
      for (const std::int64_t unit : order) consider(static_cast<std::size_t>(unit), excess);
    return moved_total_ > 0 || move_smallest(order);
  }

  bool moved(std::size_t unit) const { return moved_[unit] != 0; }

 private:
  /// Samples of the unit that count, with their number per stratum in in_unit_ and touched_.
  std::size_t count_unit(std::size_t unit) {
    for (const std::size_t k : touched_) in_unit_[k] = 0;
    touched_.clear();
    std::size_t samples = 0;
    for (const std::size_t sample : units_[unit]) {
      samples += strata_.counts(sample) ? 1 : 0;
      strata_.visit(sample, [&](std::size_t k) {
        if (in_unit_[k]++ == 0) touched_.push_back(k);
      });
    }
    return samples;
  }

  bool may_move() const {
    return moved_units_ + 1 < eligible_ &&
           (!strata_.must_remain() ||
            std::all_of(touched_.begin(), touched_.end(),
                        [&](std::size_t k) { return remaining_units_[k] > 1; }));
  }

  void move(std::size_t unit, std::size_t samples) {
    moved_[unit] = 1;
    ++moved_units_;
    moved_total_ += static_cast<double>(samples);
    for (const std::size_t k : touched_) {
      --remaining_units_[k];
      wanted_[k] -= in_unit_[k];
    }
  }

  /// Moves the unit if this reduces the error of the total and if sum c r > excess sum c^2, where c
  /// are the unit's samples per stratum and r those still wanted. With excess = 1/2 the condition
  /// holds if and only if the move reduces the sum of squares of r.
  void consider(std::size_t unit, double excess) {
    if (moved_[unit]) return;
    const std::size_t samples = count_unit(unit);
    if (samples == 0 || !(2 * moved_total_ + static_cast<double>(samples) < 2 * wanted_total_))
      return;
    double gain = 0, square = 0;
    for (const std::size_t k : touched_) {
      gain += in_unit_[k] * wanted_[k];
      square += in_unit_[k] * in_unit_[k];
    }
    if (gain > excess * square && may_move()) move(unit, samples);
  }

  bool move_smallest(const std::vector<std::int64_t>& order) {
    std::size_t best = 0, least = 0;
    for (const std::int64_t entry : order) {
      const auto unit = static_cast<std::size_t>(entry);
      const std::size_t samples = count_unit(unit);
      if (samples == 0 || (least != 0 && samples >= least) || !may_move()) continue;
      best = unit;
      least = samples;
    }
    if (least != 0) move(best, count_unit(best));
    return least != 0;
  }

  const Units& units_;
  const Strata& strata_;
  std::vector<double> wanted_;                // per stratum, less what was moved
  std::vector<std::size_t> remaining_units_;  // per stratum, those not moved
  std::vector<double> in_unit_;               // per stratum
  std::vector<std::size_t> touched_;          // strata of the unit
  std::vector<std::uint8_t> moved_;           // per unit
  std::size_t eligible_ = 0, moved_units_ = 0;
  double total_ = 0, moved_total_ = 0, wanted_total_ = 0;
};

}  // namespace

std::vector<std::uint8_t> choose_held_out(const Schema& schema, const Split& split, double share,
                                          std::uint64_t seed) {
  const Units units = collect_units(split.samples);
  const Strata strata(schema, split.samples, share);
  Choice choice(units, strata, share);
  const char* const kind = units.grouped ? " groups" : " samples";
  if (choice.eligible() < 2)
    fail(CASD_ERROR_INVALID_ARGUMENT, "split '", split.name, "' has ", choice.eligible(), kind,
         " to choose from, holding out needs at least 2");
  const RandomStream stream(seed, 0, RandomSite::hold_out);
  if (!choice.run(random_permutation(static_cast<std::int64_t>(units.size()), stream)))
    fail(CASD_ERROR_INVALID_ARGUMENT, "split '", split.name,
         "' cannot give any away: a class needs at least 2", kind,
         " for one of them to be held out");
  std::vector<std::uint8_t> moved(split.samples.size());
  for (std::size_t unit = 0; unit < units.size(); ++unit)
    if (choice.moved(unit))
      for (const std::size_t sample : units[unit]) moved[sample] = 1;
  return moved;
}

void hold_out(Dataset& dataset, const std::string& from, const std::string& to, double share,
              std::uint64_t seed) {
  if (!(share > 0 && share < 1))
    fail(CASD_ERROR_INVALID_ARGUMENT, "share is ", share, ", allowed: above 0 and below 1");
  const Split* const source = dataset.find(from);
  if (!source) fail(CASD_ERROR_NOT_FOUND, "the dataset has no split '", from, "'");
  const Split* const target = dataset.find(to);
  if (target && !target->samples.empty())
    fail(CASD_ERROR_INVALID_ARGUMENT, "split '", to, "' has ", target->samples.size(),
         " samples already");
  const std::vector<std::uint8_t> moved = choose_held_out(dataset.schema, *source, share, seed);
  const auto count = static_cast<std::size_t>(std::count(moved.begin(), moved.end(), 1));
  const std::size_t modalities = dataset.schema.modalities.size();

  // Allocates all memory first, so that nothing fails once samples are moved.
  Split kept{from, {}, {}}, held{to, {}, {}};
  kept.samples.resize(moved.size() - count);
  held.samples.resize(count);
  if (source->noise.size() == moved.size() * modalities)
    for (std::size_t i = 0; i < moved.size(); ++i)
      (moved[i] ? held : kept)
          .noise.insert((moved[i] ? held : kept).noise.end(), source->noise.data() + i * modalities,
                        source->noise.data() + (i + 1) * modalities);
  Split& destination = dataset.split(to);
  Split& remaining = dataset.split(from);
  std::size_t next_kept = 0, next_held = 0;
  for (std::size_t i = 0; i < moved.size(); ++i)
    (moved[i] ? held.samples[next_held++] : kept.samples[next_kept++]) =
        std::move(remaining.samples[i]);
  destination = std::move(held);
  remaining = std::move(kept);
}

}  // namespace casd
