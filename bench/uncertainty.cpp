// Order of uncertainties against what they should follow, as Spearman's rank correlation.
//
//   bench_uncertainty noise TASK [SEEDS]         TASK: classes, regression, multilabel
//   bench_uncertainty conditions DATA [SEEDS]    DATA: synthetic, or a file with a regression
//
// `noise`: synthetic data with known noise (seeds 0, 1, ...; 2000 samples of split test): the variance of
// each modality against the true noise of its samples. The ceiling is that of an oracle which knows that
// the hidden state has six dimensions: it measures the energy of the frames outside the six principal
// directions of the modality's training frames.
//
// `conditions`: models of a regression, evaluated on split test if there is one, else valid: the mean
// uncertainty of each set of modalities, and the mean of its standard deviation, against its mean
// absolute error.
#include "common.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

namespace {

using Numbers = std::vector<double>;

void check(casd_status status) {
  if (status == CASD_OK) return;
  std::fprintf(stderr, "%s: %s\n", casd_status_name(status), casd_last_error());
  std::exit(1);
}

/// Ranks; equal numbers have their mean rank.
Numbers ranks(const Numbers& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Numbers out(values.size());
  for (std::size_t i = 0, end = 0; i < order.size(); i = end) {
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) out[order[k]] = static_cast<double>(i + end - 1) / 2;
  }
  return out;
}

double rank_correlation(const Numbers& a, const Numbers& b) {
  const Numbers x = ranks(a), y = ranks(b);
  const double mean = static_cast<double>(x.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xy / std::sqrt(xx * yy);
}

/// The eigenvectors of a symmetric matrix as columns, largest eigenvalue first, by Jacobi rotations.
std::vector<Numbers> eigenvectors(std::vector<Numbers> matrix) {
  const std::size_t n = matrix.size();
  std::vector<Numbers> vectors(n, Numbers(n));
  for (std::size_t i = 0; i < n; ++i) vectors[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep)
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        const double angle = std::atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p]) / 2;
        const double c = std::cos(angle), s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) {
          const double a = matrix[k][p], b = matrix[k][q];
          matrix[k][p] = c * a - s * b;
          matrix[k][q] = s * a + c * b;
          const double v = vectors[k][p], w = vectors[k][q];
          vectors[k][p] = c * v - s * w;
          vectors[k][q] = s * v + c * w;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double a = matrix[p][k], b = matrix[q][k];
          matrix[p][k] = c * a - s * b;
          matrix[q][k] = s * a + c * b;
        }
      }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return matrix[a][a] > matrix[b][b]; });
  std::vector<Numbers> out(n, Numbers(n));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k) out[k][i] = vectors[k][order[i]];
  return out;
}

casd_batch* read(const casd_dataset* data, const char* split) {
  casd_schema* schema = nullptr;
  casd_batch* batch = nullptr;
  check(casd_dataset_schema(&schema, data));
  check(casd_batch_create(&batch, schema));
  check(casd_dataset_read(batch, data, split, nullptr,
                          static_cast<std::size_t>(casd_dataset_size(data, split))));
  casd_schema_destroy(schema);
  return batch;
}

/// The frames' mean energy outside the six principal directions of the training frames.
Numbers outside_energy(const casd_batch* train, const casd_batch* test, int32_t modality,
                       int32_t features) {
  constexpr std::size_t state_size = 6;
  const auto n = static_cast<std::size_t>(features);
  std::vector<Numbers> moment(n, Numbers(n));
  for (int64_t i = 0; i < casd_batch_size(train); ++i) {
    const float* frame = casd_batch_frames(train, i, modality);
    for (int64_t t = 0; t < casd_batch_steps(train, i, modality); ++t, frame += n)
      for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b)
          moment[a][b] += static_cast<double>(frame[a]) * static_cast<double>(frame[b]);
  }
  const std::vector<Numbers> vectors = eigenvectors(moment);
  Numbers out;
  for (int64_t i = 0; i < casd_batch_size(test); ++i) {
    const float* frame = casd_batch_frames(test, i, modality);
    const int64_t steps = casd_batch_steps(test, i, modality);
    double energy = 0;
    for (int64_t t = 0; t < steps; ++t, frame += n)
      for (std::size_t k = state_size; k < n; ++k) {
        double along = 0;
        for (std::size_t a = 0; a < n; ++a) along += vectors[a][k] * static_cast<double>(frame[a]);
        energy += along * along;
      }
    out.push_back(energy / static_cast<double>(steps));
  }
  return out;
}

casd_model* train(const casd_dataset* data, unsigned seed) {
  casd_schema* schema = nullptr;
  check(casd_dataset_schema(&schema, data));
  casd_model* model = bench::train_default(schema, data, seed).release();
  casd_schema_destroy(schema);
  return model;
}

casd_dataset* synthetic(casd_task task, unsigned seed) {
  casd_synthetic_options options;
  casd_dataset* data = nullptr;
  check(casd_synthetic_options_init(&options, sizeof options));
  options.task = task;
  options.test_samples = 2000;
  options.seed = seed;
  check(casd_dataset_create_synthetic(&data, &options));
  return data;
}

Numbers column(const casd_prediction* prediction, casd_field field, int32_t at) {
  int64_t rows = 0, columns = 0;
  check(casd_prediction_shape(&rows, &columns, prediction, field));
  const float* values = casd_prediction_data(prediction, field);
  Numbers out;
  for (int64_t i = 0; i < rows; ++i) out.push_back(static_cast<double>(values[i * columns + at]));
  return out;
}

void print_noise(casd_task task, unsigned seed) {
  casd_dataset* data = synthetic(task, seed);
  casd_model* model = train(data, seed);
  casd_batch *learned = read(data, "train"), *test = read(data, "test");
  casd_schema* schema = nullptr;
  casd_predictor* predictor = nullptr;
  casd_prediction* prediction = nullptr;
  check(casd_dataset_schema(&schema, data));
  check(casd_predictor_create(&predictor, model, nullptr));
  check(casd_prediction_create(&prediction));
  check(casd_predict(prediction, predictor, test, CASD_ALL_MODALITIES));
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m) {
    Numbers noise;
    for (int64_t i = 0; i < casd_batch_size(test); ++i) {
      noise.push_back(0);
      check(casd_dataset_noise(&noise.back(), data, "test", i, m));
    }
    const double own = rank_correlation(column(prediction, CASD_FIELD_MODALITY_VARIANCE, m), noise);
    const double oracle = rank_correlation(
        outside_energy(learned, test, m, casd_schema_modality_features(schema, m)), noise);
    std::printf("seed %u  %-10s variance %.2f  oracle %.2f  share %3.0f %%\n", seed,
                casd_schema_modality_name(schema, m), own, oracle, 100 * own / oracle);
  }
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_schema_destroy(schema);
  casd_batch_destroy(test);
  casd_batch_destroy(learned);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
}

/// The mask of a condition, "language+audio".
casd_modality_mask mask_of(const casd_schema* schema, const std::string& condition) {
  casd_modality_mask mask = 0;
  for (std::size_t begin = 0; begin < condition.size();) {
    const std::size_t end = std::min(condition.find('+', begin), condition.size());
    int32_t index = 0;
    check(casd_schema_modality_index(&index, schema, condition.substr(begin, end - begin).c_str()));
    mask |= casd_modality_mask{1} << index;
    begin = end + 1;
  }
  return mask;
}

/// Mean over the samples that have a modality of the mask.
double mean_deviation(casd_predictor* predictor, const casd_batch* batch, casd_modality_mask mask) {
  casd_prediction* prediction = nullptr;
  check(casd_prediction_create(&prediction));
  check(casd_predict(prediction, predictor, batch, mask));
  double sum = 0, count = 0;
  for (const double value : column(prediction, CASD_FIELD_STANDARD_DEVIATION, 0))
    if (std::isfinite(value)) sum += value, ++count;
  casd_prediction_destroy(prediction);
  return sum / count;
}

void print_conditions(const std::string& path, unsigned seed) {
  casd_dataset* data = nullptr;
  if (path == "synthetic")
    data = synthetic(CASD_TASK_REGRESSION, seed);
  else
    check(casd_dataset_open(&data, path.c_str(), "regression"));
  casd_model* model = train(data, seed);
  const char* const split = casd_dataset_size(data, "test") > 0 ? "test" : "valid";
  casd_predictor_options options;
  casd_predictor* predictor = nullptr;
  casd_report* report = nullptr;
  casd_batch* batch = read(data, split);
  casd_schema* schema = nullptr;
  check(casd_dataset_schema(&schema, data));
  check(casd_predictor_options_init(&options, sizeof options));
  options.on_empty = CASD_EMPTY_NAN;
  check(casd_predictor_create(&predictor, model, &options));
  check(casd_evaluate(&report, predictor, data, split, nullptr, nullptr, nullptr));
  Numbers error, uncertainty, deviation;
  for (int32_t i = 0; i < casd_report_condition_count(report); ++i) {
    const char* const name = casd_report_condition(report, i);
    double values[2], coverage = 0;
    check(casd_report_value(&values[0], report, name, "mae"));
    check(casd_report_value(&values[1], report, name, "uncertainty"));
    check(casd_report_value(&coverage, report, name, "coverage"));
    error.push_back(values[0]);
    uncertainty.push_back(values[1]);
    deviation.push_back(mean_deviation(predictor, batch, mask_of(schema, name)));
    std::printf("seed %u  %-24s error %.3f  uncertainty %7.3f  deviation %.3f  coverage %.1f %%\n",
                seed, name, error.back(), uncertainty.back(), deviation.back(), coverage);
  }
  std::printf("seed %u  rank correlation with the error: uncertainty %.2f, deviation %.2f\n", seed,
              rank_correlation(uncertainty, error), rank_correlation(deviation, error));
  casd_report_destroy(report);
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what != "noise" && what != "conditions") {
    std::fprintf(stderr, "usage: bench_uncertainty noise TASK [SEEDS] | conditions DATA [SEEDS]\n");
    return 2;
  }
  const unsigned seeds = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 3;
  const std::string name = argv[2];
  const casd_task task = name == "regression"   ? CASD_TASK_REGRESSION
                         : name == "multilabel" ? CASD_TASK_MULTILABEL
                                                : CASD_TASK_CLASSES;
  for (unsigned seed = 0; seed < seeds; ++seed)
    what == "noise" ? print_noise(task, seed) : print_conditions(name, seed);
  return 0;
}
