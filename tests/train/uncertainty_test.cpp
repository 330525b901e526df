// Uncertainty against ground truth: the synthetic dataset has the noise of each sample and modality.
#include "data/dataset.h"
#include "data/synthetic.h"
#include "model/options.h"
#include "predict/predictor.h"
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace casd {
namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) out[order[i]] = static_cast<double>(i);
  return out;
}

/// Spearman's rank correlation of numbers without ties.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double n = static_cast<double>(x.size());
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) squares += (x[i] - y[i]) * (x[i] - y[i]);
  return 1 - 6 * squares / (n * (n * n - 1));
}

TEST(Uncertainty, FollowsTheTrueNoiseOfEachModality) {
  casd_synthetic_options wanted = default_synthetic_options();
  wanted.valid_samples = 1000;
  const Dataset data = make_synthetic(wanted);
  casd_trainer_options options = default_trainer_options();
  options.teacher_epochs = 6;
  Trainer trainer(create_model(data.schema, default_model_options()), options);
  trainer.fit(data, nullptr, nullptr, nullptr);

  const Split& valid = *data.find("valid");
  Batch batch(data.schema);
  for (const Sample& sample : valid.samples) batch.add() = sample;
  Prediction prediction;
  Predictor(trainer.snapshot(), default_predictor_options())
      .predict(prediction, batch, CASD_ALL_MODALITIES);
  const Span<const float> variance = prediction.table(CASD_FIELD_MODALITY_VARIANCE);
  for (std::size_t m = 0; m < 3; ++m) {
    std::vector<double> predicted, true_noise;
    for (std::size_t i = 0; i < valid.samples.size(); ++i) {
      predicted.push_back(static_cast<double>(variance[3 * i + m]));
      true_noise.push_back(valid.noise[3 * i + m]);
    }
    const double correlation = rank_correlation(predicted, true_noise);
    std::printf("%s: rank correlation of variance and noise %.2f\n",
                data.schema.modalities[m].name.c_str(), correlation);
    // An oracle that knows the dimensions of the hidden state has 0.97 to 0.99 (bench_uncertainty).
    EXPECT_GT(correlation, 0.6) << data.schema.modalities[m].name;
  }
}

}  // namespace
}  // namespace casd
