// How fast a monitor finds a changed input, and how often it is wrong, on synthetic data.
//
//   bench_monitor [SEEDS]     default: 3
//
// For each seed it trains a model with the defaults, with a tenth of the modalities missing and 400
// held-out samples. Clean: 100,000 samples. Changes: after 1000 clean samples, one modality has noise of
// three standard deviations, frozen frames, or is missing five times as often.
#include "common.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

using namespace bench;

constexpr int64_t clean_samples = 100000, chunk = 500, before = 1000, most = 2000;

enum class Change { none, noise, frozen, missing };

/// Standard deviations of the features of a modality.
std::vector<double> deviations(const casd_batch* batch, int32_t m, int32_t features) {
  std::vector<double> sum(static_cast<std::size_t>(features)), square(sum);
  double count = 0;
  for (int64_t i = 0; i < casd_batch_size(batch); ++i) {
    const float* frames = casd_batch_frames(batch, i, m);
    for (int64_t t = 0; frames && t < casd_batch_steps(batch, i, m); ++t, ++count)
      for (std::size_t k = 0; k < sum.size(); ++k) {
        const auto value = static_cast<double>(*frames++);
        sum[k] += value;
        square[k] += value * value;
      }
  }
  for (std::size_t k = 0; k < sum.size(); ++k)
    square[k] = std::sqrt(square[k] / count - sum[k] * sum[k] / (count * count));
  return square;
}

void change_input(casd_batch* batch, int32_t m, int32_t features, Change change,
                  const std::vector<double>& deviation, std::mt19937& random) {
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < casd_batch_size(batch); ++i) {
    const float* frames = casd_batch_frames(batch, i, m);
    const int64_t steps = casd_batch_steps(batch, i, m);
    if (!frames || steps <= 0) continue;
    std::vector<float> values(frames, frames + steps * features);
    for (std::size_t k = 0; k < values.size(); ++k) {
      const std::size_t feature = k % static_cast<std::size_t>(features);
      if (change == Change::noise)
        values[k] += static_cast<float>(3 * deviation[feature] * normal(random));
      if (change == Change::frozen) values[k] = values[feature];
    }
    bool others = false;
    for (int32_t other = 0; other < 3; ++other)
      others |= other != m && casd_batch_steps(batch, i, other) > 0;
    const bool drop = change == Change::missing && others && random() % 2 == 0;
    check(casd_batch_set_frames(batch, i, m, drop ? nullptr : values.data(), drop ? 0 : steps,
                                features, 0));
  }
}

struct Course {
  const casd_model* model;
  const casd_schema* schema;
  const casd_dataset* data;

  /// Samples until the first alarm after the change at `from`, or -1; `alarms` before the change.
  int64_t run(int64_t samples, int64_t from, int32_t m, Change change, int64_t* alarms) const {
    casd_monitor* monitor = nullptr;
    check(casd_monitor_create(&monitor, model, nullptr));
    const auto predictor = make<casd_predictor>(
        [&](auto** out) { return casd_predictor_create(out, model, nullptr); });
    const auto prediction = make<casd_prediction>(casd_prediction_create);
    const auto batch = make<casd_batch>([&](auto** out) { return casd_batch_create(out, schema); });
    const int32_t features = casd_schema_modality_features(schema, m);
    casd_monitor_state state;
    check(casd_monitor_state_init(&state, sizeof state));
    std::mt19937 random(1);
    std::vector<double> deviation;
    int64_t found = -1;
    int64_t size = 0;
    for (int64_t first = 0; first < samples && found < 0; first += size) {
      size = first < from ? chunk : 1;  // one by one, so that the first alarm is seen
      std::vector<int64_t> indices;
      for (int64_t i = first; i < first + size; ++i) indices.push_back(i);
      casd_batch_clear(batch.get());
      check(casd_dataset_read(batch.get(), data, "test", indices.data(), indices.size()));
      if (deviation.empty()) deviation = deviations(batch.get(), m, features);
      if (first >= from) change_input(batch.get(), m, features, change, deviation, random);
      check(casd_predict(prediction.get(), predictor.get(), batch.get(), CASD_ALL_MODALITIES));
      check(casd_monitor_add(monitor, prediction.get()));
      check(casd_monitor_get_state(&state, monitor));
      if (first >= from && state.alarm) found = state.last_alarm - from;
      if (first < from) *alarms = state.alarms;
    }
    casd_monitor_destroy(monitor);
    return found;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const unsigned seeds = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 3;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    casd_synthetic_options options;
    check(casd_synthetic_options_init(&options, sizeof options));
    options.valid_samples = 400;
    options.test_samples = clean_samples;
    options.missing_rate = 0.1;
    options.seed = seed;
    const auto data = make<casd_dataset>(
        [&](auto** out) { return casd_dataset_create_synthetic(out, &options); });
    const auto schema =
        make<casd_schema>([&](auto** out) { return casd_dataset_schema(out, data.get()); });
    const auto model = train_default(schema.get(), data.get(), seed);
    const Course course{model.get(), schema.get(), data.get()};
    int64_t alarms = 0;
    course.run(clean_samples, clean_samples, 0, Change::none, &alarms);
    std::printf("seed %u: %lld false alarms in %lld clean samples\n", seed,
                static_cast<long long>(alarms), static_cast<long long>(clean_samples));
    for (int32_t m = 0; m < casd_schema_modality_count(schema.get()); ++m) {
      std::printf("  %-10s", casd_schema_modality_name(schema.get(), m));
      for (const Change change : {Change::noise, Change::frozen, Change::missing})
        std::printf("  %s after %lld samples",
                    change == Change::noise    ? "noise"
                    : change == Change::frozen ? "frozen"
                                               : "missing",
                    static_cast<long long>(course.run(before + most, before, m, change, &alarms)));
      std::printf("\n");
    }
  }
  return 0;
}
