#include "torch/law.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_standard_gamma_grad.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>

#include <limits>

namespace casd::torch_engine {

Law fuse(const at::Tensor& nig, const at::Tensor& present, const casd_model_options& rules) {
  Law law;
  const std::vector<at::Tensor> parameters = nig.unbind(2);
  law.gamma = parameters[0];
  law.delta = parameters[1];
  law.alpha = parameters[2];
  law.beta = parameters[3];
  law.present = present;
  const at::Tensor nu = law.alpha * 2;
  const at::Tensor variance = law.beta / (law.alpha - 1) * (law.delta.reciprocal() + 1);
  at::Tensor weight;
  switch (rules.weights) {
    case CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM:
      weight = nu - 2;
      break;
    case CASD_WEIGHTS_DEGREES_OF_FREEDOM:
      weight = nu;
      break;
    case CASD_WEIGHTS_PRECISION:
      weight = variance.reciprocal();
      break;
    default:
      weight = at::ones_like(nu);
      break;
  }
  weight = weight * present;
  weight = weight / weight.sum(1, true);
  law.weight = weight;
  law.location = (weight * law.gamma).sum(1);
  law.uncertainty = rules.fused_variance == CASD_FUSED_VARIANCE_MEAN
                        ? (present * variance).sum(1) / present.sum(1)
                        : (weight * weight * variance).sum(1);
  // Absent modalities must not provide the minimum.
  law.degrees_of_freedom =
      nu.masked_fill(present == 0, std::numeric_limits<double>::infinity()).amin(1);
  law.scale = at::sqrt(law.uncertainty * (law.degrees_of_freedom - 2) / law.degrees_of_freedom);
  return law;
}

at::Tensor sample(const Law& law, const TrainingOptions& options, const RandomContext& random,
                  const at::Tensor& noise) {
  if (options.sampling == SamplingMode::none || options.sigma_scale == 0) return law.location;
  const at::TensorOptions type = law.location.options().requires_grad(false);
  const auto z = [&] {
    return normal_noise(law.location.size(0), law.location.size(1), random).to(type);
  };
  if (options.sampling == SamplingMode::gaussian)
    return law.location +
           at::sqrt(law.uncertainty) * (noise.defined() ? noise : z()) * options.sigma_scale;

  at::Tensor t = noise;
  if (!t.defined()) {
    const at::Tensor a = law.degrees_of_freedom.detach() / 2;
    const at::Tensor g = gamma_noise(a, random).to(type);
    t = z() * at::sqrt(a / g);
    if (options.sampling == SamplingMode::implicit) {
      // dt/da = t/2 (1/a - (dg/da)/g), docs/method.md 5. The added term has the value 0 and this
      // gradient.
      const at::Tensor slope = t * 0.5 * (a.reciprocal() - at::_standard_gamma_grad(a, g) / g);
      t = t + slope * (law.degrees_of_freedom / 2 - a);
    }
  }
  return law.location + law.scale * t * options.sigma_scale;
}

}  // namespace casd::torch_engine
