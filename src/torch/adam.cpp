#include "torch/adam.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace casd::torch_engine {
namespace {

constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
constexpr double clip_epsilon = 1e-6;  // added to the norm, as torch.nn.utils.clip_grad_norm_ does

}  // namespace

Adam::Adam(const Parameters& parameters, const TrainingOptions& options)
    : first_moment(at::zeros_like(parameters.values())),
      second_moment(at::zeros_like(parameters.values())),
      step_counts(at::zeros({static_cast<std::int64_t>(parameters.layout().groups.size())},
                            parameters.values().options().dtype(at::kFloat))),
      parameters_(parameters),
      options_(options) {}

void Adam::reset() {
  const at::NoGradGuard no_grad;
  for (const at::Tensor& state : {first_moment, second_moment, step_counts}) state.zero_();
}

void Adam::apply(const at::Tensor& gradient, double gradient_norm, const std::vector<bool>& present,
                 double learning_rate) {
  const at::NoGradGuard no_grad;
  if (options_.gradient_clip > 0) {
    const double factor = options_.gradient_clip / (gradient_norm + clip_epsilon);
    if (factor < 1) gradient.mul_(factor);
  }
  const std::vector<ParameterGroup>& groups = parameters_.layout().groups;
  for (const bool evidence : {false, true}) {
    std::vector<at::Tensor> values, gradients, first, second, counts;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const ParameterGroup& s = groups[i];
      if (s.evidence != evidence) continue;
      if (s.modality >= 0 && !present[static_cast<std::size_t>(s.modality)]) continue;
      const auto part = [&](const at::Tensor& flat) {
        return flat.narrow(0, s.begin, s.end - s.begin);
      };
      values.push_back(part(parameters_.values()));
      gradients.push_back(part(gradient));
      first.push_back(part(first_moment));
      second.push_back(part(second_moment));
      counts.push_back(step_counts.select(0, static_cast<std::int64_t>(i)));
      counts.back().add_(1);
    }
    if (values.empty()) continue;
    const double rate = learning_rate * (evidence ? options_.evidence_rate : 1);
    at::_fused_adam_(values, gradients, first, second, {}, counts, rate, beta1, beta2,
                     options_.weight_decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
  }
}

}  // namespace casd::torch_engine
