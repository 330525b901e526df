#include "data/statistics.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

constexpr double least_deviation = 1e-6;

/// Mean and population deviation of columns, over finite values, in two passes.
struct ColumnStatistics {
  explicit ColumnStatistics(std::size_t columns) : count(columns), mean(columns), square(columns) {}

  template <class Visit>
  void fit(Visit visit_rows) {
    const std::size_t columns = count.size();
    visit_rows([&](const float* row) {
      for (std::size_t c = 0; c < columns; ++c)
        if (std::isfinite(row[c])) {
          mean[c] += static_cast<double>(row[c]);
          ++count[c];
        }
    });
    for (std::size_t c = 0; c < columns; ++c)
      if (count[c] > 0) mean[c] /= count[c];
    visit_rows([&](const float* row) {
      for (std::size_t c = 0; c < columns; ++c)
        if (std::isfinite(row[c])) {
          const double distance = static_cast<double>(row[c]) - mean[c];
          square[c] += distance * distance;
        }
    });
  }
  void write(std::vector<float>& means, std::vector<float>& deviations) const {
    for (std::size_t c = 0; c < count.size(); ++c) {
      const double deviation = count[c] > 0 ? std::sqrt(square[c] / count[c]) : 0;
      means.push_back(static_cast<float>(mean[c]));
      deviations.push_back(deviation >= least_deviation ? static_cast<float>(deviation) : 1.0f);
    }
  }

  std::vector<double> count, mean, square;
};

}  // namespace

Statistics fit_statistics(const Schema& schema, Span<const Sample* const> samples) {
  Statistics out;
  for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
    const auto features = static_cast<std::size_t>(schema.modalities[m].features);
    ColumnStatistics columns(features);
    columns.fit([&](auto&& row) {
      for (const Sample* sample : samples)
        for (std::size_t at = 0; at < sample->frames[m].size(); at += features)
          row(sample->frames[m].data() + at);
    });
    out.mean.emplace_back();
    out.std.emplace_back();
    columns.write(out.mean.back(), out.std.back());
  }
  if (schema.task == CASD_TASK_REGRESSION) {
    ColumnStatistics columns(schema.outputs.size());
    columns.fit([&](auto&& row) {
      for (const Sample* sample : samples)
        if (!sample->target.empty()) row(sample->target.data());
    });
    columns.write(out.target_mean, out.target_std);
  }
  return out;
}

ModelPtr with_statistics(const Model& model, const Statistics& statistics) {
  std::vector<float> values(model.values().begin(), model.values().end());
  const NetworkLayout& layout = model.layout();
  const auto put = [&](const TensorPlace& place, const std::vector<float>& numbers) {
    std::copy(numbers.begin(), numbers.end(), values.begin() + place.offset);
  };
  for (std::size_t m = 0; m < statistics.mean.size(); ++m) {
    put(layout.modalities[m].mean, statistics.mean[m]);
    put(layout.modalities[m].deviation, statistics.std[m]);
  }
  if (!statistics.target_mean.empty()) {
    put(layout.target->mean, statistics.target_mean);
    put(layout.target->deviation, statistics.target_std);
  }
  return std::make_shared<const Model>(model.shared_layout(), std::move(values),
                                       model.calibration(), model.user(), true);
}

std::vector<float> balanced_class_weights(const Schema& schema, Span<const Sample* const> samples) {
  std::vector<double> count(schema.outputs.size());
  double total = 0;
  for (const Sample* sample : samples)
    if (!sample->target.empty()) {
      ++count[static_cast<std::size_t>(sample->target[0])];
      ++total;
    }
  std::vector<float> weights(count.size(), 1.0f);
  for (std::size_t k = 0; k < count.size(); ++k)
    if (count[k] > 0)
      weights[k] = static_cast<float>(total / (static_cast<double>(count.size()) * count[k]));
  return weights;
}

}  // namespace casd
