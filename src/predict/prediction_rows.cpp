#include "predict/prediction_rows.h"

#include "method/fusion.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

void soft_max(const float* logits, std::int64_t count, double temperature, float* out) {
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  for (std::int64_t i = 0; i < count; ++i)
    largest = std::max(largest, static_cast<double>(logits[i]));
  for (std::int64_t i = 0; i < count; ++i)
    total += std::exp((static_cast<double>(logits[i]) - largest) / temperature);
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = static_cast<float>(std::exp((static_cast<double>(logits[i]) - largest) / temperature) /
                                total);
}

/// logits [K] = weight [K, hidden] representation + bias.
void classify(Span<const float> representation, Span<const float> weight, Span<const float> bias,
              Span<float> logits) {
  const float* row = weight.data();
  for (std::size_t k = 0; k < logits.size(); ++k, row += representation.size()) {
    float sum = bias[k];
    for (std::size_t i = 0; i < representation.size(); ++i) sum += row[i] * representation[i];
    logits[k] = sum;
  }
}

bool all_finite(const float* values, std::int64_t count) {
  bool finite = true;  // no branch, so that the loop can be vectorised
  for (std::int64_t i = 0; i < count; ++i)
    finite &= std::abs(values[i]) <= std::numeric_limits<float>::max();
  return finite;
}

/// Checks the fields of every task. Probabilities and confidence are finite if the logits are.
bool has_finite_results(Prediction& prediction, std::int64_t row) {
  for (const casd_field field :
       {CASD_FIELD_LOGITS, CASD_FIELD_VALUE, CASD_FIELD_UNCERTAINTY, CASD_FIELD_DISAGREEMENT,
        CASD_FIELD_REPRESENTATION, CASD_FIELD_SCALE, CASD_FIELD_DEGREES_OF_FREEDOM}) {
    const Span<float> values = prediction.row(field, row);
    if (!all_finite(values.data(), static_cast<std::int64_t>(values.size()))) return false;
  }
  return true;
}

void clear_row(Prediction& prediction, std::int64_t row, casd_status status) {
  for (casd_field field = 0; field < field_count; ++field)
    for (float& value : prediction.row(field, row)) value = missing;
  prediction.set_row_status(row, status);
}

}  // namespace

PredictionRows::PredictionRows(const Model& model, double coverage, double error_rate)
    : model_(model),
      hidden_(model.options().hidden),
      modalities_(model.schema().modality_count()),
      logits_(model.schema().logit_count()),
      weight_(model.tensor(model.layout().classifier.weight)),
      bias_(model.tensor(model.layout().classifier.bias)),
      guarantees_(model, coverage, error_rate) {
  for (std::int32_t m = 0; m < modalities_; ++m) {
    trust_.push_back(static_cast<float>(model.trust(m)));
    contribution_.push_back(static_cast<float>(model.contribution(m)));
  }
  if (model.schema().task == CASD_TASK_REGRESSION) {
    target_mean_ = model.tensor(model.layout().target->mean);
    target_std_ = model.tensor(model.layout().target->deviation);
    for (const OutputVariance& law : model.calibration().guarantees.output_variance) {
      variance_floor_.push_back(static_cast<float>(law.floor));
      for (const double factor : law.factor) variance_factor_.push_back(static_cast<float>(factor));
    }
  }
}

PredictionRows::Inputs PredictionRows::inputs(const EvidenceTable& evidence, std::int64_t row,
                                              ModalityMask participating) const {
  const casd_model_options& rules = model_.options();
  const bool zeros = rules.absent == CASD_ABSENT_ZEROS;
  const bool linear = rules.linear != 0, guarded = rules.input_guard != 0;
  Inputs out;
  for (std::int32_t m = 0; m < modalities_; ++m) {
    const bool given = participating >> m & 1u;
    if (!given && !zeros) continue;
    const Floats& table = given ? evidence.present : evidence.zeros;
    out.modality[out.count] = m;
    const auto k = static_cast<std::size_t>(out.count++), at = static_cast<std::size_t>(m);
    const std::int64_t cell = row * modalities_ + m;
    out.nig[k] = table.data() + cell * 4 * hidden_;
    // With a linear path trust was fitted on held-out samples and also divides the variance.
    out.factors[k] = {trust_[at], linear ? 1 / trust_[at] : 1};
    out.linear[k] = given && linear ? evidence.linear.data() + cell * logits_ : nullptr;
    out.contribution[k] = contribution_[at];
    out.guard[k] = 1;
    if (!given || !guarded) continue;
    const GuardFactors<float>& guard = evidence.guard[static_cast<std::size_t>(cell)];
    out.factors[k].weight *= guard.weight;
    out.factors[k].variance *= guard.variance * guard.noise;
    out.contribution[k] *= guard.linear;
    out.guard[k] = guard.variance;
  }
  return out;
}

void PredictionRows::fill(Prediction& prediction, const EvidenceTable& evidence, std::int64_t row,
                          ModalityMask participating) const {
  prediction.set_participating(row, participating);
  clear_row(prediction, row, participating ? CASD_OK : CASD_ERROR_STATE);
  if (!participating) return;
  const Inputs fused = inputs(evidence, row, participating);
  // Checked before the fusion, which would hide the overflow of a modality with weight 0.
  if (!has_finite_evidence(fused)) return clear_row(prediction, row, CASD_ERROR_NUMERIC);
  fuse_row(prediction, row, fused);
  classify_row(prediction, row, fused, participating);
  guarantees_.fill(prediction, row, participating);
  if (!has_finite_results(prediction, row)) clear_row(prediction, row, CASD_ERROR_NUMERIC);
}

bool PredictionRows::has_finite_evidence(const Inputs& inputs) const {
  for (std::int32_t k = 0; k < inputs.count; ++k)
    if (!all_finite(inputs.nig[k], 4 * hidden_)) return false;
  return true;
}

FusedLaw<float> PredictionRows::fuse_dimension(const Inputs& inputs, std::int64_t i,
                                               NormalInverseGamma<float>* law,
                                               float* weight) const {
  const casd_model_options& rules = model_.options();
  for (std::int32_t k = 0; k < inputs.count; ++k) {
    const float* nig = inputs.nig[k];
    law[k] = {nig[i], nig[hidden_ + i], nig[2 * hidden_ + i], nig[3 * hidden_ + i]};
  }
  return fuse(law, inputs.count, {rules.weights, rules.fused_variance}, inputs.factors, weight);
}

void PredictionRows::fused_variance(const EvidenceTable& evidence, std::int64_t row,
                                    ModalityMask participating, float* out) const {
  const Inputs fused = inputs(evidence, row, participating);
  NormalInverseGamma<float> law[CASD_MAX_MODALITIES];
  float weight[CASD_MAX_MODALITIES];
  for (std::int64_t i = 0; i < hidden_; ++i)
    out[i] = fuse_dimension(fused, i, law, weight).variance;
}

void PredictionRows::variance_terms(const EvidenceTable& evidence, std::int64_t row,
                                    ModalityMask participating, double* out) const {
  const Inputs fused = inputs(evidence, row, participating);
  std::fill_n(out, logits_ * modalities_, 0.0);
  NormalInverseGamma<float> law[CASD_MAX_MODALITIES];
  float weight[CASD_MAX_MODALITIES];
  for (std::int64_t i = 0; i < hidden_; ++i) {
    fuse_dimension(fused, i, law, weight);
    for (std::int32_t m = 0; m < fused.count; ++m) {
      const float variance = weight[m] * weight[m] * fused.factors[m].variance * law[m].variance();
      for (std::int64_t k = 0; k < logits_; ++k) {
        const float w = weight_[static_cast<std::size_t>(k * hidden_ + i)];
        out[k * modalities_ + fused.modality[m]] += static_cast<double>(w * w * variance);
      }
    }
  }
}

/// Adds what dimension i contributes to the variance of each output.
void PredictionRows::add_variance(Span<float> variance, std::int64_t i, const Inputs& inputs,
                                  const NormalInverseGamma<float>* law, const float* weight) const {
  for (std::size_t k = 0; k < variance.size(); ++k) {
    const float* factor = variance_factor_.data() + k * static_cast<std::size_t>(modalities_);
    float sum = 0;
    for (std::int32_t m = 0; m < inputs.count; ++m)
      sum += factor[inputs.modality[m]] * weight[m] * weight[m] * inputs.factors[m].variance *
             law[m].variance();
    const float w = weight_[k * static_cast<std::size_t>(hidden_) + static_cast<std::size_t>(i)];
    variance[k] += w * w * sum;
  }
}

void PredictionRows::fuse_row(Prediction& prediction, std::int64_t row,
                              const Inputs& inputs) const {
  // Means over dimensions in double, so that a wide model does not lose precision.
  double uncertainty = 0, disagreement = 0;
  struct Means {
    double variance, aleatoric, epistemic, degrees_of_freedom, weight;
  } means[CASD_MAX_MODALITIES] = {};
  const Span<float> location = prediction.row(CASD_FIELD_REPRESENTATION, row);
  const Span<float> scale = prediction.row(CASD_FIELD_SCALE, row);
  const Span<float> degrees = prediction.row(CASD_FIELD_DEGREES_OF_FREEDOM, row);
  const Span<float> deviation = prediction.row(CASD_FIELD_STANDARD_DEVIATION, row);
  const bool has_deviation = !variance_floor_.empty();
  if (has_deviation) std::copy(variance_floor_.begin(), variance_floor_.end(), deviation.begin());
  for (std::int64_t i = 0; i < hidden_; ++i) {
    NormalInverseGamma<float> law[CASD_MAX_MODALITIES];
    float weight[CASD_MAX_MODALITIES];
    const FusedLaw<float> fused = fuse_dimension(inputs, i, law, weight);
    const auto at = static_cast<std::size_t>(i);
    location[at] = fused.location;
    scale[at] = std::sqrt(fused.squared_scale);
    degrees[at] = fused.degrees_of_freedom;
    if (has_deviation) add_variance(deviation, i, inputs, law, weight);
    uncertainty += static_cast<double>(fused.variance);
    disagreement += static_cast<double>(fused.disagreement);
    for (std::int32_t k = 0; k < inputs.count; ++k) {
      const auto factor = static_cast<double>(inputs.factors[k].variance);
      means[k].variance += factor * static_cast<double>(law[k].variance());
      means[k].aleatoric += factor * static_cast<double>(law[k].aleatoric());
      means[k].epistemic += factor * static_cast<double>(law[k].epistemic());
      means[k].degrees_of_freedom += static_cast<double>(law[k].degrees_of_freedom());
      means[k].weight += static_cast<double>(weight[k]);
    }
  }
  const auto mean = [&](double sum) {
    return static_cast<float>(sum / static_cast<double>(hidden_));
  };
  prediction.row(CASD_FIELD_UNCERTAINTY, row)[0] = mean(uncertainty);
  prediction.row(CASD_FIELD_DISAGREEMENT, row)[0] = mean(disagreement);
  for (std::int32_t k = 0; k < inputs.count; ++k) {
    const auto m = static_cast<std::size_t>(inputs.modality[k]);
    prediction.row(CASD_FIELD_MODALITY_VARIANCE, row)[m] = mean(means[k].variance);
    prediction.row(CASD_FIELD_MODALITY_ALEATORIC, row)[m] = mean(means[k].aleatoric);
    prediction.row(CASD_FIELD_MODALITY_EPISTEMIC, row)[m] = mean(means[k].epistemic);
    prediction.row(CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM, row)[m] =
        mean(means[k].degrees_of_freedom);
    prediction.row(CASD_FIELD_MODALITY_WEIGHT, row)[m] = mean(means[k].weight);
    prediction.row(CASD_FIELD_MODALITY_GUARD, row)[m] = inputs.guard[k];
  }
}

void PredictionRows::classify_row(Prediction& prediction, std::int64_t row, const Inputs& inputs,
                                  ModalityMask participating) const {
  const Schema& schema = model_.schema();
  const Span<float> logits = prediction.row(CASD_FIELD_LOGITS, row);
  classify(prediction.row(CASD_FIELD_REPRESENTATION, row), weight_, bias_, logits);
  for (std::int32_t m = 0; m < inputs.count; ++m)
    if (inputs.linear[m])
      for (std::size_t k = 0; k < logits.size(); ++k)
        logits[k] += inputs.contribution[m] * inputs.linear[m][k];
  if (schema.task == CASD_TASK_REGRESSION) {
    const Span<float> value = prediction.row(CASD_FIELD_VALUE, row);
    for (std::size_t k = 0; k < value.size(); ++k)
      value[k] = logits[k] * target_std_[k] + target_mean_[k];
    const Span<float> deviation = prediction.row(CASD_FIELD_STANDARD_DEVIATION, row);
    for (std::size_t k = 0; k < value.size(); ++k)  // NaN without a law
      deviation[k] = std::sqrt(deviation[k]) * target_std_[k];
    return;
  }
  const auto outputs = static_cast<std::int64_t>(schema.outputs.size());
  const double temperature = model_.temperature(participating);
  const Span<float> probability = prediction.row(CASD_FIELD_PROBABILITIES, row);
  float& confidence = prediction.row(CASD_FIELD_CONFIDENCE, row)[0];
  if (schema.task == CASD_TASK_CLASSES) {
    soft_max(logits.data(), outputs, temperature, probability.data());
    confidence = *std::max_element(probability.begin(), probability.end());
    return;
  }
  double larger = 0;  // of each pair, summed
  for (std::int64_t k = 0; k < outputs; ++k) {
    float pair[2];
    soft_max(logits.data() + 2 * k, 2, temperature, pair);
    probability[static_cast<std::size_t>(k)] = pair[1];
    larger += static_cast<double>(std::max(pair[0], pair[1]));
  }
  confidence = static_cast<float>(larger / static_cast<double>(outputs));
}

}  // namespace casd
