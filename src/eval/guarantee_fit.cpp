#include "eval/guarantee_fit.h"

#include "eval/conformal.h"
#include "eval/output_variance.h"
#include "model/modality_count.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace casd {
namespace {

constexpr std::size_t most_law_rows = 16384;  // of the fit of a regression's variance

/// All samples, or an even selection of them.
std::vector<const Sample*> evenly_chosen(Span<const Sample* const> samples, bool labelled) {
  std::vector<const Sample*> out;
  for (const Sample* sample : samples)
    if (!labelled || !sample->target.empty()) out.push_back(sample);
  const std::size_t count = out.size();
  if (count <= most_guarantee_samples) return out;
  for (std::size_t i = 0; i < most_guarantee_samples; ++i)
    out[i] = out[i * count / most_guarantee_samples];
  out.resize(most_guarantee_samples);
  return out;
}

/// A labelled sample under one set of modalities, for a regression.
struct LawRow {
  TemperatureKey key;
  std::vector<double> residual;  // [outputs] standardised
  std::vector<double> term;      // [outputs, modalities]
};

/// The sets of modalities under which sample number `i` counts. Above six modalities a key is a number
/// of modalities; then each sample counts once for each number, under a window of neighbours.
std::vector<ModalityMask> sets_of(const Schema& schema, std::size_t i) {
  std::vector<ModalityMask> out;
  const auto count = static_cast<unsigned>(schema.modality_count());
  if (temperatures_by_mask(schema)) {
    for (ModalityMask mask = 1; mask <= schema.all(); ++mask) out.push_back(mask);
    return out;
  }
  for (unsigned size = 1; size <= count; ++size) {
    ModalityMask mask = 0;
    for (unsigned k = 0; k < size; ++k) mask |= ModalityMask{1} << (i + k) % count;
    out.push_back(mask);
  }
  return out;
}

/// A row of a prediction with all modalities of `mask`.
struct HeldOutRow {
  const Predictor& predictor;
  const EvidenceTable& evidence;
  Prediction& prediction;
  std::int64_t row;
  const Sample& sample;
  ModalityMask mask;

  Span<float> field(casd_field field) const { return prediction.row(field, row); }
};

/// Calls use(HeldOutRow) for each sample and each of its sets of modalities, all of which it has, if
/// the row has a result.
template <class Use>
void for_each_row(const ModelPtr& model, Span<const Sample* const> samples, int threads,
                  const WorkProgress& progress, Use use) {
  const Schema& schema = model->schema();
  casd_predictor_options options = default_predictor_options();
  options.threads = threads;
  const Predictor predictor(model, options);
  // By mask all samples have the same sets; else a window comes again after this number of samples.
  const std::size_t kinds = temperatures_by_mask(schema) ? 1 : schema.modalities.size();
  Prediction prediction;
  EvidenceTable evidence;
  for (std::size_t first = 0; first < samples.size(); first += chunk_samples) {
    const auto part = samples.subspan(first, std::min(chunk_samples, samples.size() - first));
    predictor.encode(evidence, part, schema.all(), true);
    for (std::size_t kind = 0; kind < std::min(kinds, part.size()); ++kind)
      for (const ModalityMask mask : sets_of(schema, kind)) {
        predictor.predict_from_evidence(prediction, evidence, mask);
        for (std::size_t i = kind; i < part.size(); i += kinds) {
          const auto row = static_cast<std::int64_t>(i);
          if ((part[i]->given & mask) == mask && prediction.row_status(row) == CASD_OK)
            use(HeldOutRow{predictor, evidence, prediction, row, *part[i], mask});
        }
      }
    report(progress, first + part.size(), samples.size());
  }
}

/// U_F by key, and V_m by modality.
void add_uncertainties(std::map<std::uint32_t, HeldOutResults>& results,
                       std::vector<std::vector<float>>& variance, const ModelPtr& model,
                       Span<const Sample* const> samples, int threads,
                       const WorkProgress& progress) {
  for_each_row(model, samples, threads, progress, [&](const HeldOutRow& row) {
    results[temperature_key(model->schema(), row.mask)].uncertainty.push_back(
        row.field(CASD_FIELD_UNCERTAINTY)[0]);
    if (modality_count(row.mask) != 1) return;  // V_m depends on its modality alone
    const Span<float> all = row.field(CASD_FIELD_MODALITY_VARIANCE);
    for (std::size_t m = 0; m < variance.size(); ++m)
      if (row.mask >> m & 1u) variance[m].push_back(all[m]);
  });
}

PatternCounts patterns(const Schema& schema, Span<const Sample* const> samples) {
  std::map<std::uint32_t, std::int64_t> counts;
  for (const Sample* sample : samples) ++counts[temperature_key(schema, sample->given)];
  return {counts.begin(), counts.end()};
}

std::vector<LawRow> law_rows(const ModelPtr& model, Span<const Sample* const> samples, int threads,
                             const WorkProgress& progress) {
  std::vector<LawRow> rows;
  const Schema& schema = model->schema();
  const Span<const float> scale = model->tensor(model->layout().target->deviation);
  for_each_row(model, samples, threads, progress, [&](const HeldOutRow& from) {
    LawRow to{temperature_key(schema, from.mask), {}, {}};
    const Span<float> value = from.field(CASD_FIELD_VALUE);
    for (std::size_t k = 0; k < value.size(); ++k)
      to.residual.push_back(static_cast<double>(from.sample.target[k] - value[k]) /
                            static_cast<double>(scale[k]));
    to.term.resize(value.size() * schema.modalities.size());
    from.predictor.variance_terms(from.evidence, from.row, from.mask, to.term.data());
    rows.push_back(std::move(to));
  });
  return rows;
}

OutputVariance fit_law(const std::vector<LawRow>& rows, std::size_t output, std::size_t modalities,
                       const WorkProgress& progress) {
  std::vector<double> square, term;
  const std::size_t step = (rows.size() + most_law_rows - 1) / most_law_rows;
  for (std::size_t i = 0; i < rows.size(); i += step) {
    square.push_back(rows[i].residual[output] * rows[i].residual[output]);
    const auto begin = rows[i].term.begin() + static_cast<std::ptrdiff_t>(output * modalities);
    term.insert(term.end(), begin, begin + static_cast<std::ptrdiff_t>(modalities));
  }
  return fit_output_variance(square, term, modalities, progress);
}

/// The law of each output. Adds the scores: residuals divided by the standard deviation.
std::vector<OutputVariance> add_residuals(std::map<std::uint32_t, HeldOutResults>& results,
                                          const std::vector<LawRow>& rows, const Schema& schema,
                                          const WorkProgress& progress) {
  const std::size_t outputs = schema.outputs.size(), modalities = schema.modalities.size();
  WorkParts parts(progress, static_cast<double>(outputs));
  std::vector<OutputVariance> out;
  for (std::size_t k = 0; k < outputs; ++k) {
    const OutputVariance law = fit_law(rows, k, modalities, parts.next(1));
    for (const LawRow& row : rows) {
      double variance = law.floor;
      for (std::size_t m = 0; m < modalities; ++m)
        variance += law.factor[m] * row.term[k * modalities + m];
      HeldOutResults& to = results[row.key];
      to.scores.resize(outputs);
      to.scores[k].push_back(static_cast<float>(std::fabs(row.residual[k]) / std::sqrt(variance)));
    }
    out.push_back(law);
  }
  return out;
}

}  // namespace

ModelPtr with_guarantees(const ModelPtr& model, Span<const Sample* const> held_out, int threads,
                         const WorkProgress& progress) {
  const Schema& schema = model->schema();
  Calibration calibration = model->calibration();
  calibration.guarantees = {};
  const std::vector<const Sample*> labelled = evenly_chosen(held_out, true);
  if (labelled.empty()) return std::make_shared<const Model>(model->with_calibration(calibration));

  constexpr double pass_work = 4, laws_work = 1, tables_work = 1;
  WorkParts parts(progress, 2 * pass_work + laws_work + tables_work);
  const WorkProgress labelled_progress = parts.next(pass_work);
  const WorkProgress laws_progress = parts.next(laws_work);
  std::map<std::uint32_t, HeldOutResults> results;
  std::vector<OutputVariance> laws;
  if (schema.task == CASD_TASK_REGRESSION)
    laws = add_residuals(results, law_rows(model, labelled, threads, labelled_progress), schema,
                         laws_progress);
  else
    for_each_row(model, labelled, threads, labelled_progress, [&](const HeldOutRow& row) {
      add_result(results[temperature_key(schema, row.mask)], schema.task,
                 row.field(CASD_FIELD_PROBABILITIES), row.sample.target);
    });
  const std::vector<const Sample*> all = evenly_chosen(held_out, false);
  std::vector<std::vector<float>> variance(schema.modalities.size());
  add_uncertainties(results, variance, model, all, threads, parts.next(pass_work));
  for (auto& [key, of_key] : results) {
    of_key.scores.resize(Guarantees::score_tables(schema));
    of_key.decisions.resize(Guarantees::decision_tables(schema));
  }
  calibration.guarantees = guarantees(results, variance, parts.next(tables_work));
  calibration.guarantees.patterns = patterns(schema, all);
  calibration.guarantees.output_variance = std::move(laws);
  return std::make_shared<const Model>(model->with_calibration(std::move(calibration)));
}

}  // namespace casd
