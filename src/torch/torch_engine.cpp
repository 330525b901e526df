#include "torch/torch_engine.h"

#include "core/error.h"
#include "torch/aten_threads.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace casd::torch_engine {
namespace {

at::Tensor from_floats(Span<const float> values, const at::TensorOptions& options) {
  return at::from_blob(const_cast<float*>(values.data()),
                       {static_cast<std::int64_t>(values.size())},
                       at::TensorOptions().dtype(at::kFloat))
      .to(options, /*non_blocking=*/false, /*copy=*/true);
}

std::vector<float> to_floats(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU, at::kFloat).contiguous();
  const float* from = flat.const_data_ptr<float>();
  return std::vector<float>(from, from + flat.numel());
}

/// Depends on the batch size only. Batches of 64 samples or more are split, so that two or more
/// threads can work. Smaller micro-batches are slower: a micro-batch of the default network has a
/// fixed cost of about 5 ms, a row costs 0.7 ms (measured on one Zen core).
std::int64_t micro_batch_rows(std::int64_t samples) {
  return std::clamp<std::int64_t>((samples + 1) / 2, 32, 64);
}

constexpr std::size_t encode_rows = 32;  // sequences that are encoded together on the CPU

void gather(const std::vector<float>& all, std::size_t columns, Span<const std::int64_t> rows,
            std::vector<float>& out) {
  out.resize(rows.size() * columns);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(all.data() + static_cast<std::size_t>(rows[i]) * columns, columns,
                out.data() + i * columns);
}

double number(const at::Tensor& term) {
  return term.defined() ? term.item<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

TorchEngine::TorchEngine(const TorchEngineSetup& setup)
    : model_(setup.model),
      training_(setup.training),
      options_(at::TensorOptions().device(setup.device).dtype(setup.type)),
      whole_batch_(!setup.device.is_cpu()),
      parameters_(setup.model->shared_layout(), options_),
      plain_leaves_(parameters_, false),
      encoders_(plain_leaves_) {
  write(StatePart::parameters, learned_values(layout(), setup.model->values()));
  pool_ = std::make_unique<ThreadPool>(setup.device.is_cpu() ? setup.threads : 1);
  for (int i = 0; i < pool_->threads(); ++i)
    readers_.push_back(std::make_unique<Encoders>(plain_leaves_));
  if (!training_) return;
  gradient_ = at::zeros_like(parameters_.values());
  present_.assign(layout().schema.modalities.size(), false);
  adam_ = std::make_unique<Adam>(parameters_, *training_);
  class_weights_ =
      setup.class_weights.empty()
          ? at::ones({static_cast<std::int64_t>(layout().schema.outputs.size())}, options_)
          : from_floats(setup.class_weights, options_);
  if (training_->teacher == TeacherMode::ema) {
    average_ = std::make_unique<Parameters>(setup.model->shared_layout(), options_);
    average_leaves_ = std::make_unique<ParameterLeaves>(*average_, false);
    const at::NoGradGuard no_grad;
    average_->values().copy_(parameters_.values());
  }
  // Two per thread: the other threads can continue while one is interrupted.
  const int slots = pool_->threads() == 1 ? 1 : 2 * pool_->threads();
  for (int i = 0; i < slots; ++i) {
    ParameterLeaves leaves(parameters_, true);
    Encoders encoders(leaves);
    std::optional<Encoders> average;
    if (average_leaves_) average.emplace(*average_leaves_);
    slots_.push_back(std::make_unique<Slot>(
        Slot{std::move(leaves), std::move(encoders), std::move(average), {}}));
  }
}

Law TorchEngine::fuse_all(const Encoders& encoders, const Input& input,
                          const RandomContext& random) const {
  const std::int64_t d = layout().options.hidden;
  std::vector<at::Tensor> nig, present;
  for (std::size_t m = 0; m < input.modalities.size(); ++m) {
    const ModalityInput& modality = input.modalities[m];
    if (modality.rows() == input.samples) {
      nig.push_back(encoders.encode(modality, static_cast<std::int32_t>(m), random));
      present.push_back(at::ones({input.samples}, options_));
      continue;
    }
    // Absent rows are multiplied by 0. They only need valid, finite numbers.
    at::Tensor all = at::ones({input.samples, 4, d}, options_);
    all.select(1, 2).fill_(2);
    at::Tensor here = at::zeros({input.samples}, options_);
    if (modality.rows() > 0) {
      const at::Tensor sample =
          at::tensor(modality.sample, at::TensorOptions().dtype(at::kLong)).to(here.device());
      here.index_fill_(0, sample, 1);
      all = all.index_copy(0, sample,
                           encoders.encode(modality, static_cast<std::int32_t>(m), random));
    }
    nig.push_back(all);
    present.push_back(here);
  }
  return fuse(at::stack(nig, 1), at::stack(present, 1).unsqueeze(2), layout().options);
}

std::vector<at::Tensor> TorchEngine::encode(const Input& input) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> out(input.modalities.size());
  for (std::size_t m = 0; m < out.size(); ++m)
    if (input.modalities[m].rows() > 0)
      out[m] = encoders_.encode(input.modalities[m], static_cast<std::int32_t>(m), {});
  return out;
}

void TorchEngine::encode(Span<const EncodeItem> items) {
  // Sequences of about the same length, of one modality.
  std::vector<EncodeItem> sorted(items.begin(), items.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const EncodeItem& a, const EncodeItem& b) {
    return a.modality != b.modality ? a.modality < b.modality : a.steps < b.steps;
  });
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (begins.empty() || sorted[i].modality != sorted[begins.back()].modality ||
        (!whole_batch_ && i - begins.back() == encode_rows))
      begins.push_back(i);
  const std::int64_t size = 4 * layout().options.hidden;
  pool_->run(static_cast<std::int64_t>(begins.size()), [&](std::int64_t piece, int worker) {
    if (worker != 0) use_one_aten_thread();
    const at::NoGradGuard no_grad;
    const auto at = static_cast<std::size_t>(piece);
    const std::size_t first = begins[at];
    const std::size_t end = at + 1 < begins.size() ? begins[at + 1] : sorted.size();
    const Span<const EncodeItem> part(sorted.data() + first, end - first);
    PackedBatch packed;
    packed.pack(*model_, part);
    const auto m = static_cast<std::size_t>(part[0].modality);
    const Input input = make_input(packed, layout().schema, options_);
    const at::Tensor nig = readers_[static_cast<std::size_t>(worker)]
                               ->encode(input.modalities[m], part[0].modality, {})
                               .to(at::kCPU, at::kFloat)
                               .contiguous();
    const float* from = nig.const_data_ptr<float>();
    for (std::size_t r = 0; r < part.size(); ++r, from += size)
      std::copy_n(from, size, part[r].nig);
  });
}

Law TorchEngine::law(const Input& input, at::Tensor* logits) const {
  const at::NoGradGuard no_grad;
  Law law = fuse_all(encoders_, input, {});
  if (logits) *logits = encoders_.classify(law.location);
  return law;
}

TorchEngine::Losses TorchEngine::losses(const Slot& slot, const StepInput& step,
                                        const LossNormalisers& normalisers) const {
  const TrainingOptions& o = *training_;
  const casd_task task = layout().schema.task;
  const Encoders& encoders = slot.encoders;
  const Law law = fuse_all(encoders, step.input, step.random);
  const at::Tensor logits = encoders.classify(sample(law, o, step.random, step.noise));
  Losses out;
  out.task = task_loss(logits, step.targets, task, normalisers);
  out.total = out.task;
  if (step.phase != TrainingPhase::student) return out;

  TeacherOutputs teacher = step.teacher;
  if (o.teacher == TeacherMode::ema && step.complete) {
    const at::NoGradGuard no_grad;
    const Law complete = fuse_all(*slot.average, *step.complete, {});
    teacher = {complete.location, complete.uncertainty, slot.average->classify(complete.location)};
  } else if (o.teacher == TeacherMode::shared && step.complete) {
    RandomContext second = step.random;
    second.pass = 1;
    const Law complete = fuse_all(encoders, *step.complete, second);
    out.task = out.task + task_loss(encoders.classify(sample(complete, o, second)), step.targets,
                                    task, normalisers);
    out.total = out.task;
    teacher = {complete.location.detach(), complete.uncertainty.detach(),
               encoders.classify(complete.location.detach()).detach()};
  }
  if (teacher.location.defined()) {
    out.logit = logit_loss(logits, teacher.logits, task, normalisers);
    out.total = out.total + out.logit * o.logit_weight;
    if (o.uncertainty_weight > 0) {
      out.uncertainty = uncertainty_loss(law, teacher.uncertainty, normalisers);
      out.total = out.total + out.uncertainty * o.uncertainty_weight;
    }
  }
  if (o.evidence_weight > 0) {
    const at::Tensor target = teacher.location.defined() ? teacher.location : law.location.detach();
    out.evidence = evidence_loss(law, target, o.evidence_regularizer, normalisers);
    out.total = out.total + out.evidence * o.evidence_weight;
  }
  return out;
}

StepLosses TorchEngine::accumulate(const StepInput& step, const LossNormalisers& normalisers) {
  require_training();
  const std::int64_t samples = step.input.samples;
  const std::int64_t rows = whole_batch_ ? samples : micro_batch_rows(samples);
  const std::int64_t pieces = (samples + rows - 1) / rows;
  const auto slots = static_cast<std::int64_t>(slots_.size());
  StepLosses sum{};
  for (std::int64_t first = 0; first < pieces; first += slots) {
    const std::int64_t count = std::min(slots, pieces - first);
    pool_->run(count, [&](std::int64_t piece, int worker) {
      if (worker != 0) use_one_aten_thread();
      Slot& slot = *slots_[static_cast<std::size_t>(piece)];
      {
        const at::NoGradGuard no_grad;
        slot.leaves.gradient().zero_();
      }
      const std::int64_t begin = (first + piece) * rows;
      const StepInput part =
          pieces == 1 ? step : step.slice(begin, std::min(rows, samples - begin));
      const Losses terms = losses(slot, part, normalisers);
      terms.total.backward();
      slot.losses = {number(terms.total),       number(terms.task),     number(terms.logit),
                     number(terms.uncertainty), number(terms.evidence), 0};
    });
    const at::NoGradGuard no_grad;
    for (std::int64_t piece = 0; piece < count; ++piece) {
      const Slot& slot = *slots_[static_cast<std::size_t>(piece)];
      gradient_.add_(slot.leaves.gradient());
      sum.total += slot.losses.total;
      sum.task += slot.losses.task;
      sum.logit += slot.losses.logit;
      sum.uncertainty += slot.losses.uncertainty;
      sum.evidence += slot.losses.evidence;
    }
  }
  {
    const at::NoGradGuard no_grad;
    gradient_.mul_(parameters_.gradient_mask());
  }
  for (std::size_t m = 0; m < present_.size(); ++m)
    if (step.input.modalities[m].rows() > 0 ||
        (training_->teacher == TeacherMode::shared && step.complete &&
         step.complete->modalities[m].rows() > 0))
      present_[m] = true;
  return sum;
}

void TorchEngine::bind(const TrainingData& data) {
  require_training();
  bound_ = StandardisedSamples(*model_, data.input);
  target_.assign(data.target.begin(), data.target.end());
  labelled_.assign(data.labelled.begin(), data.labelled.end());
  for (std::vector<float>* of : {&teacher_location_, &teacher_uncertainty_, &teacher_logits_})
    of->clear();
}

void TorchEngine::set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                                      Span<const float> logits) {
  teacher_location_.assign(location.begin(), location.end());
  teacher_uncertainty_.assign(uncertainty.begin(), uncertainty.end());
  teacher_logits_.assign(logits.begin(), logits.end());
}

StepInput TorchEngine::make_step(const StepRequest& request) {
  require_training();
  const bool student = request.phase == TrainingPhase::student;
  const TeacherMode teacher = training_->teacher;
  const Schema& schema = layout().schema;
  const InputTable& table = bound_.table();
  StepInput to;
  to.phase = request.phase;
  Corruption corruption;
  if (student)
    draw_corruption(table, request.rows, training_->frame_drop, {request.seed, request.step},
                    request.first_row, corruption);
  input_.pack(layout(), table, request.rows, student ? &corruption : nullptr);
  to.input = make_input(input_, schema, options_);
  if (student && (teacher == TeacherMode::ema || teacher == TeacherMode::shared)) {
    complete_.pack(layout(), table, request.rows, nullptr);
    to.complete = make_input(complete_, schema, options_);
  }
  gather(target_, static_cast<std::size_t>(schema.target_columns()), request.rows, step_target_);
  gather(labelled_, 1, request.rows, step_labelled_);
  to.targets = make_targets(step_target_, step_labelled_, schema, class_weights_, options_);
  if (student && !teacher_location_.empty()) {
    const auto samples = static_cast<std::int64_t>(request.rows.size());
    const std::int64_t hidden = layout().options.hidden, outputs = schema.logit_count();
    const auto rows = [&](const std::vector<float>& all, std::vector<float>& some,
                          std::int64_t columns) {
      gather(all, static_cast<std::size_t>(columns), request.rows, some);
      return array_tensor(some.data(), {samples, columns}, options_);
    };
    to.teacher = {rows(teacher_location_, step_location_, hidden),
                  rows(teacher_uncertainty_, step_uncertainty_, hidden),
                  rows(teacher_logits_, step_logits_, outputs)};
  }
  to.random.dropout = training_->dropout;
  to.random.seed = request.seed;
  to.random.step = request.step;
  to.random.first_row = static_cast<std::uint64_t>(request.first_row);
  return to;
}

void TorchEngine::accumulate(const StepRequest& request) {
  const LossNormalisers totals = {
      request.batch.samples, std::max(request.batch.targets, least_targets), request.batch.pairs};
  const StepLosses part = accumulate(make_step(request), totals);
  losses_.total += part.total;
  losses_.task += part.task;
  losses_.logit += part.logit;
  losses_.uncertainty += part.uncertainty;
  losses_.evidence += part.evidence;
  for (std::size_t m = 0; m < present_.size(); ++m)
    if (request.batch.present >> m & 1u) present_[m] = true;
}

StepLosses TorchEngine::finish_step(double learning_rate) {
  require_training();
  StepLosses out = losses_;
  losses_ = {};
  try {
    if (!std::isfinite(out.total))
      fail(CASD_ERROR_NUMERIC, "training diverged: the loss is ", out.total);
    out.gradient_norm = apply(learning_rate);
  } catch (...) {
    clear_gradient();
    throw;
  }
  return out;
}

void TorchEngine::clear_gradient() {
  const at::NoGradGuard no_grad;
  gradient_.zero_();
  present_.assign(present_.size(), false);
}

double TorchEngine::apply(double learning_rate) {
  require_training();
  const at::NoGradGuard no_grad;
  const double norm = at::linalg_vector_norm(gradient_).item<double>();
  if (!std::isfinite(norm))
    fail(CASD_ERROR_NUMERIC, "training diverged: the gradient's norm is ", norm);
  adam_->apply(gradient_, norm, present_, learning_rate);
  clear_gradient();
  if (average_)
    average_->values()
        .mul_(training_->ema_decay)
        .add_(parameters_.values(), 1 - training_->ema_decay);
  return norm;
}

StepLosses TorchEngine::step(const StepInput& step, double learning_rate) {
  require_training();
  clear_gradient();
  StepLosses out = accumulate(step, normalisers(step, layout().schema.task));
  if (!std::isfinite(out.total))
    fail(CASD_ERROR_NUMERIC, "training diverged: the loss is ", out.total);
  out.gradient_norm = apply(learning_rate);
  return out;
}

void TorchEngine::begin_phase(TrainingPhase phase) {
  require_training();
  adam_->reset();
  const at::NoGradGuard no_grad;
  if (average_ && phase == TrainingPhase::student && !average_written_)
    average_->values().copy_(parameters_.values());
}

void TorchEngine::require_training() const {
  if (!training_) fail(CASD_ERROR_STATE, "this network was created for inference only");
}

TorchEngineSetup TorchEngine::inference_setup() const {
  TorchEngineSetup out;
  out.model = std::make_shared<const Model>(
      model_->shared_layout(),
      with_learned(layout(), model_->values(), read(StatePart::parameters)));
  out.device = options_.device();
  out.type = at::typeMetaToScalarType(options_.dtype());
  out.threads = pool_->threads();
  return out;
}

/// Buffers in the layout of the parameters.
const at::Tensor& TorchEngine::moments(StatePart part) const {
  switch (part) {
    case StatePart::parameters:
      return parameters_.values();
    case StatePart::first_moment:
      return adam_->first_moment;
    case StatePart::second_moment:
      return adam_->second_moment;
    case StatePart::gradient:
      return gradient_;
    case StatePart::ema_teacher:
      if (!average_) fail(CASD_ERROR_STATE, "there is no averaged teacher");
      return average_->values();
    default:
      fail(CASD_ERROR_INVALID_ARGUMENT, "there is no state ", static_cast<std::int32_t>(part));
  }
}

std::vector<float> TorchEngine::read(StatePart part) const {
  if (part != StatePart::parameters) require_training();
  if (part == StatePart::step_counts) return to_floats(adam_->step_counts);
  return to_floats(parameters_.in_file_order(moments(part)));
}

void TorchEngine::write(StatePart part, Span<const float> values) {
  const at::NoGradGuard no_grad;
  if (part != StatePart::parameters) require_training();
  const bool counts = part == StatePart::step_counts;
  const auto expected =
      counts ? layout().groups.size() : static_cast<std::size_t>(layout().learned_count);
  require(values.size() == expected, "state ", static_cast<std::int32_t>(part), " has ",
          values.size(), " numbers, expected ", expected);
  const at::Tensor given = from_floats(values, at::TensorOptions().dtype(at::kFloat));
  if (counts) {
    adam_->step_counts.copy_(given);
    return;
  }
  parameters_.from_file_order(given, moments(part));
  if (part == StatePart::ema_teacher) average_written_ = true;
}

}  // namespace casd::torch_engine
