#include "predict/predictor.h"

#include "core/error.h"
#include "engine/registry.h"
#include "model/options.h"
#include "predict/frame_pooling.h"
#include "predict/prediction_rows.h"
#include "predict/workspace_pool.h"

#include <algorithm>

namespace casd {
namespace {

Span<const Option> predictor_option_table() {
  using O = casd_predictor_options;
  static constexpr const char* devices[] = {"cpu", "cuda"};
  static constexpr const char* on_empty[] = {"error", "nan"};
  static const Option table[] = {
      {"device", OptionKind::choice, offsetof(O, device), 0, 0, false, false, {devices, 2}},
      {"device_index", OptionKind::int32, offsetof(O, device_index), 0, 1023, false, false, {}},
      {"threads", OptionKind::int32, offsetof(O, threads), 1, 256, false, false, {}},
      {"engine", OptionKind::choice, offsetof(O, engine), 0, 0, false, false, {engine_choices, 3}},
      {"on_empty", OptionKind::choice, offsetof(O, on_empty), 0, 0, false, false, {on_empty, 2}},
      {"coverage", OptionKind::real, offsetof(O, coverage), 0, 1, true, true, {}},
      {"error_rate", OptionKind::real, offsetof(O, error_rate), 0, 1, false, true, {}},
  };
  return {table, sizeof table / sizeof *table};
}

}  // namespace

casd_predictor_options default_predictor_options() {
  casd_predictor_options options{};
  options.struct_size = sizeof options;
  options.threads = 1;
  options.coverage = 0.9;
  return options;
}

casd_predictor_options checked(casd_predictor_options options) {
  check_options(predictor_option_table(), &options);
  require(options.reserved == 0 && options.reserved_2 == 0, "options.reserved must be 0");
  return options;
}

namespace {

/// Runs the linear maps and the input guard of workspace.cells, where options ask for them.
class Pooling final : public FrameSumReader {
 public:
  Pooling(const Model& model, const Workspace& workspace, EvidenceTable& evidence)
      : model_(model), workspace_(workspace), evidence_(evidence) {}

  FrameSumItem item(std::size_t index) const override {
    const std::int64_t cell = workspace_.cells[index],
                       modalities = model_.schema().modality_count();
    return frame_sum_item(model_, modality(cell),
                          workspace_.input.frames(cell / modalities, modality(cell)), nullptr);
  }

  void read(std::size_t index, double* sums) const override {
    const std::int64_t cell = workspace_.cells[index];
    const std::int32_t m = modality(cell);
    const std::int64_t features = model_.schema().modalities[static_cast<std::size_t>(m)].features;
    const InputStatistics<double> statistics = pool_sums(sums, features);
    if (!evidence_.linear.empty())
      run_linear_map(model_, m, {sums, static_cast<std::size_t>(3 * features)},
                     evidence_.linear.data() + cell * model_.schema().logit_count());
    if (!evidence_.guard.empty())
      evidence_.guard[static_cast<std::size_t>(cell)] = guard_factors(model_, m, statistics);
  }

 private:
  std::int32_t modality(std::int64_t cell) const {
    return static_cast<std::int32_t>(cell % model_.schema().modality_count());
  }

  const Model& model_;
  const Workspace& workspace_;
  EvidenceTable& evidence_;
};

}  // namespace

struct Predictor::State {
  State(ModelPtr m, InferenceEnginePtr e, const casd_predictor_options& o)
      : model(std::move(m)),
        options(o),
        engine(std::move(e)),
        rows(*model, o.coverage, o.error_rate),
        workspaces(model, engine),
        hidden(model->options().hidden),
        modalities(model->schema().modality_count()),
        zeros(model->options().absent == CASD_ABSENT_ZEROS) {}

  std::int64_t nig_size() const { return 4 * hidden; }
  std::int64_t offset(std::int64_t sample, std::int32_t modality) const {
    return (sample * modalities + modality) * nig_size();
  }

  std::int64_t longest(const InputTable& input, ModalityMask wanted) const;
  void require_modalities(const InputTable& input, ModalityMask wanted) const;
  void encode(EvidenceTable& evidence, Workspace& workspace, ModalityMask wanted,
              bool any_mask) const;
  void encode_zeros(EvidenceTable& evidence, Workspace& workspace, ModalityMask wanted,
                    bool any_mask) const;
  void fill_rows(Prediction& prediction, const EvidenceTable& evidence, ModalityMask mask) const;
  void predict(Prediction& prediction, Workspace& workspace, ModalityMask wanted) const;

  const ModelPtr model;
  const casd_predictor_options options;
  const InferenceEnginePtr engine;
  const PredictionRows rows;
  mutable WorkspacePool workspaces;
  const std::int64_t hidden;
  const std::int32_t modalities;
  const bool zeros;  // absent modalities participate as zero sequences
};

// Error messages are built on failure only, because building them allocates.

/// Longest sequence among the wanted modalities; throws if it exceeds max_steps.
std::int64_t Predictor::State::longest(const InputTable& input, ModalityMask wanted) const {
  std::int64_t out = 1;
  for (std::int64_t i = 0; i < input.samples(); ++i)
    for (std::int32_t m = 0; m < modalities; ++m) {
      if (!zeros && !((input.given(i) & wanted) >> m & 1u)) continue;
      const std::int64_t steps = input.frames(i, m).steps;
      if (steps > model->options().max_steps)
        fail(CASD_ERROR_INVALID_ARGUMENT, "sample ", i, ", modality '",
             model->schema().modalities[static_cast<std::size_t>(m)].name, "': ", steps,
             " frames, the model's max_steps is ", model->options().max_steps);
      out = std::max(out, steps);
    }
  return out;
}

/// Throws if a sample has none of the wanted modalities, unless the options allow it.
void Predictor::State::require_modalities(const InputTable& input, ModalityMask wanted) const {
  if (options.on_empty == CASD_EMPTY_NAN) return;
  const Schema& schema = model->schema();
  for (std::int64_t i = 0; i < input.samples(); ++i)
    if (!(input.given(i) & wanted))
      fail(CASD_ERROR_INVALID_ARGUMENT, "sample ", i, " is left without a modality: it has ",
           input.given(i) ? mask_name(schema, input.given(i)) : "none", ", the mask selects ",
           mask_name(schema, wanted));
}

void Predictor::State::encode(EvidenceTable& evidence, Workspace& workspace, ModalityMask wanted,
                              bool any_mask) const {
  const InputTable& input = workspace.input;
  longest(input, wanted);  // checks the lengths
  const auto size = static_cast<std::size_t>(offset(input.samples(), 0));
  evidence.samples = input.samples();
  evidence.given.resize(static_cast<std::size_t>(input.samples()));
  evidence.present.resize(size);
  evidence.zeros.resize(zeros ? size : 0);
  for (std::int64_t i = 0; i < input.samples(); ++i)
    evidence.given[static_cast<std::size_t>(i)] = input.given(i);
  if (zeros) encode_zeros(evidence, workspace, wanted, any_mask);
  workspace.items.reserve(static_cast<std::size_t>(input.samples() * modalities));
  workspace.items.clear();
  workspace.cells.reserve(static_cast<std::size_t>(input.samples() * modalities));
  workspace.cells.clear();
  for (std::int64_t i = 0; i < input.samples(); ++i)
    for (std::int32_t m = 0; m < modalities; ++m) {
      if (!((input.given(i) & wanted) >> m & 1u)) continue;
      const FrameSequence& frames = input.frames(i, m);
      workspace.items.push_back({frames.values, evidence.present.data() + offset(i, m),
                                 static_cast<std::int32_t>(frames.steps), m});
      workspace.cells.push_back(i * modalities + m);
    }
  const auto cells = static_cast<std::size_t>(input.samples() * modalities);
  const auto logits = static_cast<std::size_t>(model->schema().logit_count());
  evidence.linear.resize(model->options().linear != 0 ? cells * logits : 0);
  evidence.guard.resize(model->options().input_guard != 0 ? cells : 0);
  const Pooling pooling(*model, workspace, evidence);
  const bool pools = !evidence.linear.empty() || !evidence.guard.empty();
  engine->encode(workspace.items, workspace.engine.get(), pools ? &pooling : nullptr);
}

void Predictor::State::encode_zeros(EvidenceTable& evidence, Workspace& workspace,
                                    ModalityMask wanted, bool any_mask) const {
  ZeroSequenceCache& cache = workspace.zero_sequences;
  cache.reserve();  // now, because a later call with another mask must not allocate
  const InputTable& input = workspace.input;
  for (std::int64_t i = 0; i < input.samples(); ++i)
    for (std::int32_t m = 0; m < modalities; ++m) {
      if (!any_mask && (input.given(i) & wanted) >> m & 1u) continue;
      const std::int64_t steps = std::max<std::int64_t>(input.frames(i, m).steps, 1);
      const float* found = cache.find(m, steps);
      if (!found) {
        float* made = cache.insert(m, steps);
        const EncodeItem item = {nullptr, made, static_cast<std::int32_t>(steps), m};
        engine->encode({&item, 1}, workspace.engine.get());
        found = made;
      }
      std::copy_n(found, nig_size(), evidence.zeros.data() + offset(i, m));
    }
}

void Predictor::State::fill_rows(Prediction& prediction, const EvidenceTable& evidence,
                                 ModalityMask mask) const {
  prediction.resize(evidence.samples, *model);
  for (std::int64_t i = 0; i < evidence.samples; ++i)
    rows.fill(prediction, evidence, i, evidence.given[static_cast<std::size_t>(i)] & mask);
}

/// Predicts the samples in workspace.input.
void Predictor::State::predict(Prediction& prediction, Workspace& workspace,
                               ModalityMask wanted) const {
  require_modalities(workspace.input, wanted);
  encode(workspace.evidence, workspace, wanted, false);
  fill_rows(prediction, workspace.evidence, wanted);
}

Predictor::Predictor(ModelPtr model, const casd_predictor_options& wanted) {
  const casd_predictor_options options = checked(wanted);
  InferenceEnginePtr engine =
      find_engine(options.engine, options.device, false)
          .infer(model, {options.device, options.device_index, options.threads});
  state_ = std::make_unique<State>(std::move(model), std::move(engine), options);
}

Predictor::Predictor(ModelPtr model, InferenceEnginePtr engine,
                     const casd_predictor_options& options)
    : state_(std::make_unique<State>(std::move(model), std::move(engine), checked(options))) {}

Predictor::~Predictor() = default;

std::unique_ptr<Predictor> Predictor::linear_part() const {
  const Model& model = *state_->model;
  std::vector<float> values(model.values().begin(), model.values().end());
  for (const TensorPlace* place :
       {&model.layout().classifier.weight, &model.layout().classifier.bias})
    std::fill_n(values.begin() + place->offset, place->size, 0.0f);
  auto part = std::make_shared<const Model>(model.shared_layout(), std::move(values),
                                            model.calibration(), model.user(), model.trained());
  return std::make_unique<Predictor>(std::move(part), state_->engine, state_->options);
}

const ModelPtr& Predictor::model() const { return state_->model; }
const casd_predictor_options& Predictor::options() const { return state_->options; }
void Predictor::trim() const { state_->workspaces.trim(); }
std::int64_t Predictor::workspaces() const { return state_->workspaces.size(); }

void Predictor::encode(EvidenceTable& evidence, Span<const Sample* const> samples,
                       ModalityMask wanted, bool any_mask) const {
  const WorkspacePool::Lease lease(state_->workspaces);
  Workspace& workspace = *lease;
  workspace.input.assign(state_->model->schema(), samples);
  state_->encode(evidence, workspace, wanted, any_mask);
}

void Predictor::predict_from_evidence(Prediction& prediction, const EvidenceTable& evidence,
                                      ModalityMask mask) const {
  state_->fill_rows(prediction, evidence, mask);
}

void Predictor::variance_terms(const EvidenceTable& evidence, std::int64_t row,
                               ModalityMask participating, double* out) const {
  state_->rows.variance_terms(evidence, row, participating, out);
}

std::vector<float> Predictor::fused_variance(const EvidenceTable& evidence,
                                             ModalityMask mask) const {
  const State& state = *state_;
  std::vector<float> out(static_cast<std::size_t>(evidence.samples * state.hidden));
  for (std::int64_t i = 0; i < evidence.samples; ++i)
    state.rows.fused_variance(evidence, i, evidence.given[static_cast<std::size_t>(i)] & mask,
                              out.data() + i * state.hidden);
  return out;
}

void Predictor::predict(Prediction& prediction, const Batch& batch, casd_modality_mask mask) const {
  State& state = *state_;
  const Schema& schema = state.model->schema();
  if (batch.size() == 0) fail(CASD_ERROR_INVALID_ARGUMENT, "the batch has no samples");
  const ModalityMask wanted = resolve_mask(schema, mask);
  const WorkspacePool::Lease lease(state.workspaces);
  Workspace& workspace = *lease;
  workspace.reader.read(batch, schema, workspace.input);
  state.predict(prediction, workspace, wanted);
}

void Predictor::predict_frames(Prediction& prediction, Span<const FrameSequence> frames,
                               casd_modality_mask mask) const {
  State& state = *state_;
  const Schema& schema = state.model->schema();
  if (frames.size() != schema.modalities.size())
    fail(CASD_ERROR_INVALID_ARGUMENT, "frames of ", frames.size(), " modalities, the model has ",
         schema.modalities.size());
  const ModalityMask wanted = resolve_mask(schema, mask);
  const WorkspacePool::Lease lease(state.workspaces);
  Workspace& workspace = *lease;
  InputTable& input = workspace.input;
  input.resize(1, state.modalities);
  input.given(0) = 0;
  for (std::int32_t m = 0; m < state.modalities; ++m) {
    const auto at = static_cast<std::size_t>(m);
    const ModalityMask bit = ModalityMask{1} << m;
    const FrameSequence& sequence = frames[at];
    if (sequence.steps < 0)
      fail(CASD_ERROR_INVALID_ARGUMENT, "modality '", schema.modalities[at].name,
           "': ", sequence.steps, " frames, allowed: 0 (missing) to ",
           state.model->options().max_steps);
    input.frames(0, m) = sequence.values ? sequence : FrameSequence{};
    if (sequence.values && sequence.steps > 0) input.given(0) |= bit;
  }
  state.longest(input, wanted);  // checks lengths before values are read
  for (std::int32_t m = 0; m < state.modalities; ++m) {
    const ModalityMask bit = ModalityMask{1} << m;
    if (!(input.given(0) & wanted & bit)) continue;
    const FrameSequence& sequence = input.frames(0, m);
    const std::int32_t features = schema.modalities[static_cast<std::size_t>(m)].features;
    if (!has_given_frame(sequence.values, static_cast<std::size_t>(sequence.steps),
                         static_cast<std::size_t>(features)))
      input.given(0) &= ~bit;
  }
  state.predict(prediction, workspace, wanted);
}

}  // namespace casd
