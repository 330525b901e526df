#include "cpu/training_engine.h"

#include "core/error.h"
#include "cpu/engine.h"
#include "cpu/flush_to_zero.h"
#include "method/position_code.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace casd::cpu {
namespace {

constexpr std::size_t readable_tail = 8;  // StepContext::parameters
constexpr double least_targets = 1e-12;   // a batch without any label has the loss 0, not 0 / 0
constexpr double clip_epsilon = 1e-6;  // added to the norm, as torch.nn.utils.clip_grad_norm_ does

/// Rows of a chunk; depends on the batch size only. A chunk costs clearing and adding a gradient,
/// about a tenth of a row of the default network.
std::int64_t chunk_rows(std::int64_t rows) {
  return std::clamp<std::int64_t>((rows + 3) / 4, 2, 8);
}

}  // namespace

CpuTraining::CpuTraining(const Model& model, const EngineSetup& setup,
                         const TrainingSetup& training, Target target)
    : model_(std::make_shared<const Model>(model)),
      setup_(setup),
      options_(training.options),
      kernels_(training_kernels(target)),
      class_weights_(training.class_weights.begin(), training.class_weights.end()),
      step_counts_(layout().groups.size(), 0.0f),
      convolutions_(layout()),
      longest_(layout().modalities.size(), 0),
      pool_(setup.threads),
      workers_(static_cast<std::size_t>(pool_.threads())) {
  const std::size_t count = parameter_count();
  const std::vector<float> learned = learned_values(layout(), model.values());
  parameters_.assign(learned.begin(), learned.end());
  parameters_.resize(count + readable_tail, 0.0f);
  for (Floats* of : {&gradient_, &first_moment_, &second_moment_}) of->assign(count, 0.0f);
  if (options_.teacher == TeacherMode::ema) ema_teacher_ = parameters_;
  if (class_weights_.empty()) class_weights_.assign(layout().schema.outputs.size(), 1.0f);
  for (Worker& worker : workers_) {
    worker.frames.resize(longest_.size());
    worker.input.resize(longest_.size());
    worker.complete.resize(longest_.size());
  }
  // Two per thread: the other threads can continue while one is interrupted.
  slots_.resize(pool_.threads() == 1 ? 1 : 2 * static_cast<std::size_t>(pool_.threads()));
}

const EngineCapabilities& CpuTraining::capabilities() const { return cpu_capabilities; }

void CpuTraining::bind(const TrainingData& data) {
  bound_ = StandardisedSamples(*model_, data.input);
  target_.assign(data.target.begin(), data.target.end());
  labelled_.assign(data.labelled.begin(), data.labelled.end());
  for (Floats* of : {&teacher_location_, &teacher_uncertainty_, &teacher_logits_}) of->clear();
  reserve(bound_.table());
}

/// Memory for the longest sequences of the table.
void CpuTraining::reserve(const InputTable& table) {
  std::vector<std::int64_t> longest(longest_.size(), 1);
  for (std::int64_t i = 0; i < table.samples(); ++i)
    for (std::size_t m = 0; m < longest.size(); ++m)
      longest[m] = std::max(longest[m], table.frames(i, static_cast<std::int32_t>(m)).steps);
  bool enough = true;
  for (std::size_t m = 0; m < longest.size(); ++m) enough = enough && longest[m] <= longest_[m];
  if (enough) return;
  for (std::size_t m = 0; m < longest.size(); ++m) longest_[m] = std::max(longest[m], longest_[m]);
  const std::int64_t hidden = layout().options.hidden;
  position_stride_ = padded(*std::max_element(longest_.begin(), longest_.end()));
  position_.resize(static_cast<std::size_t>(hidden * position_stride_));
  for (std::int64_t c = 0; c < hidden; ++c)
    for (std::int64_t t = 0; t < position_stride_; ++t)
      position_[static_cast<std::size_t>(c * position_stride_ + t)] =
          static_cast<float>(position_code(t, c, hidden));
  std::size_t most = 0;
  for (std::size_t m = 0; m < longest_.size(); ++m) {
    const auto size = static_cast<std::size_t>(longest_[m] * layout().modalities[m].mean.size);
    most = std::max(most, size);
    for (Worker& worker : workers_) worker.frames[m].resize(size);
  }
  zeros_.assign(most, 0.0f);
  for (Worker& worker : workers_)
    worker.runner = std::make_unique<RowRunner>(kernels_, layout(), options_.teacher, longest_);
}

void CpuTraining::set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                                      Span<const float> logits) {
  teacher_location_.assign(location.begin(), location.end());
  teacher_uncertainty_.assign(uncertainty.begin(), uncertainty.end());
  teacher_logits_.assign(logits.begin(), logits.end());
}

void CpuTraining::begin_phase(TrainingPhase phase) {
  for (Floats* of : {&first_moment_, &second_moment_, &step_counts_})
    std::fill(of->begin(), of->end(), 0.0f);
  if (options_.teacher == TeacherMode::ema && phase == TrainingPhase::student &&
      !ema_teacher_written_)
    ema_teacher_ = parameters_;
}

void CpuTraining::sequences(std::int64_t row, std::int64_t i, const Corruption* corruption,
                            Worker& worker, std::vector<RowSequence>& out) const {
  const InputTable& table = bound_.table();
  const bool zeros = layout().options.absent == CASD_ABSENT_ZEROS;
  const auto at = static_cast<std::size_t>(i);
  const ModalityMask kept =
      table.given(row) & (corruption ? corruption->kept[at] : ~ModalityMask{0});
  for (std::size_t m = 0; m < out.size(); ++m) {
    const FrameSequence& from = table.frames(row, static_cast<std::int32_t>(m));
    if (!(kept >> m & 1u)) {
      out[m] = {zeros ? zeros_.data() : nullptr, std::max<std::int64_t>(from.steps, 1)};
      continue;
    }
    out[m] = {from.values, from.steps};
    if (!corruption) continue;
    const Span<const std::uint8_t> dropped = corruption->dropped(at, m, out.size());
    if (std::find(dropped.begin(), dropped.end(), 1) == dropped.end()) continue;
    const std::int64_t features = layout().modalities[m].mean.size;
    float* to = worker.frames[m].data();
    out[m].frames = to;
    for (std::int64_t t = 0; t < from.steps; ++t, to += features)
      if (dropped[static_cast<std::size_t>(t)])
        std::fill_n(to, features, 0.0f);
      else
        std::copy_n(from.values + t * features, features, to);
  }
}

void CpuTraining::run_row(const StepContext& step, const StepRequest& request,
                          const Corruption* corruption, std::int64_t i, Worker& worker,
                          float* gradient, LossSums& losses) {
  const std::int64_t sample = request.rows[static_cast<std::size_t>(i)];
  const auto at = static_cast<std::size_t>(sample);
  TrainingRow row;
  row.position = static_cast<std::uint64_t>(request.first_row + i);
  sequences(sample, i, corruption, worker, worker.input);
  row.input = worker.input.data();
  const bool student = request.phase == TrainingPhase::student;
  if (student &&
      (options_.teacher == TeacherMode::ema || options_.teacher == TeacherMode::shared)) {
    sequences(sample, i, nullptr, worker, worker.complete);
    row.complete = worker.complete.data();
  }
  const auto columns = static_cast<std::size_t>(layout().schema.target_columns());
  if (labelled_[at]) row.target = target_.data() + at * columns;
  if (student && !teacher_location_.empty()) {
    const auto hidden = static_cast<std::size_t>(layout().options.hidden);
    row.teacher_location = teacher_location_.data() + at * hidden;
    row.teacher_uncertainty = teacher_uncertainty_.data() + at * hidden;
    row.teacher_logits =
        teacher_logits_.data() + at * static_cast<std::size_t>(layout().schema.logit_count());
  }
  worker.runner->run(step, row, gradient, losses);
}

void CpuTraining::accumulate(const StepRequest& request) {
  const bool student = request.phase == TrainingPhase::student;
  if (student) {
    corruption_.reserve(request.rows.size(), longest_.size(),
                        static_cast<std::size_t>(
                            std::accumulate(longest_.begin(), longest_.end(), std::int64_t{0})));
    draw_corruption(bound_.table(), request.rows, options_.frame_drop, {request.seed, request.step},
                    request.first_row, corruption_);
  }
  StepContext step{&layout(),
                   &options_,
                   class_weights_.data(),
                   parameters_.data(),
                   ema_teacher_.empty() ? nullptr : ema_teacher_.data(),
                   position_.data(),
                   position_stride_,
                   request.phase,
                   request.seed,
                   request.step,
                   request.batch,
                   nullptr};
  step.batch.targets = std::max(step.batch.targets, least_targets);

  const auto samples = static_cast<std::int64_t>(request.rows.size());
  const std::int64_t rows = chunk_rows(samples), chunks = (samples + rows - 1) / rows;
  const auto run_chunk = [&](std::int64_t chunk, int worker, float* gradient, LossSums& losses) {
    const FlushToZero mode;
    for (std::int64_t i = chunk * rows; i < std::min((chunk + 1) * rows, samples); ++i)
      run_row(step, request, student ? &corruption_ : nullptr, i,
              workers_[static_cast<std::size_t>(worker)], gradient, losses);
  };
  const auto slots = static_cast<std::int64_t>(slots_.size());
  for (std::int64_t first = 0; first < chunks; first += slots) {
    const std::int64_t count = std::min(slots, chunks - first);
    if (chunks == 1) {
      if (pool_.threads() > 1) step.pool = &pool_;
      LossSums sums;
      run_chunk(0, 0, gradient_.data(), sums);
      losses_.add(sums);
      break;
    }
    pool_.run(count, [&](std::int64_t piece, int worker) {
      Slot& slot = slots_[static_cast<std::size_t>(piece)];
      if (!slot.clear) slot.gradient.assign(parameter_count(), 0.0f);
      slot.clear = false;
      slot.losses = {};
      run_chunk(first + piece, worker, slot.gradient.data(), slot.losses);
    });
    for (std::int64_t piece = 0; piece < count; ++piece) {
      Slot& slot = slots_[static_cast<std::size_t>(piece)];
      kernels_.move_sum(slot.gradient.data(), layout().learned_count, gradient_.data());
      slot.clear = true;
      losses_.add(slot.losses);
    }
  }
  const bool teacher = options_.teacher == TeacherMode::ema ||
                       options_.teacher == TeacherMode::shared || !teacher_location_.empty();
  has_logit_ = has_logit_ || (student && teacher);
  has_uncertainty_ = has_uncertainty_ || (student && teacher && options_.uncertainty_weight > 0);
  has_evidence_ = has_evidence_ || (student && options_.evidence_weight > 0);
  present_ |= request.batch.present;
}

void CpuTraining::clear_step() {
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  losses_ = {};
  has_logit_ = has_uncertainty_ = has_evidence_ = false;
  present_ = 0;
}

StepLosses CpuTraining::apply(double learning_rate) {
  const FlushToZero mode;
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  convolutions_.to_file_order(gradient_.data());
  const double norm = std::sqrt(kernels_.squared_norm(gradient_.data(), layout().learned_count));
  const StepLosses out{losses_.total,
                       losses_.task,
                       has_logit_ ? losses_.logit : none,
                       has_uncertainty_ ? losses_.uncertainty : none,
                       has_evidence_ ? losses_.evidence : none,
                       norm};
  if (!std::isfinite(out.total) || !std::isfinite(norm)) {
    clear_step();
    if (!std::isfinite(out.total))
      fail(CASD_ERROR_NUMERIC, "training diverged: the loss is ", out.total);
    fail(CASD_ERROR_NUMERIC, "training diverged: the gradient's norm is ", norm);
  }
  const double factor = options_.gradient_clip > 0
                            ? std::min(1.0, options_.gradient_clip / (norm + clip_epsilon))
                            : 1;
  for (std::size_t i = 0; i < layout().groups.size(); ++i) {
    const ParameterGroup& group = layout().groups[i];
    // Parameters of a modality that is absent from the batch keep their moments and step count.
    if (group.modality >= 0 && !(present_ >> group.modality & 1u)) continue;
    step_counts_[i] += 1;
    const double rate = learning_rate * (group.evidence ? options_.evidence_rate : 1);
    kernels_.adam(
        AdamConstants(rate, options_.weight_decay, factor, static_cast<double>(step_counts_[i])),
        group.end - group.begin, gradient_.data() + group.begin, parameters_.data() + group.begin,
        first_moment_.data() + group.begin, second_moment_.data() + group.begin);
  }
  if (options_.teacher == TeacherMode::ema)
    kernels_.moving_average(static_cast<float>(options_.ema_decay), parameters_.data(),
                            layout().learned_count, ema_teacher_.data());
  clear_step();
  return out;
}

const Floats& CpuTraining::state(StatePart part) const {
  switch (part) {
    case StatePart::parameters:
      return parameters_;
    case StatePart::first_moment:
      return first_moment_;
    case StatePart::second_moment:
      return second_moment_;
    case StatePart::step_counts:
      return step_counts_;
    case StatePart::gradient:
      return gradient_;
    case StatePart::ema_teacher:
      if (options_.teacher != TeacherMode::ema)
        fail(CASD_ERROR_STATE, "there is no averaged teacher");
      return ema_teacher_;
  }
  fail(CASD_ERROR_INVALID_ARGUMENT, "there is no state ", static_cast<std::int32_t>(part));
}

void CpuTraining::read(StatePart part, Span<float> values) const {
  const Floats& from = state(part);
  const std::size_t count =
      part == StatePart::step_counts ? step_counts_.size() : parameter_count();
  require(values.size() == count, "state ", static_cast<std::int32_t>(part), " has ", count,
          " numbers, requested ", values.size());
  std::copy_n(from.begin(), count, values.begin());
  if (part == StatePart::gradient) ConvolutionGradients(layout()).to_file_order(values.begin());
}

void CpuTraining::write(StatePart part, Span<const float> values) {
  auto& to = const_cast<Floats&>(state(part));
  const std::size_t count =
      part == StatePart::step_counts ? step_counts_.size() : parameter_count();
  require(values.size() == count, "state ", static_cast<std::int32_t>(part), " has ", count,
          " numbers, given ", values.size());
  std::copy(values.begin(), values.end(), to.begin());
  if (part == StatePart::gradient) convolutions_.from_file_order(gradient_.data());
  if (part == StatePart::ema_teacher) ema_teacher_written_ = true;
}

InferenceEnginePtr CpuTraining::snapshot() const {
  const Span<const float> learned(parameters_.data(), parameter_count());
  return cpu_engine().infer(
      std::make_shared<const Model>(model_->shared_layout(),
                                    with_learned(layout(), model_->values(), learned)),
      setup_);
}

std::unique_ptr<TrainingEngine> make_cpu_training(const Model& model, const EngineSetup& setup,
                                                  const TrainingSetup& training) {
  return std::make_unique<CpuTraining>(model, setup, training, supported_targets()[0]);
}

}  // namespace casd::cpu
