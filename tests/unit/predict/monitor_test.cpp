#include "predict/monitor.h"

#include "core/error.h"
#include "core/random.h"
#include "eval/conformal.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

Schema schema() {
  Schema out;
  out.add_modality("language", 2);
  out.add_modality("audio", 2);
  out.add_modality("vision", 2);
  out.set_task(CASD_TASK_CLASSES);
  out.add_output("no");
  out.add_output("yes");
  return out;
}

enum class Change { none, noise, frozen, audio_missing, nothing_missing };

/// Observations whose variances follow a common factor, with audio missing in a quarter of them.
class Source {
 public:
  explicit Source(std::uint64_t seed) : random_(seed, 0, RandomSite::synthetic) {}

  Observation next(Change change = Change::none) {
    const double common = normal();
    const double missing_rate = change == Change::audio_missing     ? 0.6
                                : change == Change::nothing_missing ? 0
                                                                    : 0.25;
    const bool audio = random_.uniform_double(at_++) >= missing_rate;
    double fused = 0;
    for (std::size_t m = 0; m < 3; ++m) {
      double log_variance = 0.5 * common + normal();
      if (change == Change::noise && m == 2) log_variance += 2.5;
      if (change == Change::frozen && m == 2) log_variance = 0.1;
      variance_[m] = static_cast<float>(std::exp(log_variance));
      fused += static_cast<double>(variance_[m]) / 9;
    }
    if (!audio) variance_[1] = missing;
    const auto error = static_cast<float>(0.5 / (1 + std::exp(normal() - 0.3 * common)));
    return {audio ? 7u : 5u, {variance_, 3}, static_cast<float>(fused), error};
  }

 private:
  double normal() { return random_.normal(at_++ + (std::uint64_t{1} << 30)); }

  RandomStream random_;
  std::uint64_t at_ = 0;
  float variance_[3] = {};
};

Guarantees held_out(std::uint64_t seed, int count) {
  Source source(seed);
  std::map<std::uint32_t, HeldOutResults> results;
  std::vector<std::vector<float>> variance(3);
  std::map<std::uint32_t, std::int64_t> patterns;
  for (int i = 0; i < count; ++i) {
    const Observation seen = source.next();
    ++patterns[seen.participating];
    for (std::size_t m = 0; m < 3; ++m) variance[m].push_back(seen.modality_variance[m]);
    HeldOutResults& to = results[seen.participating];
    to.uncertainty.push_back(seen.uncertainty);
    to.decisions.resize(1);
    to.decisions[0].emplace_back(seen.error_probability, false);
  }
  Guarantees out = guarantees(results, variance);
  out.patterns.assign(patterns.begin(), patterns.end());
  return out;
}

/// Observations until the alarm; -1: none within `most`.
int delay(Monitor& monitor, Source& source, Change change, int most) {
  for (int i = 1; i <= most; ++i)
    if (monitor.observe(source.next(change))) return i;
  return -1;
}

TEST(Monitor, AtMostOneFalseAlarmInAHundredThousandSamples) {
  const Guarantees tables = held_out(1, 300);
  Monitor monitor(schema(), tables, {});
  Source source(2);
  for (int i = 0; i < 100000; ++i) monitor.observe(source.next());
  EXPECT_LE(monitor.alarms(), 1);
  EXPECT_EQ(monitor.samples(), 100000);
  EXPECT_LE(monitor.evidence(), 1);
}

TEST(Monitor, FindsChangesEarlyAndLate) {
  for (const int clean : {0, 5000})
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Guarantees tables = held_out(10 + seed, 300);
      for (const Change change :
           {Change::noise, Change::frozen, Change::audio_missing, Change::nothing_missing}) {
        Monitor monitor(schema(), tables, {});
        Source source(100 + seed);
        ASSERT_EQ(delay(monitor, source, Change::none, clean), -1);
        const int found = delay(monitor, source, change, 300);
        EXPECT_NE(found, -1) << static_cast<int>(change) << ", seed " << seed;
        EXPECT_EQ(monitor.alarms(), 1);
        EXPECT_EQ(monitor.last_alarm(), clean + found);
        const bool pattern = change == Change::audio_missing || change == Change::nothing_missing;
        if (pattern) {
          EXPECT_EQ(monitor.alarm_source().subject, MonitorSubject::modalities);
        } else if (monitor.alarm_source().subject == MonitorSubject::modality_variance) {
          EXPECT_EQ(monitor.alarm_source().modality, 2);
        }
      }
    }
}

TEST(Monitor, ThresholdIsTheSamplesPerFalseAlarm) {
  const Guarantees tables = held_out(1, 300);
  MonitorRules rules;
  rules.samples_per_false_alarm = 10;
  Monitor eager(schema(), tables, rules);
  Source source(2);
  for (int i = 0; i < 10000; ++i) eager.observe(source.next());
  EXPECT_GT(eager.alarms(), 20);
  EXPECT_LT(eager.alarms(), 1000);
}

TEST(Monitor, WarmUpSamplesBecomeTheReference) {
  const Guarantees tables = held_out(1, 300);
  MonitorRules rules;
  rules.warm_up = 3000;
  Monitor monitor(schema(), tables, rules);
  Source source(2);
  for (int i = 0; i < 3000; ++i) EXPECT_FALSE(monitor.observe(source.next(Change::audio_missing)));
  EXPECT_EQ(monitor.evidence(), 0);
  EXPECT_EQ(delay(monitor, source, Change::audio_missing, 1000), -1);
  // The warm-up outlives an alarm.
  EXPECT_NE(delay(monitor, source, Change::noise, 300), -1);
  EXPECT_EQ(delay(monitor, source, Change::audio_missing, 1000), -1);
}

TEST(Monitor, SameSeedSameCourse) {
  const Guarantees tables = held_out(1, 300);
  MonitorRules other_seed;
  other_seed.seed = 1;
  Monitor a(schema(), tables, {}), b(schema(), tables, {}), c(schema(), tables, other_seed);
  Source source(2);
  for (int i = 0; i < 50; ++i) {
    const Observation seen = source.next(Change::noise);
    a.observe(seen);
    b.observe(seen);
    c.observe(seen);
    if (i == 2) {
      EXPECT_NE(a.evidence(), c.evidence());
    }
  }
  EXPECT_EQ(a.evidence(), b.evidence());
  EXPECT_EQ(a.alarms(), b.alarms());
}

TEST(Monitor, UnknownSetsAndMissingNumbersAreAllowed) {
  const Guarantees tables = held_out(1, 300);
  Monitor monitor(schema(), tables, {});
  const float none[3] = {missing, missing, missing};
  for (int i = 0; i < 300 && monitor.alarms() == 0; ++i)
    monitor.observe({2u, {none, 3}, missing, missing});
  EXPECT_EQ(monitor.alarms(), 1);
  EXPECT_EQ(monitor.alarm_source().subject, MonitorSubject::modalities);
  EXPECT_EQ(monitor.alarm_source().modality, -1);
  EXPECT_THROW(monitor.observe({0u, {none, 3}, 1, 1}), Error);
  EXPECT_THROW(monitor.observe({8u, {none, 3}, 1, 1}), Error);
}

TEST(Monitor, ManyModalitiesAreTestedByTheirNumber) {
  Schema many;
  for (int m = 0; m < 32; ++m) many.add_modality("m" + std::to_string(m), 1);
  many.set_task(CASD_TASK_REGRESSION);
  many.add_output("value");
  Guarantees tables;
  tables.patterns = {{32, 200}};
  tables.modality_variance.resize(32);
  tables.keys.push_back({32, {}, {{}}, {}});
  Monitor monitor(many, tables, {});
  const std::vector<float> none(32, missing);
  EXPECT_FALSE(monitor.observe({0xFFFFFFFFu, none, 1, missing}));
  int seen = 0;
  while (!monitor.observe({0x7FFFFFFFu, none, 1, missing}) && seen < 300) ++seen;
  EXPECT_LT(seen, 100);
}

TEST(Monitor, ObservationsDoNotAllocate) {
  const Guarantees tables = held_out(1, 300);
  Monitor monitor(schema(), tables, {});
  Source source(2);
  const long before = test::allocations();
  for (int i = 0; i < 100; ++i) monitor.observe(source.next(Change::noise));
  EXPECT_EQ(test::allocations(), before);
  EXPECT_GT(monitor.alarms(), 0);
}

TEST(Monitor, BadRulesAreRejected) {
  const Guarantees tables = held_out(1, 50);
  MonitorRules rules;
  rules.samples_per_false_alarm = 0.5;
  EXPECT_THROW(Monitor(schema(), tables, rules), Error);
  rules = {};
  rules.warm_up = -1;
  EXPECT_THROW(Monitor(schema(), tables, rules), Error);
  try {
    Monitor(schema(), {}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_STATE);
  }
}

}  // namespace
}  // namespace casd
