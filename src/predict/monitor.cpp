#include "predict/monitor.h"

#include "core/error.h"
#include "core/random.h"
#include "model/modality_count.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {
namespace {

/// The sets of modalities in the order of the test: fewer modalities first. Above six modalities a set
/// is described by their number.
std::vector<TemperatureKey> ordered_kinds(const Schema& schema) {
  std::vector<TemperatureKey> out;
  const TemperatureKey last = temperature_key(schema, schema.all());
  for (TemperatureKey key = 1; key <= last; ++key) out.push_back(key);
  if (temperatures_by_mask(schema))
    std::stable_sort(out.begin(), out.end(), [](TemperatureKey a, TemperatureKey b) {
      return modality_count(a) < modality_count(b);
    });
  return out;
}

std::vector<double> kind_counts(const Schema& schema, const PatternCounts& patterns) {
  std::vector<double> out;
  for (const TemperatureKey key : ordered_kinds(schema)) {
    const auto found = std::find_if(patterns.begin(), patterns.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    out.push_back(found == patterns.end() ? 0 : static_cast<double>(found->second));
  }
  return out;
}

}  // namespace

Monitor::Monitor(const Schema& schema, const Guarantees& tables, const MonitorRules& rules)
    : schema_(schema), rules_(rules), kinds_(kind_counts(schema, tables.patterns)) {
  require(rules.samples_per_false_alarm >= 1 && rules.samples_per_false_alarm <= 1e15,
          "samples_per_false_alarm is ", rules.samples_per_false_alarm, ", allowed: 1 to 1e15");
  require(rules.warm_up >= 0, "warm_up is ", rules.warm_up, ", allowed: 0 or more");
  if (tables.empty())
    fail(CASD_ERROR_STATE,
         "the model has no tables of held-out results to compare with: calibrate it");
  for (const QuantileTable& table : tables.modality_variance)
    modality_variance_.emplace_back(table);
  for (const KeyGuarantees& key : tables.keys)
    keys_.push_back({key.key, StreamRanks(key.uncertainty),
                     StreamRanks(key.errors.size() == 1 ? key.errors[0] : ErrorTable{})});
  channels_.resize(3 + schema.modalities.size());
}

double Monitor::threshold() const {
  // One false alarm of any channel counts.
  return rules_.samples_per_false_alarm * static_cast<double>(channels_.size());
}

std::size_t Monitor::kind(ModalityMask participating) const {
  const TemperatureKey key = temperature_key(schema_, participating);
  if (!temperatures_by_mask(schema_)) return key - 1;
  std::size_t before = 0;
  for (TemperatureKey other = 1; other <= schema_.all(); ++other) {
    const int difference = modality_count(other) - modality_count(key);
    before += difference < 0 || (difference == 0 && other < key);
  }
  return before;
}

void Monitor::bet(std::size_t channel, double p) {
  if (samples_ > rules_.warm_up) channels_[channel].bet(p);
}

bool Monitor::observe(const Observation& observation) {
  require((observation.participating & ~schema_.all()) == 0 && observation.participating != 0,
          "not a set of the model's modalities: ", observation.participating);
  ++samples_;
  const RandomStream random(rules_.seed, static_cast<std::uint64_t>(samples_), RandomSite::monitor);
  const std::size_t modalities = modality_variance_.size();
  bet(0, kinds_.add(kind(observation.participating), random.uniform_double(0)));
  for (std::size_t m = 0; m < modalities; ++m) {
    const float variance = observation.modality_variance[m];
    if (!std::isfinite(variance) || modality_variance_[m].empty()) continue;
    bet(1 + m, modality_variance_[m].add(variance, random.uniform_double(1 + m)));
  }
  const TemperatureKey key = temperature_key(schema_, observation.participating);
  const auto found = std::lower_bound(
      keys_.begin(), keys_.end(), key,
      [](const KeyRanks& entry, TemperatureKey wanted) { return entry.key < wanted; });
  if (found != keys_.end() && found->key == key) {
    const std::size_t next = 1 + modalities;
    if (std::isfinite(observation.uncertainty) && !found->uncertainty.empty())
      bet(next, found->uncertainty.add(observation.uncertainty, random.uniform_double(next)));
    if (std::isfinite(observation.error_probability) && !found->error_probability.empty())
      bet(next + 1, found->error_probability.add(observation.error_probability,
                                                 random.uniform_double(next + 1)));
  }
  if (samples_ == rules_.warm_up) keep();
  strongest_ = 0;
  for (std::size_t c = 1; c < channels_.size(); ++c)
    if (channels_[c].capital() > channels_[strongest_].capital()) strongest_ = c;
  capital_ = channels_[strongest_].capital();
  if (capital_ < threshold()) return false;
  ++alarms_;
  last_alarm_ = samples_;
  alarm_source_ = source();
  restart();
  return true;
}

void Monitor::keep() {
  kinds_.keep();
  for (StreamRanks& ranks : modality_variance_) ranks.keep();
  for (KeyRanks& entry : keys_) {
    entry.uncertainty.keep();
    entry.error_probability.keep();
  }
}

void Monitor::restart() {
  kinds_.restart();
  for (StreamRanks& ranks : modality_variance_) ranks.restart();
  for (KeyRanks& entry : keys_) {
    entry.uncertainty.restart();
    entry.error_probability.restart();
  }
  for (Betting& channel : channels_) channel.restart();
}

double Monitor::evidence() const {
  return std::clamp(std::log(std::max(capital_, 1.0)) / std::log(threshold()), 0.0, 1.0);
}

MonitorSource Monitor::source() const {
  const std::size_t modalities = modality_variance_.size();
  if (strongest_ == 0) return {MonitorSubject::modalities, -1};
  if (strongest_ <= modalities)
    return {MonitorSubject::modality_variance, static_cast<std::int32_t>(strongest_) - 1};
  return {strongest_ == modalities + 1 ? MonitorSubject::uncertainty
                                       : MonitorSubject::error_probability,
          -1};
}

bool Monitor::observe(const Prediction& prediction) {
  require(prediction.columns(CASD_FIELD_MODALITY_VARIANCE) == schema_.modality_count(),
          "the prediction is of a model with ", prediction.columns(CASD_FIELD_MODALITY_VARIANCE),
          " modalities, the monitor's model has ", schema_.modality_count());
  const auto modalities = modality_variance_.size();
  const Span<const float> variance = prediction.table(CASD_FIELD_MODALITY_VARIANCE);
  const Span<const float> uncertainty = prediction.table(CASD_FIELD_UNCERTAINTY);
  const Span<const float> error = prediction.table(CASD_FIELD_ERROR_PROBABILITY);
  const bool one_error = prediction.columns(CASD_FIELD_ERROR_PROBABILITY) == 1;
  bool alarm = false;
  for (std::int64_t row = 0; row < prediction.rows(); ++row) {
    if (prediction.row_status(row) != CASD_OK) continue;
    const auto i = static_cast<std::size_t>(row);
    alarm |=
        observe({prediction.participating(row), variance.subspan(i * modalities, modalities),
                 uncertainty[i], one_error ? error[i] : std::numeric_limits<float>::quiet_NaN()});
  }
  return alarm;
}

}  // namespace casd
