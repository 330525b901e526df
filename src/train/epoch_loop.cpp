#include "core/error.h"
#include "core/log.h"
#include "core/platform.h"
#include "core/random.h"
#include "eval/grounding.h"
#include "eval/selection_score.h"
#include "train/trainer_state.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

/// Samples of the summary of an epoch without a score, and of the finished model.
constexpr std::size_t samples_unscored = 64, samples_finished = 1024;

void add(EpochSums& sums, const StepLosses& losses, std::size_t samples) {
  const auto n = static_cast<double>(samples);
  sums.total += n * losses.total;
  sums.task += n * losses.task;
  sums.logit += n * losses.logit;
  sums.uncertainty += n * losses.uncertainty;
  sums.evidence += n * losses.evidence;
  sums.gradient_norm += n * losses.gradient_norm;
  sums.samples += static_cast<std::int64_t>(samples);
}

std::vector<std::int64_t> epoch_order(const casd_trainer_options& options, const Position& at,
                                      std::size_t samples) {
  const std::uint64_t key =
      static_cast<std::uint64_t>(at.epoch) + (static_cast<std::uint64_t>(at.phase) << 40);
  return random_permutation(static_cast<std::int64_t>(samples),
                            RandomStream(options.seed, key, RandomSite::permutation));
}

}  // namespace

bool Trainer::State::needs_teacher_outputs() const {
  return position.phase == CASD_PHASE_STUDENT && options.teacher == CASD_TEACHER_FROZEN;
}

Predictor Trainer::State::predictor(const ModelPtr& of, InferenceEnginePtr of_engine) const {
  casd_predictor_options on_engine = default_predictor_options();
  on_engine.engine = options.engine;
  on_engine.device = options.device;
  on_engine.device_index = options.device_index;
  on_engine.threads = options.threads;
  return Predictor(of, std::move(of_engine), on_engine);
}

void Trainer::State::bind_engine(Span<const Sample* const> samples, TeacherOutputs& outputs) {
  builder = StepBuilder(*model, samples, class_weights);
  engine->bind(builder.data());
  if (!needs_teacher_outputs()) return;
  if (outputs.empty()) {
    const Predictor frozen = predictor(
        teacher, entry.infer(teacher, {options.device, options.device_index, options.threads}));
    outputs = compute_teacher_outputs(frozen, samples);
  }
  engine->set_teacher_outputs(outputs.location, outputs.uncertainty, outputs.logits);
}

StepLosses Trainer::State::take_step(Span<const std::int64_t> rows, double learning_rate) {
  engine->accumulate(builder.request(options, position.phase, position.step, rows));
  const StepLosses losses = engine->apply(learning_rate);
  calibrated = nullptr;
  ++position.step;
  position.stepped = true;
  return losses;
}

void Trainer::State::require_unfinished() const {
  if (position.phase == CASD_PHASE_DONE)
    fail(CASD_ERROR_STATE,
         "the training is over: create a trainer from its model to train further");
}

TrainingSamples Trainer::State::accept(const Dataset& dataset) const {
  TrainingSamples out = training_samples(dataset, *model, options);
  require(position.teacher_named || any_labelled(out.train),
          "split train has no labels to learn from");
  return out;
}

TrainingSamples Trainer::State::bind(const Dataset& dataset) {
  TrainingSamples out = accept(dataset);
  const Binding now{true, out.train_fingerprint, out.valid_fingerprint};
  const Binding& before = position.binding;
  require(!before.bound || (before.train == now.train && before.valid == now.valid),
          "this is not the dataset that the training began with: continue with the same data, or "
          "start again without the checkpoint (command line: --restart)");
  if (!position.prepared && !position.stepped) {
    prepare(out.train);
    warn_of_missing_classes(schema(), out);
  }
  if (!before.bound) require_held_out(out);
  if (!before.bound)
    position.schedule = resolve_schedule(options, static_cast<std::int64_t>(out.train.size()));
  position.binding = now;
  data_seen = true;
  return out;
}

std::int32_t Trainer::State::phase_epochs() const {
  return position.phase == CASD_PHASE_TEACHER ? position.schedule.teacher_epochs
                                              : position.schedule.epochs;
}

std::int64_t Trainer::State::epoch_steps(std::size_t samples) const {
  const std::int32_t size = position.schedule.batch_size;
  return (static_cast<std::int64_t>(samples) + size - 1) / size;
}

void Trainer::State::throw_if_cancelled() {
  if (cancel_requested.exchange(false, std::memory_order_relaxed))
    fail(CASD_ERROR_CANCELLED, "the training was cancelled in epoch ", position.epoch,
         " after step ", position.epoch_step);
}

void Trainer::State::report(const TrainingCall& call, std::int64_t steps) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - call.begin;
  const std::int64_t left = (epochs_to_come() - position.epoch) * steps - position.epoch_step;
  const std::lock_guard<std::mutex> lock(progress_mutex);
  progress.phase = position.phase;
  progress.epoch = counted_epoch();
  progress.epochs = counted_epochs();
  progress.step = position.epoch_step;
  progress.steps = steps;
  progress.loss = position.sums.mean(position.sums.total);
  progress.score = position.score;
  progress.best_score = position.selection.best_score();
  progress.seconds = passed.count();
  progress.samples_per_second =
      passed.count() > 0 ? static_cast<double>(call.samples) / passed.count() : 0;
  progress.seconds_left =
      call.steps > 0 ? passed.count() * static_cast<double>(left) / static_cast<double>(call.steps)
                     : no_score;
}

bool Trainer::State::callback_cancels(const TrainingCall& call) {
  if (!call.callback) return false;
  casd_train_progress copy;
  {
    const std::lock_guard<std::mutex> lock(progress_mutex);
    copy = progress;
  }
  return call.callback(&copy, call.user) != 0;
}

void Trainer::State::run_steps(const TrainingSamples& samples, TrainingCall& call,
                               double learning_rate) {
  const std::int64_t steps = epoch_steps(samples.train.size());
  if (!call.bound) bind_engine(samples.train, dataset_teacher_outputs);
  call.bound = true;
  const std::vector<std::int64_t> order = epoch_order(options, position, samples.train.size());
  const auto most = static_cast<std::size_t>(position.schedule.batch_size);
  while (position.epoch_step < steps) {
    throw_if_cancelled();
    const std::size_t first = static_cast<std::size_t>(position.epoch_step) * most;
    const Span<const std::int64_t> rows(order.data() + first, std::min(most, order.size() - first));
    const StepLosses losses = take_step(rows, learning_rate);
    ++position.epoch_step;
    add(position.sums, losses, rows.size());
    ++call.steps;
    call.samples += static_cast<std::int64_t>(rows.size());
    report(call, steps);
    // The last step is reported together with the epoch's score.
    if (position.epoch_step < steps && callback_cancels(call))
      fail(CASD_ERROR_CANCELLED, "the callback cancelled the training");
  }
  throw_if_cancelled();
}

void Trainer::State::score_epoch(const TrainingSamples& samples) {
  const bool is_student = position.phase == CASD_PHASE_STUDENT;
  const std::int32_t first =
      is_student ? std::min(position.schedule.select_from, position.schedule.epochs - 1) : 0;
  position.score = no_score;
  const bool scored = !samples.valid.empty() && position.epoch >= first;
  std::vector<float> learned = read_parameters(*engine, model->layout());
  Predictor current = predictor(model_with(learned), engine->snapshot());
  const std::vector<const Sample*> few =
      scored ? samples.valid : some_samples(samples.scored(), samples_unscored);
  const double score = selection_score(current, few, !is_student, &summary);
  log(CASD_LOG_INFO, epoch_line(schema(), position.phase, counted_epoch(), summary));
  if (!scored) return;
  position.score = score;
  // Without a label in split valid there is no score: the last epoch is taken.
  if (std::isnan(position.score)) return;
  if (position.selection.update(position.score, position.epoch, first)) best = std::move(learned);
}

double Trainer::State::sampling_factor() const {
  return options.sampling == CASD_SAMPLING_NONE ? 0 : options.sigma_scale;
}

TrainingFacts Trainer::State::facts_of(const TrainingSamples& samples) const {
  const std::int64_t steps = epoch_steps(samples.train.size());
  TrainingFacts out;
  if (options.teacher != CASD_TEACHER_NONE && !position.teacher_named)
    out.teacher_steps = steps * position.schedule.teacher_epochs;
  out.student_steps = steps * position.schedule.epochs;
  out.drops_modalities = can_drop_modality(samples.train);
  out.sampling_factor = sampling_factor();
  return out;
}

void Trainer::State::judge(const ModelPtr& fitted, Span<const Sample* const> samples,
                           const TrainingFacts& facts) {
  const std::vector<const Sample*> some = some_samples(samples, samples_finished);
  const auto summary_of = [&](const ModelPtr& of) {
    Predictor runs =
        predictor(of, entry.infer(of, {options.device, options.device_index, options.threads}));
    EvidenceSummary out;
    selection_score(runs, some, true, &out);
    return out;
  };
  // What is fitted after the training also divides V by trust. The training sampled without it.
  const EvidenceSummary sampled =
      summary_of(model_with(learned_values(fitted->layout(), fitted->values())));
  summary = summary_of(fitted);
  std::vector<Remark> found = training_remarks(*fitted, facts, sampled, summary);
  std::swap(remarks, found);
  for (const Remark& remark : remarks)  // a kind that was logged before is not logged again
    if (std::none_of(found.begin(), found.end(),
                     [&](const Remark& before) { return before.kind == remark.kind; }))
      log(remark.is_warning() ? CASD_LOG_WARNING : CASD_LOG_INFO, remark.text);
}

FitRequest Trainer::State::fit_request() const {
  FitRequest out;
  out.balance_classes = options.balance_classes != 0;
  out.temperatures = options.calibrate != 0;
  out.trust = options.fit_trust != 0;
  out.threads = options.threads;
  return out;
}

void Trainer::State::end_phase(const TrainingSamples& samples, TrainingCall& call) {
  calibrated = nullptr;
  call.bound = false;
  if (!best.empty()) engine->write(StatePart::parameters, best);
  if (position.phase == CASD_PHASE_TEACHER) {
    if (in_trial())
      end_trial(samples);
    else
      enter_student();
    return;
  }
  ModelPtr trained = present_model();
  if (options.calibrate != 0 || options.fit_trust != 0)
    trained = fit_after_training(trained, samples.train, samples.valid, fit_request()).model;
  judge(trained, samples.scored(), facts_of(samples));
  result = trained;
  position.phase = CASD_PHASE_DONE;
}

casd_train_stats Trainer::State::run_epoch(const TrainingSamples& samples, TrainingCall& call) {
  const double rate =
      cosine_rate(options.learning_rate, options.final_rate, position.epoch, phase_epochs());
  run_steps(samples, call, rate);
  score_epoch(samples);

  const EpochSums& sums = position.sums;
  casd_train_stats stats{};
  stats.struct_size = sizeof stats;
  stats.phase = position.phase;
  stats.epoch = counted_epoch();
  stats.step = position.step;
  stats.samples = sums.samples;
  stats.loss = sums.mean(sums.total);
  stats.task_loss = sums.mean(sums.task);
  stats.logit_loss = sums.mean(sums.logit);
  stats.uncertainty_loss = sums.mean(sums.uncertainty);
  stats.evidence_loss = sums.mean(sums.evidence);
  stats.gradient_norm = sums.mean(sums.gradient_norm);
  stats.learning_rate = rate;
  stats.score = position.score;
  stats.best_score = position.selection.best_score();
  report(call, epoch_steps(samples.train.size()));

  // If end_phase() fails (out of memory), the next call computes the score again and retries.
  if (position.epoch + 1 >= phase_epochs() ||
      position.selection.exhausted(position.schedule.patience)) {
    end_phase(samples, call);
  } else {
    ++position.epoch;
    position.epoch_step = 0;
    position.sums = {};
  }
  stats.go_on = position.phase == CASD_PHASE_DONE ? 0 : 1;
  return stats;
}

casd_train_stats Trainer::epoch(const Dataset& dataset) {
  State& s = *state_;
  s.require_unfinished();
  const TrainingSamples samples = s.bind(dataset);
  TrainingCall call;
  return s.run_epoch(samples, call);
}

void Trainer::fit(const Dataset& dataset, const char* checkpoint, casd_progress_callback callback,
                  void* user) {
  State& s = *state_;
  s.require_unfinished();
  const TrainingSamples samples = s.bind(dataset);
  if (checkpoint) save(checkpoint);  // reports a path that cannot be written before the first step
  TrainingCall call;
  call.callback = callback;
  call.user = user;
  while (s.position.phase != CASD_PHASE_DONE) {
    try {
      s.run_epoch(samples, call);
    } catch (const Error& error) {
      if (error.status() == CASD_ERROR_CANCELLED && checkpoint) save(checkpoint);
      throw;
    }
    if (checkpoint) save(checkpoint);
    const bool over = s.position.phase == CASD_PHASE_DONE;
    if (s.callback_cancels(call) && !over)
      fail(CASD_ERROR_CANCELLED, "the callback cancelled the training");
  }
}

}  // namespace casd
