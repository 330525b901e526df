#include "infer/predictor.h"

#include "core/error.h"
#include "core/plugin.h"
#include "core/thread_pool.h"
#include "infer/fusion.h"
#include "infer/pack.h"
#include "model/model_file.h"
#include "model/options.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t device_chunk = 256;  // samples sent to a device at once

Span<const Option> predictor_option_table() {
  using O = casd_predictor_options;
  static constexpr const char* devices[] = {"cpu", "cuda"};
  static constexpr const char* on_empty[] = {"error", "nan"};
  static const Option table[] = {
      {"device", OptionKind::choice, offsetof(O, device), 0, 0, false, false, {devices, 2}},
      {"device_index", OptionKind::int32, offsetof(O, device_index), 0, 1023, false, false, {}},
      {"threads", OptionKind::int32, offsetof(O, threads), 1, 256, false, false, {}},
      {"on_empty", OptionKind::choice, offsetof(O, on_empty), 0, 0, false, false, {on_empty, 2}},
  };
  return {table, sizeof table / sizeof *table};
}

/// The network on another device, behind the plug-in's table.
class DeviceNetwork {
 public:
  DeviceNetwork(const Model& model, const casd_predictor_options& options)
      : table_(torch_plugin()) {
    const std::vector<std::uint8_t> bytes = serialise_model(model);
    casd_torch_setup setup{};
    setup.model = bytes.data();
    setup.model_size = bytes.size();
    setup.device = options.device;
    setup.device_index = options.device_index;
    setup.threads = options.threads;
    casd_plugin_error error{};
    check(table_.create(&network_, &setup, &error), error);
  }
  ~DeviceNetwork() { table_.destroy(network_); }
  DeviceNetwork(const DeviceNetwork&) = delete;
  DeviceNetwork& operator=(const DeviceNetwork&) = delete;

  void encode(const casd_torch_batch& batch, float* nig) {
    casd_plugin_error error{};
    check(table_.encode(network_, &batch, nig, &error), error);
  }

 private:
  static void check(casd_status status, const casd_plugin_error& error) {
    if (status != CASD_OK) throw Error(status, error.message);
  }
  const casd_torch_plugin& table_;
  casd_torch_network* network_ = nullptr;
};

template <class T>
void soft_max(const T* logits, std::int64_t count, double temperature, float* out) {
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  for (std::int64_t i = 0; i < count; ++i)
    largest = std::max(largest, static_cast<double>(logits[i]));
  for (std::int64_t i = 0; i < count; ++i)
    total += std::exp((static_cast<double>(logits[i]) - largest) / temperature);
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = static_cast<float>(std::exp((static_cast<double>(logits[i]) - largest) / temperature) /
                                total);
}

}  // namespace

casd_predictor_options default_predictor_options() {
  casd_predictor_options options{};
  options.struct_size = sizeof options;
  options.threads = 1;
  return options;
}

casd_predictor_options checked(casd_predictor_options options) {
  check_options(predictor_option_table(), &options);
  require(options.reserved == 0, "options.reserved must be 0");
  return options;
}

struct Predictor::State {
  State(ModelPtr m, const casd_predictor_options& o)
      : model(std::move(m)),
        options(checked(o)),
        encoder(model),
        pool(options.threads),
        hidden(model->options().hidden),
        modalities(model->schema().modality_count()),
        trust(static_cast<std::size_t>(modalities)),
        zero_cache(static_cast<std::size_t>(modalities)) {
    for (std::int32_t i = 0; i < modalities; ++i)
      trust[static_cast<std::size_t>(i)] = static_cast<float>(model->trust(i));
    if (options.device != CASD_DEVICE_CPU)
      device = std::make_unique<DeviceNetwork>(*model, options);
  }

  std::int64_t nig_size() const { return 4 * hidden; }
  bool zeros() const { return model->options().absent == CASD_ABSENT_ZEROS; }
  float* slot(std::vector<float>& all, std::int64_t sample, std::int32_t modality) const {
    return all.data() + (sample * modalities + modality) * nig_size();
  }
  const float* slot(const std::vector<float>& all, std::int64_t sample,
                    std::int32_t modality) const {
    return all.data() + (sample * modalities + modality) * nig_size();
  }

  std::int64_t longest(Span<const Sample* const> samples, ModalityMask wanted) const;
  /// Where the evidence of a zero sequence is kept: empty, but with room, until it is computed.
  std::vector<float>& zero_room(std::int32_t modality, std::int64_t steps);
  const float* zero_sequence(std::int32_t modality, std::int64_t steps);
  void encode_on_device(Evidence& evidence, Span<const Sample* const> samples, ModalityMask wanted,
                        bool any_mask);
  void fill_row(Prediction& prediction, const Evidence& evidence, std::int64_t row,
                ModalityMask taking) const;

  const ModelPtr model;
  const casd_predictor_options options;
  const Encoder encoder;
  ThreadPool pool;
  const std::int64_t hidden;
  const std::int32_t modalities;
  std::vector<float> trust;
  std::vector<std::vector<float>> scratch;  // per worker
  // Evidence of zero sequences depends on modality and length only: [length][4 * hidden].
  std::vector<std::vector<std::vector<float>>> zero_cache;
  std::unique_ptr<DeviceNetwork> device;
  // Of predict(), kept so that calls of one size allocate once.
  Evidence evidence;
  std::vector<const Sample*> pointers;
};

/// Longest sequence among the wanted modalities; refuses what exceeds max_steps.
std::int64_t Predictor::State::longest(Span<const Sample* const> samples,
                                       ModalityMask wanted) const {
  const Schema& schema = model->schema();
  std::int64_t out = 1;
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::int32_t m = 0; m < modalities; ++m) {
      if (!zeros() && !(samples[i]->given & wanted & ModalityMask{1} << m)) continue;
      const std::int64_t steps = samples[i]->steps(schema, m);
      require(steps <= model->options().max_steps, "sample ", i, ", modality '",
              schema.modalities[static_cast<std::size_t>(m)].name, "': ", steps,
              " frames, the model's max_steps is ", model->options().max_steps);
      out = std::max(out, steps);
    }
  return out;
}

std::vector<float>& Predictor::State::zero_room(std::int32_t modality, std::int64_t steps) {
  auto& lengths = zero_cache[static_cast<std::size_t>(modality)];
  const auto at = static_cast<std::size_t>(steps);
  if (lengths.size() <= at) lengths.resize(at + 1);
  lengths[at].reserve(static_cast<std::size_t>(nig_size()));
  return lengths[at];
}

const float* Predictor::State::zero_sequence(std::int32_t modality, std::int64_t steps) {
  std::vector<float>& evidence_of_zeros = zero_room(modality, steps);
  if (evidence_of_zeros.empty()) {
    evidence_of_zeros.resize(static_cast<std::size_t>(nig_size()));
    encoder.encode(modality, nullptr, steps, scratch[0].data(), evidence_of_zeros.data());
  }
  return evidence_of_zeros.data();
}

void Predictor::State::encode_on_device(Evidence& out, Span<const Sample* const> samples,
                                        ModalityMask wanted, bool any_mask) {
  PackedBatch packed;
  const std::int64_t row = modalities * nig_size();
  for (std::size_t first = 0; first < samples.size(); first += device_chunk) {
    const auto part = samples.subspan(first, std::min(device_chunk, samples.size() - first));
    const auto offset = static_cast<std::int64_t>(first) * row;
    packed.pack(*model, part, wanted, nullptr);
    device->encode(packed.view(), out.present.data() + offset);
    if (!zeros()) continue;
    if (any_mask) {
      packed.pack(*model, part, 0, nullptr);
      device->encode(packed.view(), out.zeros.data() + offset);
    } else {
      // Of this mask's packing, what does not take part as given is a zero sequence already.
      std::copy_n(out.present.data() + offset, static_cast<std::int64_t>(part.size()) * row,
                  out.zeros.data() + offset);
    }
  }
}

Predictor::Predictor(ModelPtr model, const casd_predictor_options& options)
    : state_(std::make_unique<State>(std::move(model), options)) {}

Predictor::~Predictor() = default;

const ModelPtr& Predictor::model() const { return state_->model; }
const casd_predictor_options& Predictor::options() const { return state_->options; }

void Predictor::encode(Evidence& evidence, Span<const Sample* const> samples, ModalityMask wanted,
                       bool any_mask) {
  State& state = *state_;
  const std::int64_t steps = state.longest(samples, wanted);
  const auto count = static_cast<std::int64_t>(samples.size());
  const auto size = static_cast<std::size_t>(count * state.modalities * state.nig_size());
  evidence.samples = count;
  evidence.given.resize(samples.size());
  evidence.present.resize(size);
  evidence.zeros.resize(state.zeros() ? size : 0);
  for (std::size_t i = 0; i < samples.size(); ++i) evidence.given[i] = samples[i]->given;
  if (state.device) {
    state.encode_on_device(evidence, samples, wanted, any_mask);
    return;
  }

  state.scratch.resize(static_cast<std::size_t>(state.pool.threads()));
  for (auto& scratch : state.scratch)
    if (scratch.size() < state.encoder.scratch_size(steps))
      scratch.resize(state.encoder.scratch_size(steps));

  if (state.zeros())
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int32_t m = 0; m < state.modalities; ++m) {
        const Sample& sample = *samples[static_cast<std::size_t>(i)];
        const std::int64_t length =
            std::max<std::int64_t>(sample.steps(state.model->schema(), m), 1);
        if (!any_mask && (sample.given & wanted) >> m & 1u) {
          state.zero_room(m, length);  // the next mask may need it, and must not allocate
          continue;
        }
        std::copy_n(state.zero_sequence(m, length), state.nig_size(),
                    state.slot(evidence.zeros, i, m));
      }

  // One reference, so that the function object fits into std::function without allocating.
  struct Job {
    State& state;
    Evidence& evidence;
    Span<const Sample* const> samples;
    ModalityMask wanted;
  } job{state, evidence, samples, wanted};
  state.pool.run(count * state.modalities, [&job](std::int64_t piece, int worker) {
    const std::int64_t i = piece / job.state.modalities;
    const auto m = static_cast<std::int32_t>(piece % job.state.modalities);
    const Sample& sample = *job.samples[static_cast<std::size_t>(i)];
    if (!((sample.given & job.wanted) >> m & 1u)) return;
    job.state.encoder.encode(m, sample.frames[static_cast<std::size_t>(m)].data(),
                             sample.steps(job.state.model->schema(), m),
                             job.state.scratch[static_cast<std::size_t>(worker)].data(),
                             job.state.slot(job.evidence.present, i, m));
  });
}

void Predictor::State::fill_row(Prediction& prediction, const Evidence& from, std::int64_t row,
                                ModalityMask taking) const {
  const casd_model_options& rules = model->options();
  const Schema& schema = model->schema();
  for (casd_field field = 0; field < field_count; ++field)
    for (float& value : prediction.row(field, row)) value = missing;
  prediction.set_row_status(row, taking ? CASD_OK : CASD_ERROR_STATE);
  if (!taking) return;

  std::int32_t who[CASD_MAX_MODALITIES];
  const float* nig[CASD_MAX_MODALITIES];
  float factor[CASD_MAX_MODALITIES];
  std::int32_t count = 0;
  for (std::int32_t m = 0; m < modalities; ++m) {
    const bool given = taking >> m & 1u;
    if (!given && !zeros()) continue;
    who[count] = m;
    nig[count] = slot(given ? from.present : from.zeros, row, m);
    factor[count++] = trust[static_cast<std::size_t>(m)];
  }

  // Means over dimensions in double, so that a wide model loses nothing.
  double uncertainty = 0, disagreement = 0;
  struct Means {
    double variance, aleatoric, epistemic, degrees_of_freedom, weight;
  } means[CASD_MAX_MODALITIES] = {};
  const Span<float> location = prediction.row(CASD_FIELD_REPRESENTATION, row);
  const Span<float> scale = prediction.row(CASD_FIELD_SCALE, row);
  const Span<float> degrees = prediction.row(CASD_FIELD_DEGREES_OF_FREEDOM, row);
  for (std::int64_t i = 0; i < hidden; ++i) {
    NormalInverseGamma<float> law[CASD_MAX_MODALITIES];
    float weight[CASD_MAX_MODALITIES];
    for (std::int32_t k = 0; k < count; ++k)
      law[k] = {nig[k][i], nig[k][hidden + i], nig[k][2 * hidden + i], nig[k][3 * hidden + i]};
    const FusedLaw<float> fused =
        fuse(law, count, rules.weights, rules.fused_variance, factor, weight);
    const auto at = static_cast<std::size_t>(i);
    location[at] = fused.location;
    scale[at] = std::sqrt(fused.squared_scale);
    degrees[at] = fused.degrees_of_freedom;
    uncertainty += static_cast<double>(fused.variance);
    disagreement += static_cast<double>(fused.disagreement);
    for (std::int32_t k = 0; k < count; ++k) {
      means[k].variance += static_cast<double>(law[k].variance());
      means[k].aleatoric += static_cast<double>(law[k].aleatoric());
      means[k].epistemic += static_cast<double>(law[k].epistemic());
      means[k].degrees_of_freedom += static_cast<double>(law[k].degrees_of_freedom());
      means[k].weight += static_cast<double>(weight[k]);
    }
  }
  const auto mean = [&](double sum) {
    return static_cast<float>(sum / static_cast<double>(hidden));
  };
  prediction.row(CASD_FIELD_UNCERTAINTY, row)[0] = mean(uncertainty);
  prediction.row(CASD_FIELD_DISAGREEMENT, row)[0] = mean(disagreement);
  for (std::int32_t k = 0; k < count; ++k) {
    const auto m = static_cast<std::size_t>(who[k]);
    prediction.row(CASD_FIELD_MODALITY_VARIANCE, row)[m] = mean(means[k].variance);
    prediction.row(CASD_FIELD_MODALITY_ALEATORIC, row)[m] = mean(means[k].aleatoric);
    prediction.row(CASD_FIELD_MODALITY_EPISTEMIC, row)[m] = mean(means[k].epistemic);
    prediction.row(CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM, row)[m] =
        mean(means[k].degrees_of_freedom);
    prediction.row(CASD_FIELD_MODALITY_WEIGHT, row)[m] = mean(means[k].weight);
  }

  const Span<float> logits = prediction.row(CASD_FIELD_LOGITS, row);
  encoder.classify(location.data(), logits.data());
  const auto outputs = static_cast<std::int64_t>(schema.outputs.size());
  if (schema.task == CASD_TASK_REGRESSION) {
    const Span<const float> target_mean = model->tensor("target.mean");
    const Span<const float> target_std = model->tensor("target.std");
    const Span<float> value = prediction.row(CASD_FIELD_VALUE, row);
    for (std::size_t k = 0; k < value.size(); ++k)
      value[k] = logits[k] * target_std[k] + target_mean[k];
    return;
  }
  const double temperature = model->temperature(taking);
  const Span<float> probability = prediction.row(CASD_FIELD_PROBABILITIES, row);
  float& confidence = prediction.row(CASD_FIELD_CONFIDENCE, row)[0];
  if (schema.task == CASD_TASK_CLASSES) {
    soft_max(logits.data(), outputs, temperature, probability.data());
    confidence = *std::max_element(probability.begin(), probability.end());
    return;
  }
  double surer = 0;
  for (std::int64_t k = 0; k < outputs; ++k) {
    float pair[2];
    soft_max(logits.data() + 2 * k, 2, temperature, pair);
    probability[static_cast<std::size_t>(k)] = pair[1];
    surer += static_cast<double>(std::max(pair[0], pair[1]));
  }
  confidence = static_cast<float>(surer / static_cast<double>(outputs));
}

void Predictor::conclude(Prediction& prediction, const Evidence& evidence, ModalityMask mask) {
  prediction.resize(evidence.samples, *state_->model);
  for (std::int64_t i = 0; i < evidence.samples; ++i)
    state_->fill_row(prediction, evidence, i, evidence.given[static_cast<std::size_t>(i)] & mask);
}

void Predictor::predict(Prediction& prediction, const Batch& batch, casd_modality_mask mask) {
  State& state = *state_;
  const Schema& schema = state.model->schema();
  require(batch.size() > 0, "the batch has no samples");
  require(same_modalities(batch.schema(), schema),
          "the batch's modalities are not those of the model");
  const ModalityMask wanted = resolve_mask(schema, mask);
  state.pointers.clear();
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    // Not require(): naming masks allocates, and nothing here may.
    if (!(batch[i].given & wanted) && state.options.on_empty != CASD_EMPTY_NAN)
      fail(CASD_ERROR_INVALID_ARGUMENT, "sample ", i, " is left without a modality: it has ",
           batch[i].given ? mask_name(schema, batch[i].given) : "none", ", the mask asks for ",
           mask_name(schema, wanted));
    state.pointers.push_back(&batch[i]);
  }
  encode(state.evidence, state.pointers, wanted, false);
  conclude(prediction, state.evidence, wanted);
}

}  // namespace casd
