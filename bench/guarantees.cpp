// Coverage of prediction sets and intervals, and error rates of selective prediction, for each set of
// modalities on data that was not used for their calibration.
//
//   bench_guarantees DATA TASK [SEEDS]     e.g. mosi.h5 classes:negative,positive 5
//
// For each seed it trains a model with the defaults, divides the split valid (of `synthetic`: 2000
// samples) at random into halves, calibrates on one and tests on the other, both ways, and adds up the
// results.
#include "common.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

void check(casd_status status) {
  if (status == CASD_OK) return;
  std::fprintf(stderr, "%s: %s\n", casd_status_name(status), casd_last_error());
  std::exit(1);
}

constexpr double coverages[] = {0.8, 0.9, 0.95}, rates[] = {0.05, 0.1, 0.2};

/// Results of one set of modalities over all halves.
struct Sums {
  double samples = 0, covered[3] = {}, size[3] = {}, finite[3] = {};
  double accepted[3] = {}, wrong[3] = {}, broken[3] = {};
  int halves = 0;
};

casd_dataset* open(const std::string& path, const char* task) {
  casd_dataset* data = nullptr;
  if (path != "synthetic") {
    check(casd_dataset_open(&data, path.c_str(), task));
    return data;
  }
  casd_synthetic_options options;
  check(casd_synthetic_options_init(&options, sizeof options));
  options.valid_samples = 2000;
  options.test_samples = 0;
  if (std::string(task) == "regression") options.task = CASD_TASK_REGRESSION;
  if (std::string(task) == "multilabel") options.task = CASD_TASK_MULTILABEL;
  check(casd_dataset_create_synthetic(&data, &options));
  return data;
}

casd_batch* read(const casd_schema* schema, const casd_dataset* data,
                 const std::vector<int64_t>& indices) {
  casd_batch* batch = nullptr;
  check(casd_batch_create(&batch, schema));
  check(casd_dataset_read(batch, data, "valid", indices.data(), indices.size()));
  return batch;
}

casd_model* calibrated(const casd_model* model, const casd_batch* held_out) {
  casd_trainer* trainer = nullptr;
  casd_model* out = nullptr;
  check(casd_trainer_create(&trainer, model, nullptr));
  check(casd_trainer_calibrate(trainer, nullptr, held_out));
  check(casd_trainer_snapshot(&out, trainer));
  casd_trainer_destroy(trainer);
  return out;
}

const float* row_of(const casd_prediction* prediction, casd_field field, int64_t row) {
  int64_t columns = 0;
  if (casd_prediction_shape(nullptr, &columns, prediction, field) != CASD_OK) return nullptr;
  return casd_prediction_data(prediction, field) + row * columns;
}

void add(Sums& sums, const casd_model* model, const casd_batch* batch, casd_modality_mask mask,
         casd_task task, int32_t outputs) {
  for (int c = 0; c < 3; ++c) {
    casd_predictor_options options;
    check(casd_predictor_options_init(&options, sizeof options));
    options.on_empty = CASD_EMPTY_NAN;
    options.coverage = coverages[c];
    if (task != CASD_TASK_REGRESSION) options.error_rate = rates[c];
    casd_predictor* predictor = nullptr;
    casd_prediction* prediction = nullptr;
    check(casd_predictor_create(&predictor, model, &options));
    check(casd_prediction_create(&prediction));
    check(casd_predict(prediction, predictor, batch, mask));
    double accepted = 0, wrong = 0;
    for (int64_t i = 0; i < casd_batch_size(batch); ++i) {
      const float* target = casd_batch_target(batch, i);
      casd_status status = CASD_OK;
      check(casd_prediction_row_status(&status, prediction, i));
      if (!target || status != CASD_OK) continue;
      const float* p = row_of(prediction, CASD_FIELD_PROBABILITIES, i);
      const float* set = row_of(prediction, CASD_FIELD_PREDICTION_SET, i);
      const float* interval = row_of(prediction, CASD_FIELD_INTERVAL, i);
      const float* abstain = row_of(prediction, CASD_FIELD_ABSTAIN, i);
      const int32_t decisions = task == CASD_TASK_CLASSES ? 1 : outputs;
      for (int32_t k = 0; k < decisions; ++k) {
        if (c == 0) ++sums.samples;
        bool is_wrong = false;
        if (task == CASD_TASK_REGRESSION) {
          sums.covered[c] += interval[2 * k] <= target[k] && target[k] <= interval[2 * k + 1];
          const double width = static_cast<double>(interval[2 * k + 1] - interval[2 * k]);
          if (std::isfinite(width)) sums.size[c] += width, ++sums.finite[c];
          continue;
        }
        const int32_t label = static_cast<int32_t>(target[k]);
        if (task == CASD_TASK_CLASSES) {
          sums.covered[c] += static_cast<double>(set[label]);
          for (int32_t o = 0; o < outputs; ++o) sums.size[c] += static_cast<double>(set[o]);
          is_wrong = std::max_element(p, p + outputs) - p != label;
        } else {
          sums.covered[c] += static_cast<double>(set[2 * k + label]);
          sums.size[c] += static_cast<double>(set[2 * k] + set[2 * k + 1]);
          is_wrong = (p[k] > 0.5f) != (label == 1);
        }
        ++sums.finite[c];
        if (abstain[k] != 0) continue;
        ++accepted;
        wrong += is_wrong;
      }
    }
    sums.accepted[c] += accepted;
    sums.wrong[c] += wrong;
    sums.broken[c] += wrong > rates[c] * accepted;
    casd_prediction_destroy(prediction);
    casd_predictor_destroy(predictor);
  }
  ++sums.halves;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_guarantees DATA TASK [SEEDS]\n");
    return 2;
  }
  const unsigned seeds = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 5;
  casd_dataset* data = open(argv[1], argv[2]);
  casd_schema* schema = nullptr;
  check(casd_dataset_schema(&schema, data));
  const int32_t modalities = casd_schema_modality_count(schema);
  const casd_modality_mask all = (casd_modality_mask{1} << modalities) - 1;
  std::vector<Sums> sums(all + 1);
  for (unsigned seed = 0; seed < seeds; ++seed) {
    casd_model* model = bench::train_default(schema, data, seed).release();
    std::vector<int64_t> order;
    for (int64_t i = 0; i < casd_dataset_size(data, "valid"); ++i) order.push_back(i);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
    casd_batch* half[2] = {read(schema, data, {order.begin(), middle}),
                           read(schema, data, {middle, order.end()})};
    for (int way = 0; way < 2; ++way) {
      casd_model* fitted = calibrated(model, half[way]);
      for (casd_modality_mask mask = 1; mask <= all; ++mask)
        add(sums[mask], fitted, half[1 - way], mask, casd_schema_task(schema),
            casd_schema_output_count(schema));
      casd_model_destroy(fitted);
    }
    casd_batch_destroy(half[0]);
    casd_batch_destroy(half[1]);
    casd_model_destroy(model);
  }
  std::printf("%-28s", "modalities");
  for (const double c : coverages) std::printf("  coverage %.2f: %% (size)", c);
  for (const double r : rates) std::printf("  error %.2f: accepted %%, wrong %%, above", r);
  std::printf("\n");
  for (casd_modality_mask mask = 1; mask <= all; ++mask) {
    const Sums& s = sums[mask];
    std::string name;
    for (int32_t m = 0; m < modalities; ++m)
      if (mask >> m & 1u)
        name += (name.empty() ? "" : "+") + std::string(casd_schema_modality_name(schema, m));
    std::printf("%-28s", name.c_str());
    for (int c = 0; c < 3; ++c)
      std::printf("  %5.1f (%.2f)", 100 * s.covered[c] / s.samples, s.size[c] / s.finite[c]);
    for (int c = 0; c < 3 && casd_schema_task(schema) != CASD_TASK_REGRESSION; ++c)
      std::printf("  %5.1f %5.1f %2.0f/%d", 100 * s.accepted[c] / s.samples,
                  s.accepted[c] > 0 ? 100 * s.wrong[c] / s.accepted[c] : 0.0, s.broken[c],
                  s.halves);
    std::printf("\n");
  }
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);
  return 0;
}
