#include "eval/calibration.h"

#include "eval/modality_subsets.h"
#include "method/losses.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace casd {
namespace {

constexpr double least_temperature = 0.2, most_temperature = 20;
constexpr double least_trust = 0.1, most_trust = 10;
/// On fewer samples a temperature seems noticeably better than it is.
constexpr std::size_t few_samples = 200;
constexpr std::size_t most_folds = 10;
constexpr int trust_rounds = 2, trust_grid = 9, temperature_grid = 400, section_steps = 40;

/// Rows of logits with the index of each row's target class. In a multi-label task each pair of
/// logits is a row.
struct LogitRows {
  std::size_t columns = 0;
  std::vector<double> logits;
  std::vector<std::size_t> target;

  double cross_entropy(double temperature) const {
    return sum(temperature) / static_cast<double>(target.size());
  }

  double sum(double temperature) const {
    double out = 0;
    for (std::size_t r = 0; r < target.size(); ++r) {
      const double* z = logits.data() + r * columns;
      out += log_sum_exp(z, static_cast<std::int64_t>(columns), 1 / temperature) -
             z[target[r]] / temperature;
    }
    return out;
  }
};

void add_rows(LogitRows& rows, const ConditionPredictions& outputs, std::size_t i,
              const Schema& schema) {
  const bool classes = schema.task == CASD_TASK_CLASSES;
  rows.columns = classes ? schema.outputs.size() : 2;
  const auto width = static_cast<std::size_t>(schema.logit_count());
  const auto begin = outputs.logits.begin() + static_cast<std::ptrdiff_t>(i * width);
  rows.logits.insert(rows.logits.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
  for (const float target : outputs.labelled[i]->target)
    rows.target.push_back(static_cast<std::size_t>(target));
}

/// The sets that temperatures are fitted on. Above six modalities a key is a number of modalities.
/// All cyclic windows of neighbouring modalities then cover every number.
std::vector<ModalitySubset> calibration_subsets(const Schema& schema) {
  const auto count = static_cast<unsigned>(schema.modality_count());
  if (count <= 6) return modality_subsets(schema);
  std::vector<ModalitySubset> out;
  for (unsigned size = 1; size <= count; ++size)
    for (unsigned first = 0; first < (size == count ? 1 : count); ++first) {
      ModalityMask mask = 0;
      for (unsigned i = 0; i < size; ++i) mask |= ModalityMask{1} << (first + i) % count;
      out.push_back({mask, mask_name(schema, mask)});
    }
  return out;
}

constexpr int calls_of_minimise(int grid) { return grid + 2 * section_steps + 1; }

/// Minimises f on [low, high] in log space: a grid to avoid local minima, then golden-section search.
/// function(x, progress) gets the progress of one call.
template <class F>
double minimise(double low, double high, int grid, const WorkProgress& progress, F function) {
  WorkParts calls(progress, calls_of_minimise(grid));
  const auto f = [&](double x) {
    const WorkProgress call = calls.next(1);
    const double value = function(x, call);
    report(call, 1, 1);
    return value;
  };
  const double step = std::log(high / low) / (grid - 1);
  double best = low, best_value = f(low);
  for (int i = 1; i < grid; ++i) {
    const double x = std::min(low * std::exp(step * i), high), value = f(x);
    if (value < best_value) {
      best = x;
      best_value = value;
    }
  }
  double a = std::log(std::max(low, best * std::exp(-step)));
  double b = std::log(std::min(high, best * std::exp(step)));
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  for (int i = 0; i < section_steps; ++i) {
    const double x = b - ratio * (b - a), y = a + ratio * (b - a);
    if (f(std::exp(x)) < f(std::exp(y)))
      b = y;
    else
      a = x;
  }
  const double refined = std::clamp(std::exp((a + b) / 2), low, high);
  return f(refined) < best_value ? refined : best;
}

double best_temperature(const LogitRows& rows, const WorkProgress& progress = {}) {
  return minimise(
      least_temperature, most_temperature, temperature_grid, progress,
      [&](double temperature, const WorkProgress&) { return rows.cross_entropy(temperature); });
}

/// The fold of each sample: units (the samples of a group, or a sample without a group) take turns.
/// At most most_folds, as many as there are units.
std::vector<std::size_t> folds_of(const std::vector<const Sample*>& samples) {
  std::vector<std::size_t> out;
  std::map<std::string, std::size_t> groups;
  std::size_t units = 0;
  for (const Sample* sample : samples) {
    std::size_t unit = units;
    if (!sample->group.empty()) unit = groups.emplace(sample->group, units).first->second;
    units = std::max(units, unit + 1);
    out.push_back(unit % most_folds);
  }
  return out;
}

/// The cross-entropy with each fold at the temperature that is best for the other folds; 1 where
/// there is no other fold.
double cross_fitted_cross_entropy(const ConditionPredictions& outputs, const Schema& schema) {
  const std::vector<std::size_t> folds = folds_of(outputs.labelled);
  double sum = 0;
  std::size_t rows = 0;
  for (std::size_t fold = 0; fold < most_folds; ++fold) {
    LogitRows held_out, others;
    for (std::size_t i = 0; i < folds.size(); ++i)
      add_rows(folds[i] == fold ? held_out : others, outputs, i, schema);
    sum += held_out.sum(others.target.empty() ? 1 : best_temperature(others));
    rows += held_out.target.size();
  }
  return sum / static_cast<double>(rows);
}

/// Per key the rows of the samples that have all modalities of the condition. A sample that lacks
/// one of them counts for the key of the modalities that it has.
std::map<TemperatureKey, LogitRows> rows_by_key(const std::vector<ConditionPredictions>& outputs,
                                                const std::vector<ModalitySubset>& all,
                                                const Schema& schema) {
  std::map<TemperatureKey, LogitRows> out;
  for (std::size_t c = 0; c < all.size(); ++c)
    for (std::size_t i = 0; i < outputs[c].labelled.size(); ++i)
      if (outputs[c].participating[i] == all[c].mask)
        add_rows(out[temperature_key(schema, all[c].mask)], outputs[c], i, schema);
  return out;
}

double total_cross_entropy(const ModelPtr& model, const EncodedSamples& held_out,
                           const std::vector<ModalitySubset>& all, const WorkProgress& progress) {
  Predictor predictor(model, default_predictor_options());
  double sum = 0;
  for (const ConditionPredictions& outputs :
       collect_predictions(predictor, held_out, all, progress)) {
    LogitRows rows;
    for (std::size_t i = 0; i < outputs.labelled.size(); ++i)
      add_rows(rows, outputs, i, model->schema());
    if (!rows.target.empty()) sum += rows.cross_entropy(1);
  }
  return sum;
}

ModelPtr with_trust(const ModelPtr& model, std::vector<double> trust) {
  return std::make_shared<const Model>(model->with_calibration({{}, std::move(trust), {}, {}}));
}

/// Coordinate descent over the logarithms of the factors. Only their ratios have an effect, so the
/// first modality keeps 1.
std::vector<double> fit_trust(const ModelPtr& model, const EncodedSamples& held_out,
                              const std::vector<ModalitySubset>& all,
                              const WorkProgress& progress) {
  std::vector<double> trust(model->schema().modalities.size(), 1.0);
  WorkParts searches(progress, trust_rounds * static_cast<double>(trust.size() - 1));
  for (int round = 0; round < trust_rounds; ++round)
    for (std::size_t m = 1; m < trust.size(); ++m)
      trust[m] = minimise(least_trust, most_trust, trust_grid, searches.next(1),
                          [&](double factor, const WorkProgress& call) {
                            std::vector<double> tried = trust;
                            tried[m] = factor;
                            return total_cross_entropy(with_trust(model, std::move(tried)),
                                                       held_out, all, call);
                          });
  return trust;
}

/// The parts of calibration_work().
struct Work {
  double trust = 0, predictions = 0, temperatures = 0;
};

Work work_of(const Schema& schema, const CalibrationRequest& request) {
  const auto subsets = static_cast<double>(calibration_subsets(schema).size());
  Work out;
  if (request.trust)
    out.trust =
        trust_rounds * (schema.modality_count() - 1) * calls_of_minimise(trust_grid) * subsets;
  if (request.temperatures) {
    out.predictions = subsets;
    out.temperatures = 8 * subsets;
  }
  return out;
}

}  // namespace

double held_out_loss(Predictor& predictor, Span<const Sample* const> samples) {
  const Schema& schema = predictor.model()->schema();
  const ConditionPredictions outputs =
      collect_predictions(predictor, samples, {{schema.all(), {}}}).front();
  double sum = 0;
  std::size_t count = 0;
  if (schema.task == CASD_TASK_REGRESSION) {
    for (const Sample* sample : outputs.labelled)
      for (const float target : sample->target) {
        const double error = outputs.value[count++] - static_cast<double>(target);
        sum += error * error;
      }
    return sum / static_cast<double>(count);
  }
  if (outputs.labelled.size() < few_samples) return cross_fitted_cross_entropy(outputs, schema);
  LogitRows rows;
  for (std::size_t i = 0; i < outputs.labelled.size(); ++i) add_rows(rows, outputs, i, schema);
  return rows.cross_entropy(best_temperature(rows));
}

double calibration_work(const Schema& schema, const CalibrationRequest& request) {
  const Work work = work_of(schema, request);
  return encode_work + work.trust + work.predictions + work.temperatures;
}

Calibration fit_calibration(const ModelPtr& model, Span<const Sample* const> samples,
                            const CalibrationRequest& request, const WorkProgress& progress) {
  const Schema& schema = model->schema();
  Calibration out;
  if (schema.task == CASD_TASK_REGRESSION) return out;
  casd_predictor_options options = default_predictor_options();
  options.threads = request.threads;
  Predictor encoder(model, options);
  const Work work = work_of(schema, request);
  WorkParts parts(progress, calibration_work(schema, request));
  const EncodedSamples held_out = encode_samples(encoder, samples, parts.next(encode_work));
  const std::vector<ModalitySubset> all = calibration_subsets(schema);
  const WorkProgress trust_progress = parts.next(work.trust);
  if (request.trust && schema.modality_count() > 1)
    out.trust = fit_trust(model, held_out, all, trust_progress);
  if (!request.temperatures) return out;

  Predictor predictor(with_trust(model, out.trust), default_predictor_options());
  const auto rows = rows_by_key(
      collect_predictions(predictor, held_out, all, parts.next(work.predictions)), all, schema);
  const WorkProgress temperatures_progress = parts.next(work.temperatures);
  WorkParts temperatures(temperatures_progress, static_cast<double>(rows.size()));
  for (const ModalitySubset& condition : all) {
    const TemperatureKey key = temperature_key(schema, condition.mask);
    const auto found = rows.find(key);
    const bool done = std::any_of(out.temperatures.begin(), out.temperatures.end(),
                                  [&](const auto& entry) { return entry.first == key; });
    if (done || found == rows.end()) continue;
    out.temperatures.emplace_back(key, best_temperature(found->second, temperatures.next(1)));
  }
  return out;
}

}  // namespace casd
