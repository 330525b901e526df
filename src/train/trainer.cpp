#include "train/trainer.h"

#include "core/error.h"
#include "data/statistics.h"
#include "train/model_calibration.h"
#include "train/trainer_state.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace casd {
namespace {

/// Whether both models standardise features and targets with the same numbers.
bool same_statistics(const Model& a, const Model& b) {
  std::vector<float> of_a, of_b;
  const auto collect = [](const Model& model, std::vector<float>& out) {
    for_each_tensor(model.layout(), [&](const std::string&, const TensorPlace& place) {
      const Span<const float> values = model.tensor(place);
      if (place.role == TensorRole::statistic) out.insert(out.end(), values.begin(), values.end());
    });
  };
  collect(a, of_a);
  collect(b, of_b);
  return of_a == of_b;
}

bool same_layout(const NetworkLayout& a, const NetworkLayout& b) {
  const std::vector<NamedTensor> of_a = named_tensors(a), of_b = named_tensors(b);
  return std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                    [](const NamedTensor& x, const NamedTensor& y) { return x.shape == y.shape; });
}

}  // namespace

const EngineEntry& training_engine_for(const casd_trainer_options& options) {
  return find_engine(options.engine, options.device, true);
}

Trainer::State::State(const ModelPtr& initial, const casd_trainer_options& wanted,
                      const EngineEntry* engine_entry)
    : TrainingState{checked(wanted), {}, initial, {}, {}, {}, {}, {}},
      entry(engine_entry ? *engine_entry : training_engine_for(options)) {
  position.phase = options.teacher == CASD_TEACHER_NONE ? CASD_PHASE_STUDENT : CASD_PHASE_TEACHER;
  resolve_pooling();
  engine = new_engine(*model);
  start_progress();
}

void Trainer::State::start_progress() {
  progress.struct_size = sizeof progress;
  progress.phase = position.phase;
  progress.epoch = counted_epoch();
  progress.epochs = counted_epochs();
  progress.step = position.epoch_step;
  progress.loss = position.sums.mean(position.sums.total);
  progress.score = position.score;
  progress.best_score = position.selection.best_score();
  progress.seconds_left = no_score;
}

ModelPtr Trainer::State::model_with(Span<const float> learned) const {
  return std::make_shared<const Model>(model->shared_layout(),
                                       with_learned(model->layout(), model->values(), learned),
                                       Calibration{}, model->user(), true);
}

ModelPtr Trainer::State::present_model() const {
  return position.stepped ? model_with(read_parameters(*engine, model->layout())) : initial_model();
}

std::unique_ptr<TrainingEngine> Trainer::State::new_engine(const Model& initial) const {
  std::unique_ptr<TrainingEngine> fresh =
      entry.train(initial, {options.device, options.device_index, options.threads},
                  {training_options(options), class_weights});
  fresh->begin_phase(position.phase == CASD_PHASE_TEACHER ? TrainingPhase::teacher
                                                          : TrainingPhase::student);
  return fresh;
}

void Trainer::State::freeze_teacher(const ModelPtr& frozen) {
  teacher = frozen;
  dataset_teacher_outputs = {};
}

void Trainer::State::enter_student() {
  if (has_teacher_model() && !position.teacher_named) freeze_teacher(present_model());
  if (options.teacher == CASD_TEACHER_EMA)
    engine->write(StatePart::ema_teacher, learned_values(teacher->layout(), teacher->values()));
  engine->begin_phase(TrainingPhase::student);
  position.phase = CASD_PHASE_STUDENT;
  leave_trial();
  restart_position();
}

void Trainer::State::restart_position() {
  position.epoch = 0;
  position.epoch_step = position.step = 0;
  position.selection = {};
  position.score = no_score;
  position.sums = {};
  best.clear();
}

Trainer::Trainer(const ModelPtr& model, const casd_trainer_options& options,
                 const EngineEntry* engine)
    : state_(std::make_unique<State>(model, options, engine)) {}

Trainer::Trainer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Trainer::~Trainer() = default;

casd_trainer_options Trainer::options() const {
  const State& s = *state_;
  return s.data_seen ? with_schedule(s.options, s.position.schedule) : s.options;
}

const Schema& Trainer::schema() const { return state_->schema(); }

casd_phase Trainer::phase() const { return state_->position.phase; }

casd_pooling Trainer::pooling() const {
  return state_->position.trial == PoolingTrial::none ? state_->model->options().pooling
                                                      : CASD_POOLING_AUTO;
}

void Trainer::prepare(const Dataset& dataset) {
  State& s = *state_;
  if (s.position.binding.bound) {
    const TrainingSamples samples = s.bind(dataset);
    // A finished training that was loaded.
    if (s.position.phase == CASD_PHASE_DONE && s.summary.conditions.empty())
      s.judge(s.result, samples.scored(), s.facts_of(samples));
    return;
  }
  s.require_unfinished();
  const TrainingSamples samples = s.accept(dataset);
  s.prepare(samples.train);
  warn_of_missing_classes(s.schema(), samples);
  s.position.schedule =
      resolve_schedule(s.options, static_cast<std::int64_t>(samples.train.size()));
  s.data_seen = true;
}

void Trainer::prepare(const Batch& batch) {
  State& s = *state_;
  s.require_unfinished();
  const std::vector<const Sample*> samples = with_a_modality(s.samples_of(batch));
  require(!samples.empty(), "the batch has no sample with a modality");
  require(s.position.teacher_named || any_labelled(samples),
          "the batch has no labels to learn from");
  s.prepare(samples);
  warn_of_missing_classes(s.schema(), "the batch", samples);
}

std::vector<const Sample*> Trainer::State::samples_of(const Batch& batch) {
  require_same_task(batch.schema(), schema(), "the batch");
  const SchemaMapping mapping(batch.schema(), schema(), "the batch");
  require(batch.size() > 0, "the batch is empty");
  return mapping.apply(sample_pointers(batch), mapped_batch);
}

void Trainer::State::prepare(Span<const Sample* const> samples) {
  if (position.stepped)
    fail(CASD_ERROR_STATE, "the trainer has taken steps: prepare comes before the first one");
  ModelPtr fitted = model;
  if (!fitted->trained()) fitted = with_statistics(*fitted, fit_statistics(schema(), samples));
  require(!position.teacher_named || same_statistics(*fitted, *teacher),
          "the teacher's normaliser is not the one fitted on these samples");
  std::vector<float> weights;
  if (options.balance_classes != 0 && schema().task == CASD_TASK_CLASSES)
    weights = balanced_class_weights(schema(), samples);

  calibrated = nullptr;
  std::swap(model, fitted);
  std::swap(class_weights, weights);
  try {
    engine = new_engine(*model);
  } catch (...) {
    std::swap(model, fitted);
    std::swap(class_weights, weights);
    throw;
  }
  if (position.phase == CASD_PHASE_STUDENT && options.teacher != CASD_TEACHER_NONE) enter_student();
  position.prepared = true;
}

void Trainer::set_phase(casd_phase phase) {
  State& s = *state_;
  require(phase == CASD_PHASE_TEACHER || phase == CASD_PHASE_STUDENT, "phase is ", phase,
          ", allowed: 0 (teacher), 1 (student)");
  if (phase < s.position.phase)
    fail(CASD_ERROR_STATE, "the trainer is past that phase and cannot go back");
  if (phase > s.position.phase) s.enter_student();
}

void Trainer::set_teacher(const ModelPtr& teacher) {
  State& s = *state_;
  if (!s.has_teacher_model())
    fail(CASD_ERROR_STATE, "the trainer's option teacher is ",
         option_text(find_option(trainer_option_table(), "teacher"), &s.options),
         ": it takes no teacher");
  if (s.position.phase != CASD_PHASE_TEACHER)
    fail(CASD_ERROR_STATE, "the student's phase has begun");
  require_same_task(teacher->schema(), s.schema(), "the teacher");
  require(same_sample_layout(teacher->schema(), s.schema()),
          "the teacher's modalities or features are not those of the model, in their order");
  require(teacher->options().hidden == s.model->options().hidden, "the teacher's hidden is ",
          teacher->options().hidden, ", the model's ", s.model->options().hidden);
  require(same_statistics(*s.model, *teacher),
          "the teacher's normaliser is not the trainer's (is the trainer prepared?)");
  require(
      s.options.teacher != CASD_TEACHER_EMA || same_layout(s.model->layout(), teacher->layout()),
      "the teacher's sizes are not the model's, so it cannot follow it (teacher = ema)");
  s.freeze_teacher(teacher);
  s.position.teacher_named = true;
}

casd_train_stats Trainer::step(const Batch& batch) {
  State& s = *state_;
  Position& at = s.position;
  s.require_unfinished();
  const std::vector<const Sample*> samples = s.samples_of(batch);
  if (!at.prepared && !s.model->trained())
    fail(CASD_ERROR_STATE,
         "the model has no normaliser yet: call casd_trainer_prepare() or "
         "casd_trainer_prepare_batch() before the first step");
  for (std::size_t i = 0; i < samples.size(); ++i)
    require(samples[i]->given != 0, "sample ", i, " has no modality");

  casd_train_stats stats{};
  stats.struct_size = sizeof stats;
  stats.phase = at.phase;
  stats.learning_rate = s.options.total_steps == 0
                            ? s.options.learning_rate
                            : cosine_rate(s.options.learning_rate, s.options.final_rate, at.step,
                                          s.options.total_steps);
  s.leave_trial();                 // only epochs can be judged
  TeacherOutputs teacher_outputs;  // on this batch
  s.bind_engine(samples, teacher_outputs);
  std::vector<std::int64_t> rows(samples.size());
  std::iota(rows.begin(), rows.end(), 0);
  const StepLosses losses = s.take_step(rows, stats.learning_rate);
  stats.step = at.step;
  stats.samples = batch.size();
  stats.loss = losses.total;
  stats.task_loss = losses.task;
  stats.logit_loss = losses.logit;
  stats.uncertainty_loss = losses.uncertainty;
  stats.evidence_loss = losses.evidence;
  stats.gradient_norm = losses.gradient_norm;
  stats.score = at.score;
  stats.best_score = at.selection.best_score();
  {
    const std::lock_guard<std::mutex> lock(s.progress_mutex);
    s.progress.phase = at.phase;
    s.progress.step = at.step;
    s.progress.steps = s.options.total_steps;
    s.progress.loss = losses.total;
  }
  return stats;
}

void Trainer::calibrate(const Batch* train, const Batch& held_out) {
  State& s = *state_;
  if (!s.position.stepped && !s.model->trained())
    fail(CASD_ERROR_STATE,
         "there is nothing to calibrate: the model was not trained and no step was taken");
  const auto read = [&](const Batch& batch) {
    std::vector<const Sample*> samples = with_a_modality(s.samples_of(batch));
    require_lengths(*s.model, samples);
    return samples;
  };
  std::vector<const Sample*> learned;
  std::vector<Sample> storage;  // the next batch replaces the mapped samples
  if (train) {
    learned = read(*train);
    storage = std::move(s.mapped_batch);
    s.mapped_batch = {};
  }
  const std::vector<const Sample*> samples = read(held_out);
  const bool done = s.position.phase == CASD_PHASE_DONE;
  const ModelPtr present = done ? s.result : s.calibrated ? s.calibrated : s.present_model();
  FitRequest request = s.fit_request();
  request.temperatures = true;
  const ModelPtr fitted = casd::calibrate(present, learned, samples, request, "the batch");
  if (!done) {
    TrainingFacts facts;
    facts.sampling_factor = s.sampling_factor();
    if (s.position.stepped) {
      facts.drops_modalities = s.position.phase == CASD_PHASE_STUDENT;
      facts.student_steps = facts.drops_modalities ? s.position.step : 0;
    }
    s.judge(fitted, samples, facts);
  }
  (done ? s.result : s.calibrated) = fitted;
}

ModelPtr Trainer::snapshot() {
  const State& s = *state_;
  if (s.position.phase == CASD_PHASE_DONE) return s.result;
  return s.calibrated ? s.calibrated : s.present_model();
}

const EvidenceSummary& Trainer::summary() const { return state_->summary; }

const std::vector<Remark>& Trainer::remarks() const { return state_->remarks; }

void Trainer::cancel() noexcept { state_->cancel_requested.store(true, std::memory_order_relaxed); }

casd_train_progress Trainer::progress() const {
  const std::lock_guard<std::mutex> lock(state_->progress_mutex);
  return state_->progress;
}

}  // namespace casd
