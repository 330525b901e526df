// Detects that a stream of predictions no longer resembles the held-out data (casd_monitor).
#pragma once

#include "core/span.h"
#include "method/betting.h"
#include "method/exchangeability.h"
#include "model/model.h"
#include "predict/prediction.h"

#include <cstdint>
#include <vector>

namespace casd {

struct MonitorRules {
  /// A stream without change has an alarm within n samples with a probability of at most n / this.
  double samples_per_false_alarm = 1e6;
  std::int64_t warm_up = 0;  // first samples, which join the held-out data without a test
  std::uint64_t seed = 0;    // of the random ranks
};

/// What a monitor uses of a prediction. NaN: not there.
struct Observation {
  ModalityMask participating = 0;
  Span<const float> modality_variance;  // V_m
  float uncertainty = 0;                // U_F
  float error_probability = 0;
};

/// What a channel of a monitor tests: which modalities a sample has, the variance V_m of a modality,
/// the uncertainty U_F, the error probability.
enum class MonitorSubject { modalities, modality_variance, uncertainty, error_probability };

/// A channel; `modality` of a variance, else -1.
struct MonitorSource {
  MonitorSubject subject = MonitorSubject::modalities;
  std::int32_t modality = -1;
};

/// Tests the observations of a stream one after the other. After an alarm the test starts again.
class Monitor {
 public:
  /// Throws STATE if there are no tables.
  Monitor(const Schema& schema, const Guarantees& tables, const MonitorRules& rules);

  /// Whether this observation raises an alarm. Does not allocate.
  bool observe(const Observation& observation);
  /// The same for the rows with a result; whether one of them raises an alarm.
  bool observe(const Prediction& prediction);

  std::int64_t samples() const { return samples_; }
  std::int64_t alarms() const { return alarms_; }
  /// The number of samples at the last alarm; 0: none yet.
  std::int64_t last_alarm() const { return last_alarm_; }
  MonitorSource alarm_source() const { return alarm_source_; }
  /// log(capital) / log(threshold), from 0 to 1, of the channel that was closest to an alarm after the
  /// last observation.
  double evidence() const;
  /// That channel.
  MonitorSource source() const;

 private:
  void bet(std::size_t channel, double p);
  void keep();
  void restart();
  double threshold() const;
  std::size_t kind(ModalityMask participating) const;

  struct KeyRanks {
    TemperatureKey key;
    StreamRanks uncertainty, error_probability;
  };

  const Schema schema_;
  const MonitorRules rules_;
  StreamKinds kinds_;
  std::vector<StreamRanks> modality_variance_;
  std::vector<KeyRanks> keys_;
  std::vector<Betting> channels_;  // modalities, V_m of each, U_F, error probability
  std::int64_t samples_ = 0, alarms_ = 0, last_alarm_ = 0;
  std::size_t strongest_ = 0;  // channel
  double capital_ = 0;         // of that channel after the last observation
  MonitorSource alarm_source_;
};

}  // namespace casd
