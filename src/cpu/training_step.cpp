#include "cpu/training_step.h"

#include "cpu/encoder_weights.h"
#include "cpu/flush_to_zero.h"
#include "method/losses.h"

#include <algorithm>
#include <cmath>

namespace casd::cpu {
namespace {

/// Floats of tapes for the passes and of scratch memory for each modality, for sequences of these lengths.
std::int64_t memory_needed(const NetworkLayout& layout, TeacherMode teacher,
                           const std::vector<std::int64_t>& longest) {
  Arena tapes(nullptr);
  std::int64_t scratch = 0;
  for (std::size_t m = 0; m < longest.size(); ++m) {
    EncoderTape tape;
    tape.assign(layout.options, longest[m], tapes);
    Arena arena(nullptr);
    EncoderScratch one;
    one.assign(layout.options, layout.modalities[m].mean.size, longest[m], arena);
    scratch += arena.taken();
  }
  const bool complete = teacher == TeacherMode::ema || teacher == TeacherMode::shared;
  return (complete ? 2 : 1) * tapes.taken() + scratch + cache_line;
}

float narrow(double value) { return static_cast<float>(value); }

}  // namespace

ConvolutionGradients::ConvolutionGradients(const NetworkLayout& layout) : layout_(layout) {
  std::size_t most = 0;
  for (const ModalityPlaces& modality : layout.modalities)
    most = std::max(most, static_cast<std::size_t>(modality.mean.size));
  row_.resize(3 * most);
}

template <class Turn>
void ConvolutionGradients::each_row(float* gradient, const Turn& turn) {
  for (const ModalityPlaces& modality : layout_.modalities) {
    const std::int64_t features = modality.mean.size;
    const TensorPlace& place = modality.convolution.weight;
    float* row = gradient + place.learned_offset;
    for (float* end = row + place.size; row != end; row += 3 * features) {
      std::copy_n(row, 3 * features, row_.data());
      turn(row_.data(), features, row);
    }
  }
}

void ConvolutionGradients::to_file_order(float* gradient) {
  each_row(gradient, [](const float* from, std::int64_t features, float* to) {
    for (std::int64_t f = 0; f < features; ++f)
      for (std::int64_t k = 0; k < 3; ++k) to[3 * f + k] = from[k * features + f];
  });
}

void ConvolutionGradients::from_file_order(float* gradient) {
  each_row(gradient, [](const float* from, std::int64_t features, float* to) {
    for (std::int64_t f = 0; f < features; ++f)
      for (std::int64_t k = 0; k < 3; ++k) to[k * features + f] = from[3 * f + k];
  });
}

RowRunner::RowRunner(const TrainingKernels& kernels, const NetworkLayout& layout,
                     TeacherMode teacher, const std::vector<std::int64_t>& longest)
    : kernels_(kernels),
      layout_(layout),
      hidden_(static_cast<std::size_t>(layout.options.hidden)),
      outputs_(static_cast<std::size_t>(layout.classifier.bias.size)),
      rules_{layout.options.weights, layout.options.fused_variance},
      limits_(evidence_limits(layout.options)),
      memory_(static_cast<std::size_t>(memory_needed(layout, teacher, longest))),
      arena_(aligned(memory_.data())),
      scratch_(layout.modalities.size()),
      teacher_location_(hidden_),
      teacher_uncertainty_(hidden_),
      teacher_logits_(outputs_),
      log_p_(outputs_),
      log_q_(outputs_) {
  const std::size_t modalities = layout.modalities.size();
  for (Pass& pass : passes_) {
    pass.tapes.resize(modalities);
    for (EncoderTape& tape : pass.tapes) {
      Arena counting(nullptr);
      tape.assign(layout.options, 1, counting);  // allocates what depends on the layers
    }
    pass.present.reserve(modalities);
    pass.raw.resize(modalities * 4 * hidden_);
    pass.raw_gradient.resize(modalities * 4 * hidden_);
    pass.law.resize(modalities * hidden_);
    pass.law_gradient.resize(modalities * hidden_);
    pass.weight.resize(modalities * hidden_);
    pass.fused.resize(hidden_);
    pass.fused_gradient.resize(hidden_);
    pass.noise.resize(hidden_);
    pass.sampled.resize(hidden_);
    pass.logits.resize(outputs_);
    pass.logit_gradient.resize(outputs_);
  }
}

void RowRunner::place(const RowSequence* input, Pass& pass) {
  pass.present.clear();
  for (std::size_t m = 0; m < pass.tapes.size(); ++m) {
    if (!input[m].frames) continue;
    pass.present.push_back(static_cast<std::int32_t>(m));
    pass.tapes[m].assign(layout_.options, input[m].steps, arena_);
  }
}

template <class Body>
void RowRunner::each_present(const StepContext& step, const RowSequence* input, const Pass& pass,
                             const Body& body) {
  const std::size_t count = pass.present.size();
  const bool parallel = step.pool && count > 1;
  Arena arena = arena_;
  const auto assign = [&](std::size_t i) {
    const auto m = static_cast<std::size_t>(pass.present[i]);
    scratch_[i].assign(layout_.options, layout_.modalities[m].mean.size, input[m].steps, arena);
  };
  if (!parallel) {
    for (std::size_t i = 0; i < count; ++i, arena = arena_) {  // the same memory stays in the cache
      assign(i);
      body(i);
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) assign(i);
  step.pool->run(static_cast<std::int64_t>(count), [&](std::int64_t i, int) {
    const FlushToZero mode;
    body(static_cast<std::size_t>(i));
  });
}

EncoderPass RowRunner::encoder_pass(const StepContext& step, const RowSequence* input,
                                    const float* parameters, std::uint64_t row,
                                    std::uint32_t number, double dropout, const Pass& pass,
                                    std::size_t i) const {
  const std::int32_t modality = pass.present[i];
  const auto m = static_cast<std::size_t>(modality);
  return {&layout_.options,
          &layout_.modalities[m],
          parameters,
          step.position,
          step.position_stride,
          input[m].frames,
          {dropout, step.seed, step.step, row, number, static_cast<std::uint32_t>(modality)},
          &pass.tapes[m],
          &scratch_[i]};
}

void RowRunner::forward(const StepContext& step, const RowSequence* input, const float* parameters,
                        std::uint64_t row, std::uint32_t number, double dropout, Pass& pass) {
  place(input, pass);
  const std::size_t count = pass.present.size();
  each_present(step, input, pass, [&](std::size_t i) {
    float* raw = pass.raw.data() + i * 4 * hidden_;
    kernels_.encoder_forward(encoder_pass(step, input, parameters, row, number, dropout, pass, i),
                             raw);
    for (std::size_t c = 0; c < hidden_; ++c)
      pass.law[c * count + i] = evidence<float>(
          {raw[c], raw[hidden_ + c], raw[2 * hidden_ + c], raw[3 * hidden_ + c]}, limits_);
  });
  for (std::size_t c = 0; c < hidden_; ++c)
    pass.fused[c] =
        fuse(pass.law.data() + c * count, static_cast<std::int32_t>(count), rules_,
             static_cast<const ModalityFactors<float>*>(nullptr), pass.weight.data() + c * count);
}

void RowRunner::sample(const StepContext& step, const TrainingRow& row, std::uint32_t number,
                       const float* given, Pass& pass) const {
  const TrainingOptions& o = *step.options;
  const float kappa = narrow(o.sigma_scale);
  const bool none = o.sampling == SamplingMode::none || o.sigma_scale == 0;
  const RandomStream normal =
      RandomStream(step.seed, step.step, RandomSite::sampling_normal, number).at_row(row.position);
  const RandomStream gamma =
      RandomStream(step.seed, step.step, RandomSite::sampling_gamma, number).at_row(row.position);
  for (std::size_t c = 0; c < hidden_; ++c) {
    const FusedLaw<float>& law = pass.fused[c];
    UnitNoise<float>& noise = pass.noise[c];
    noise = {0, 0};
    if (none) {
      pass.sampled[c] = law.location;
      continue;
    }
    if (given) {
      noise.value = given[c];
    } else {
      const double z = normal_noise(normal, c);
      if (o.sampling == SamplingMode::gaussian) {
        noise.value = narrow(z);
      } else {
        const double a = static_cast<double>(law.degrees_of_freedom) / 2;
        const double g = gamma_noise(gamma, c, a);
        noise.value = student_t_noise(narrow(z), narrow(g), narrow(a));
        if (o.sampling == SamplingMode::implicit)
          noise.slope = narrow(student_t_slope(static_cast<double>(noise.value), g, a));
      }
    }
    pass.sampled[c] = o.sampling == SamplingMode::gaussian
                          ? sample_gaussian(law, kappa, noise.value)
                          : sample_student_t(law, kappa, noise);
  }
}

void RowRunner::classify(const float* parameters, const float* representation,
                         float* logits) const {
  const float* weight = parameters + layout_.classifier.weight.learned_offset;
  const float* bias = parameters + layout_.classifier.bias.learned_offset;
  for (std::size_t k = 0; k < outputs_; ++k, weight += hidden_) {
    float sum = bias[k];
    for (std::size_t c = 0; c < hidden_; ++c) sum += weight[c] * representation[c];
    logits[k] = sum;
  }
}

/// Also begins logit_gradient.
double RowRunner::task_loss(const StepContext& step, const TrainingRow& row, Pass& pass) {
  std::fill(pass.logit_gradient.begin(), pass.logit_gradient.end(), 0.0f);
  if (!row.target) return 0;
  const float* z = pass.logits.data();
  float* gradient = pass.logit_gradient.data();
  double loss = 0;
  switch (layout_.schema.task) {
    case CASD_TASK_REGRESSION: {
      const double share = 1 / (step.batch.targets * static_cast<double>(outputs_));
      for (std::size_t k = 0; k < outputs_; ++k) {
        loss += share * static_cast<double>(squared_error(z[k], row.target[k]));
        gradient[k] += narrow(share) * squared_error_gradient(z[k], row.target[k]);
      }
      return loss;
    }
    case CASD_TASK_CLASSES: {
      const auto count = static_cast<std::int64_t>(outputs_);
      const auto label = static_cast<std::int64_t>(row.target[0]);
      const double share = static_cast<double>(step.class_weights[label]) / step.batch.targets;
      log_softmax(z, count, log_p_.data());
      cross_entropy_backward(log_p_.data(), count, label, narrow(share), gradient);
      return share * static_cast<double>(cross_entropy(log_p_.data(), label));
    }
    default: {
      const std::size_t pairs = outputs_ / 2;
      const double share = 1 / (step.batch.targets * static_cast<double>(pairs));
      for (std::size_t k = 0; k < pairs; ++k) {
        float log_p[2];
        const auto label = static_cast<std::int64_t>(row.target[k]);
        log_softmax(z + 2 * k, 2, log_p);
        loss += share * static_cast<double>(cross_entropy(log_p, label));
        cross_entropy_backward(log_p, 2, label, narrow(share), gradient + 2 * k);
      }
      return loss;
    }
  }
}

/// The distillation of the outputs; adds to logit_gradient.
double RowRunner::logit_loss(const StepContext& step, const float* teacher, Pass& pass) {
  const float* z = pass.logits.data();
  float* gradient = pass.logit_gradient.data();
  const double weight = step.options->logit_weight;
  double loss = 0;
  if (layout_.schema.task == CASD_TASK_REGRESSION) {
    const double share = 1 / (step.batch.samples * static_cast<double>(outputs_));
    for (std::size_t k = 0; k < outputs_; ++k) {
      loss += share * static_cast<double>(squared_error(z[k], teacher[k]));
      gradient[k] += narrow(weight * share) * squared_error_gradient(z[k], teacher[k]);
    }
    return loss;
  }
  const std::size_t classes = layout_.schema.task == CASD_TASK_CLASSES ? outputs_ : 2;
  const auto count = static_cast<std::int64_t>(classes);
  const double share = 1 / (step.batch.samples * static_cast<double>(outputs_ / classes));
  for (std::size_t k = 0; k < outputs_; k += classes) {
    log_softmax(z + k, count, log_p_.data());
    log_softmax(teacher + k, count, log_q_.data());
    loss += share * static_cast<double>(jensen_shannon(log_p_.data(), log_q_.data(), count));
    jensen_shannon_backward(log_p_.data(), log_q_.data(), count, narrow(weight * share),
                            gradient + k);
  }
  return loss;
}

/// Terms of the student's phase; adds to the gradients of logits, fused law and laws.
void RowRunner::student_losses(const StepContext& step, const Teacher& teacher, Pass& pass,
                               LossSums& losses) {
  const TrainingOptions& o = *step.options;
  const std::size_t count = pass.present.size();
  if (teacher.location) {
    const double logit = logit_loss(step, teacher.logits, pass);
    losses.logit += logit;
    losses.total += o.logit_weight * logit;
    if (o.uncertainty_weight > 0) {
      const double share = 1 / (step.batch.samples * static_cast<double>(hidden_));
      double sum = 0;
      for (std::size_t c = 0; c < hidden_; ++c) {
        const float value = pass.fused[c].variance, wanted = teacher.uncertainty[c];
        sum += share * static_cast<double>(squared_error(value, wanted));
        pass.fused_gradient[c].variance +=
            narrow(o.uncertainty_weight * share) * squared_error_gradient(value, wanted);
      }
      losses.uncertainty += sum;
      losses.total += o.uncertainty_weight * sum;
    }
  }
  if (o.evidence_weight <= 0) return;
  const double share = 1 / (step.batch.pairs * static_cast<double>(hidden_));
  const float regularizer = narrow(o.evidence_regularizer);
  double sum = 0;
  for (std::size_t c = 0; c < hidden_; ++c) {
    const float target = teacher.location ? teacher.location[c] : pass.fused[c].location;
    for (std::size_t i = 0; i < count; ++i) {
      const Law& law = pass.law[c * count + i];
      sum += share * static_cast<double>(evidence_loss(law, target, regularizer));
      evidence_loss_backward(law, target, regularizer, narrow(o.evidence_weight * share),
                             pass.law_gradient[c * count + i]);
    }
  }
  losses.evidence += sum;
  losses.total += o.evidence_weight * sum;
}

void RowRunner::backward(const StepContext& step, const RowSequence* input, std::uint64_t row,
                         std::uint32_t number, Pass& pass, float* gradient) {
  const TrainingOptions& o = *step.options;
  const std::size_t count = pass.present.size();
  const float kappa = narrow(o.sigma_scale);
  const bool none = o.sampling == SamplingMode::none || o.sigma_scale == 0;
  const float* weight = step.parameters + layout_.classifier.weight.learned_offset;
  float* weight_gradient = gradient + layout_.classifier.weight.learned_offset;
  float* bias_gradient = gradient + layout_.classifier.bias.learned_offset;
  for (std::size_t k = 0; k < outputs_; ++k) {
    const float of_logit = pass.logit_gradient[k];
    bias_gradient[k] += of_logit;
    for (std::size_t c = 0; c < hidden_; ++c)
      weight_gradient[k * hidden_ + c] += of_logit * pass.sampled[c];
  }
  for (std::size_t c = 0; c < hidden_; ++c) {
    float of_sample = 0;
    for (std::size_t k = 0; k < outputs_; ++k)
      of_sample += weight[k * hidden_ + c] * pass.logit_gradient[k];
    FusedGradient<float> add{of_sample, 0, 0};
    if (!none)
      add = o.sampling == SamplingMode::gaussian
                ? sample_gaussian_backward(pass.fused[c], kappa, pass.noise[c].value, of_sample)
                : sample_student_t_backward(pass.fused[c], kappa, pass.noise[c], of_sample);
    FusedGradient<float>& to = pass.fused_gradient[c];
    to = {to.location + add.location, to.degrees_of_freedom + add.degrees_of_freedom,
          to.variance + add.variance};
    fuse_backward(pass.law.data() + c * count, static_cast<std::int32_t>(count), rules_,
                  pass.fused[c], pass.weight.data() + c * count, to,
                  pass.law_gradient.data() + c * count);
  }
  // The gradients of two modalities do not overlap.
  each_present(step, input, pass, [&](std::size_t i) {
    const float* raw = pass.raw.data() + i * 4 * hidden_;
    float* out = pass.raw_gradient.data() + i * 4 * hidden_;
    for (std::size_t c = 0; c < hidden_; ++c) {
      const Law of_raw = evidence_backward<float>(
          {raw[c], raw[hidden_ + c], raw[2 * hidden_ + c], raw[3 * hidden_ + c]}, limits_,
          pass.law_gradient[c * count + i]);
      out[c] = of_raw.gamma;
      out[hidden_ + c] = of_raw.delta;
      out[2 * hidden_ + c] = of_raw.alpha;
      out[3 * hidden_ + c] = of_raw.beta;
    }
    kernels_.encoder_backward(
        encoder_pass(step, input, step.parameters, row, number, o.dropout, pass, i), out, gradient);
  });
}

void RowRunner::run(const StepContext& step, const TrainingRow& row, float* gradient,
                    LossSums& losses) {
  const TrainingOptions& o = *step.options;
  const bool student = step.phase == TrainingPhase::student;
  const Arena begin = arena_;
  const auto start = [&](Pass& pass, const RowSequence* input, std::uint32_t number,
                         const float* noise) {
    forward(step, input, step.parameters, row.position, number, o.dropout, pass);
    sample(step, row, number, noise, pass);
    classify(step.parameters, pass.sampled.data(), pass.logits.data());
    std::fill(pass.fused_gradient.begin(), pass.fused_gradient.end(),
              FusedGradient<float>{0, 0, 0});
    std::fill(pass.law_gradient.begin(), pass.law_gradient.end(), Law{0, 0, 0, 0});
    const double task = task_loss(step, row, pass);
    losses.task += task;
    losses.total += task;
  };
  const auto takes_part = [](const RowSequence& one) { return one.frames != nullptr; };
  if (std::none_of(row.input, row.input + layout_.modalities.size(), takes_part)) return;
  Pass &input = passes_[0], &complete = passes_[1];
  const bool shared = student && o.teacher == TeacherMode::shared && row.complete;
  start(input, row.input, 0, row.noise);
  if (student) {
    Teacher teacher{row.teacher_location, row.teacher_uncertainty, row.teacher_logits};
    const bool ema = o.teacher == TeacherMode::ema && row.complete && step.ema_teacher;
    if (ema || shared) {
      const float* of_teacher = ema ? step.ema_teacher : step.parameters;
      if (ema)
        forward(step, row.complete, of_teacher, row.position, 0, 0, complete);
      else
        start(complete, row.complete, 1, nullptr);
      for (std::size_t c = 0; c < hidden_; ++c) {
        teacher_location_[c] = complete.fused[c].location;
        teacher_uncertainty_[c] = complete.fused[c].variance;
      }
      classify(of_teacher, teacher_location_.data(), teacher_logits_.data());
      teacher = {teacher_location_.data(), teacher_uncertainty_.data(), teacher_logits_.data()};
    }
    student_losses(step, teacher, input, losses);
  }
  backward(step, row.input, row.position, 0, input, gradient);
  if (shared) backward(step, row.complete, row.position, 1, complete, gradient);
  arena_ = begin;
}

}  // namespace casd::cpu
