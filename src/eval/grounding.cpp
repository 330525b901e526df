#include "eval/grounding.h"

#include "data/statistics.h"
#include "eval/fusion_fit.h"
#include "eval/guarantee_fit.h"
#include "eval/linear_expert.h"
#include "method/fusion.h"
#include "predict/frame_pooling.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

/// Pooled frames up to this size are kept; beyond it they are computed again by every pass.
constexpr std::size_t most_cached_numbers = std::size_t{1} << 23;
/// Most held-out samples of the fusion's fit; of more an even selection is taken.
constexpr std::size_t most_fitted = 8192;
/// Frames are pooled in parts of so many samples.
constexpr std::size_t pooled_samples = 512;

FrameSequence sequence(const Sample& sample, const Schema& schema, std::int32_t m) {
  return {sample.frames[static_cast<std::size_t>(m)].data(), sample.steps(schema, m)};
}

bool has(const Sample& sample, std::int32_t m) { return sample.given >> m & 1u; }

/// The targets of a sample as the experts and the fit learn them.
void append_target(std::vector<double>& out, const Model& model, const Sample& sample) {
  const bool regression = model.schema().task == CASD_TASK_REGRESSION;
  for (std::size_t k = 0; k < sample.target.size(); ++k) {
    double value = static_cast<double>(sample.target[k]);
    if (regression) {
      const TargetPlaces& places = *model.layout().target;
      value = (value - static_cast<double>(model.tensor(places.mean)[k])) /
              static_cast<double>(model.tensor(places.deviation)[k]);
    }
    out.push_back(value);
  }
}

/// Rows of the labelled samples that have the modality.
ExpertRows expert_rows(const Model& model, std::int32_t m, Span<const Sample* const> samples,
                       const WorkProgress& progress) {
  std::vector<const Sample*> chosen;
  ExpertRows out;
  for (const Sample* sample : samples)
    if (has(*sample, m) && !sample->target.empty()) {
      chosen.push_back(sample);
      append_target(out.target, model, *sample);
    }
  const std::size_t width =
      3 * static_cast<std::size_t>(model.schema().modalities[static_cast<std::size_t>(m)].features);
  out.count = chosen.size();
  out.width = width;
  const auto pool = [&model, m, width, chosen](std::size_t first, std::size_t rows, double* to) {
    FramePooling pooling;
    for (std::size_t i = 0; i < rows; ++i, to += width) {
      pooling.pool(model, m, sequence(*chosen[first + i], model.schema(), m));
      std::copy(pooling.values().begin(), pooling.values().end(), to);
    }
  };
  if (chosen.empty() || chosen.size() * width > most_cached_numbers) {
    out.read = pool;
    return out;
  }
  std::vector<double> all(chosen.size() * width);
  for (std::size_t first = 0; first < chosen.size(); first += pooled_samples) {
    const std::size_t size = std::min(pooled_samples, chosen.size() - first);
    pool(first, size, all.data() + first * width);
    report(progress, first + size, chosen.size());
  }
  out.read = [all = std::move(all), width](std::size_t first, std::size_t rows, double* to) {
    std::copy_n(all.data() + first * width, rows * width, to);
  };
  return out;
}

void put(std::vector<float>& values, const TensorPlace& place, const std::vector<double>& numbers) {
  std::transform(numbers.begin(), numbers.end(), values.begin() + place.offset,
                 [](double number) { return static_cast<float>(number); });
}

/// The work of fit_experts() and strength_shares() for each sample, in the unit of encode_work.
constexpr double experts_work = 20, shares_work = 10;
/// The work of fit_linear_maps() for each modality.
double maps_work(Span<const Sample* const> train, Span<const Sample* const> held_out) {
  return (1 + experts_work) * static_cast<double>(train.size()) +
         (1 + shares_work) * static_cast<double>(held_out.size());
}

void fit_linear_maps(std::vector<float>& values, const Model& model,
                     Span<const Sample* const> train, Span<const Sample* const> held_out,
                     bool balance_classes, const WorkProgress& progress) {
  const Schema& schema = model.schema();
  ExpertTask task{schema.task, static_cast<std::size_t>(schema.logit_count()), {}, false};
  // With two classes both maps have the same direction.
  task.discriminant = schema.task == CASD_TASK_CLASSES && task.columns > 2;
  if (schema.task == CASD_TASK_CLASSES && balance_classes) {
    const std::vector<float> weights = balanced_class_weights(schema, train);
    task.class_weight.assign(weights.begin(), weights.end());
  }
  const auto learned = static_cast<double>(train.size());
  const auto shared = static_cast<double>(held_out.size());
  WorkParts parts(progress, maps_work(train, held_out) * schema.modality_count());
  for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
    const WorkProgress read = parts.next(learned), fit = parts.next(experts_work * learned),
                       read_held_out = parts.next(shared), share = parts.next(shares_work * shared);
    const ExpertRows rows = expert_rows(model, m, train, read);
    if (rows.count == 0) continue;  // the map stays 0
    const LinearExperts experts = fit_experts(rows, task, fit);
    const LinearMap map =
        fold(experts,
             strength_shares(experts, expert_rows(model, m, held_out, read_held_out), task, share));
    const LinearPlaces& places = *model.layout().modalities[static_cast<std::size_t>(m)].linear;
    put(values, places.weight, map.weight);
    put(values, places.bias, map.bias);
  }
}

/// Linear interpolation between the neighbouring order statistics; `values` is not empty.
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

/// Energies and changes of the samples that have the modality.
struct InputSpread {
  InputSpread(const Model& model, std::int32_t m, Span<const Sample* const> samples,
              const WorkProgress& progress) {
    FramePooling pooling;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (i % pooled_samples == 0) report(progress, i, samples.size());
      const Sample& sample = *samples[i];
      if (!has(sample, m)) continue;
      const InputStatistics<double> s = pooling.pool(model, m, sequence(sample, model.schema(), m));
      energy.push_back(s.energy);
      if (s.has_change) change.push_back(s.change);
    }
  }
  std::vector<double> energy, change;
};

/// Returns the typical change of each modality, on `train`, or on `held_out` without samples there.
std::vector<double> fit_guards(std::vector<float>& values, const Model& model,
                               Span<const Sample* const> train, Span<const Sample* const> held_out,
                               const WorkProgress& progress) {
  constexpr double loud = 0.95, still = 0.01, cap = 1;
  WorkParts parts(progress, static_cast<double>(train.size() + held_out.size()) *
                                model.schema().modality_count());
  std::vector<double> typical;
  for (std::int32_t m = 0; m < model.schema().modality_count(); ++m) {
    double most_energy = 0, least_change = 0;
    typical.push_back(0);
    for (const Span<const Sample* const> samples : {train, held_out}) {
      const InputSpread spread(model, m, samples, parts.next(static_cast<double>(samples.size())));
      if (!spread.energy.empty())
        most_energy = std::max(most_energy, quantile(spread.energy, loud));
      if (spread.change.empty()) continue;
      if (typical.back() == 0) typical.back() = std::min(quantile(spread.change, 0.5), most_change);
      const double least = quantile(spread.change, still) / 2;
      least_change = least_change == 0 ? least : std::min(least_change, least);
    }
    put(values, *model.layout().modalities[static_cast<std::size_t>(m)].guard,
        {most_energy, least_change, cap});
  }
  return typical;
}

/// Whether the guard was fitted before.
bool has_guard(const Model& model) {
  for (const ModalityPlaces& modality : model.layout().modalities)
    if (model.tensor(*modality.guard)[0] > 0) return true;
  return false;
}

ModelPtr with_values(const Model& model, std::vector<float> values) {
  return std::make_shared<const Model>(model.shared_layout(), std::move(values),
                                       model.calibration(), model.user(), model.trained());
}

/// An even selection of the labelled samples.
std::vector<const Sample*> fitted_samples(Span<const Sample* const> samples) {
  std::vector<const Sample*> labelled;
  for (const Sample* sample : samples)
    if (!sample->target.empty()) labelled.push_back(sample);
  if (labelled.size() <= most_fitted) return labelled;
  std::vector<const Sample*> out;
  for (std::size_t i = 0; i < most_fitted; ++i)
    out.push_back(labelled[i * labelled.size() / most_fitted]);
  return out;
}

/// Collects the evidence of samples in the form of the fit.
class EvidenceCollector {
 public:
  explicit EvidenceCollector(const Model& model)
      : model_(model),
        modalities_(static_cast<std::size_t>(model.schema().modality_count())),
        hidden_(static_cast<std::size_t>(model.options().hidden)),
        columns_(static_cast<std::size_t>(model.schema().logit_count())) {
    evidence.task = model.schema().task;
    evidence.modalities = model.schema().modality_count();
    evidence.hidden = hidden_;
    evidence.columns = columns_;
    const auto copy = [&](const TensorPlace& place, std::vector<double>& out) {
      const Span<const float> values = model.tensor(place);
      out.assign(values.begin(), values.end());
    };
    copy(model.layout().classifier.weight, evidence.classifier_weight);
    copy(model.layout().classifier.bias, evidence.classifier_bias);
  }

  void add(const EvidenceTable& table, Span<const Sample* const> samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!is_finite(table, i)) continue;
      evidence.given.push_back(table.given[i]);
      append_target(evidence.target, model_, *samples[i]);
      for (std::size_t m = 0; m < modalities_; ++m) add_modality(table, i, m);
    }
  }

  HeldOutEvidence evidence;

 private:
  const float* nig(const Floats& table, std::size_t i, std::size_t m) const {
    return table.data() + (i * modalities_ + m) * 4 * hidden_;
  }

  bool is_finite(const EvidenceTable& table, std::size_t i) const {
    for (std::size_t m = 0; m < modalities_; ++m) {
      if (!(table.given[i] >> m & 1u)) continue;
      const float* values = nig(table.present, i, m);
      if (!std::all_of(values, values + 4 * hidden_, [](float v) { return std::isfinite(v); }))
        return false;
    }
    return true;
  }

  void add_modality(const EvidenceTable& table, std::size_t i, std::size_t m) {
    const std::size_t cell = i * modalities_ + m;
    const bool given = table.given[i] >> m & 1u;
    const GuardFactors<float> guard =
        given && !table.guard.empty() ? table.guard[cell] : GuardFactors<float>{};
    add_law(given ? nig(table.present, i, m) : nullptr, guard.weight, evidence.location,
            evidence.weight);
    if (!table.zeros.empty())
      add_law(nig(table.zeros, i, m), 1, evidence.absent_location, evidence.absent_weight);
    for (std::size_t k = 0; k < columns_; ++k)
      evidence.linear.push_back(
          given ? static_cast<double>(guard.linear * table.linear[cell * columns_ + k]) : 0);
  }

  /// `values`: [4, hidden], or NULL for zeros.
  void add_law(const float* values, float factor, std::vector<double>& location,
               std::vector<double>& weight) const {
    for (std::size_t j = 0; j < hidden_; ++j) {
      NormalInverseGamma<float> law{};
      if (values)
        law = {values[j], values[hidden_ + j], values[2 * hidden_ + j], values[3 * hidden_ + j]};
      location.push_back(static_cast<double>(law.gamma));
      weight.push_back(
          values ? static_cast<double>(factor * fusion_weight(law, model_.options().weights)) : 0);
    }
  }

  const Model& model_;
  const std::size_t modalities_, hidden_, columns_;
};

/// The work of with_law() for each sample.
double fusion_work(const Schema& schema) {
  return expected_evaluations * static_cast<double>(modality_subsets(schema).size()) / 2;
}

/// The model with trust, contributions and temperatures.
FittedModel with_law(const ModelPtr& model, Span<const Sample* const> held_out, int threads,
                     const WorkProgress& progress) {
  const double fusion = fusion_work(model->schema());
  WorkParts parts(progress, encode_work + fusion);
  casd_predictor_options options = default_predictor_options();
  options.threads = threads;
  Predictor predictor(model, options);
  const std::vector<const Sample*> samples = fitted_samples(held_out);
  const EncodedSamples encoded = encode_samples(predictor, samples, parts.next(encode_work));
  EvidenceCollector collector(*model);
  std::size_t first = 0;
  for (const EvidenceTable& chunk : encoded.chunks) {
    const auto size = static_cast<std::size_t>(chunk.samples);
    collector.add(chunk, Span<const Sample* const>(samples).subspan(first, size));
    first += size;
  }
  FusionFit fit = fit_fusion(collector.evidence, parts.next(fusion));
  return {
      std::make_shared<const Model>(model->with_calibration(
          {std::move(fit.temperatures), std::move(fit.trust), std::move(fit.contribution), {}})),
      collector.evidence.count()};
}

CalibrationRequest calibration_request(const FitRequest& request) {
  CalibrationRequest out;
  out.temperatures = request.temperatures;
  out.trust = request.trust;
  out.threads = request.threads;
  return out;
}

/// The model with what its options ask for of trust, contributions and temperatures.
FittedModel with_calibration(const ModelPtr& model, Span<const Sample* const> held_out,
                             const FitRequest& request, const WorkProgress& progress) {
  if (model->options().linear != 0) return with_law(model, held_out, request.threads, progress);
  const bool fits = request.temperatures || request.trust;
  if (held_out.empty() || !fits) return {model, 0};
  Calibration found = fit_calibration(model, held_out, calibration_request(request), progress);
  const std::size_t samples = found.temperatures.empty() ? 0 : held_out.size();
  return {std::make_shared<const Model>(model->with_calibration(std::move(found))), samples};
}

/// The work of the parts of fit_after_training(), in the unit of encode_work.
struct FitWork {
  double maps = 0, guards = 0, calibration = 0, guarantees = 0;
};

FitWork work_of(const Model& model, Span<const Sample* const> train,
                Span<const Sample* const> held_out, const FitRequest& request, bool maps,
                bool guards) {
  const Schema& schema = model.schema();
  const auto at_most = [&](std::size_t most) {
    return static_cast<double>(std::min(held_out.size(), most));
  };
  FitWork out;
  if (maps) out.maps = maps_work(train, held_out) * schema.modality_count();
  if (guards)
    out.guards = static_cast<double>(train.size() + held_out.size()) * schema.modality_count();
  out.calibration = model.options().linear != 0
                        ? at_most(most_fitted) * (encode_work + fusion_work(schema))
                        : static_cast<double>(held_out.size()) *
                              calibration_work(schema, calibration_request(request));
  out.guarantees = at_most(most_guarantee_samples) * 2 *
                   (encode_work + static_cast<double>(modality_subsets(schema).size()));
  return out;
}

}  // namespace

FittedModel fit_after_training(const ModelPtr& model, Span<const Sample* const> train,
                               Span<const Sample* const> held_out, const FitRequest& request,
                               const EvaluationProgress& progress) {
  const casd_model_options& options = model->options();
  ModelPtr fitted = model;
  std::vector<double> change = model->calibration().change;
  const bool maps = options.linear != 0 && !train.empty();
  const bool guards = options.input_guard != 0 && (!train.empty() || !has_guard(*model));
  const FitWork work = work_of(*model, train, held_out, request, maps, guards);
  const double total = std::max(work.maps + work.guards + work.calibration + work.guarantees, 1.0);
  WorkProgress whole;
  double reached = 0;
  if (progress)
    whole = [&](double share) {
      reached = share;
      progress(static_cast<std::int64_t>(share * total), static_cast<std::int64_t>(total));
    };
  WorkParts parts(whole, total);
  const WorkProgress maps_progress = parts.next(work.maps),
                     guards_progress = parts.next(work.guards);
  if (options.linear != 0 || options.input_guard != 0) {
    std::vector<float> values(model->values().begin(), model->values().end());
    if (maps)
      fit_linear_maps(values, *model, train, held_out, request.balance_classes, maps_progress);
    if (guards) change = fit_guards(values, *model, train, held_out, guards_progress);
    fitted = with_values(*model, std::move(values));
  }
  FittedModel out = with_calibration(fitted, held_out, request, parts.next(work.calibration));
  Calibration calibration = out.model->calibration();
  calibration.change = std::move(change);
  out.model = std::make_shared<const Model>(out.model->with_calibration(std::move(calibration)));
  if (out.samples > 0)
    out.model = with_guarantees(out.model, held_out, request.threads, parts.next(work.guarantees));
  if (reached < 1) report(whole, 1, 1);
  return out;
}

}  // namespace casd
