// The formulas of the training graph against stored numbers of the reference, in float64.
#include "support/golden.h"
#include "torch/losses.h"

#include "model/options.h"

#include <nlohmann/json.hpp>

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

namespace casd {
namespace {

using torch_engine::Law;

const torch_engine::LossNormalisers one_sample{1, 1, 1};

at::Tensor row(const nlohmann::json& numbers) {
  return at::tensor(numbers.get<std::vector<double>>(), at::kDouble);
}

void near(const at::Tensor& got, const at::Tensor& expected) {
  const double distance = (got.reshape({-1}) - expected.reshape({-1})).abs().max().item<double>();
  const double scale = std::max(1e-6, expected.abs().max().item<double>());
  EXPECT_LE(distance, 1e-9 * scale);
}

class Formulas : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = test::golden_path("formulas.json");
    CASD_NEEDS_FILE(path);
    const std::vector<std::uint8_t> bytes = read_file(path);
    all_ = nlohmann::json::parse(bytes.begin(), bytes.end());
  }
  nlohmann::json all_;
};

TEST_F(Formulas, Fusion) {
  for (const auto& one : all_["fusion"]) {
    casd_model_options rules = default_model_options();
    set_option(model_option_table(), &rules, "weights", one["weights"]);
    set_option(model_option_table(), &rules, "fused_variance", one["fused_variance"]);
    std::vector<at::Tensor> modalities;
    for (std::size_t m = 0; m < one["gamma"].size(); ++m)
      modalities.push_back(at::stack(
          {row(one["gamma"][m]), row(one["delta"][m]), row(one["alpha"][m]), row(one["beta"][m])}));
    const at::Tensor nig = at::stack(modalities).unsqueeze(0);
    const Law law = torch_engine::fuse(nig, at::ones({1, nig.size(1), 1}, at::kDouble), rules);
    const auto& expected = one["expected"];
    near(law.location, row(expected["mu"]));
    near(law.degrees_of_freedom, row(expected["nu"]));
    near(law.uncertainty, row(expected["uncertainty"]));
    near(law.scale * law.scale, row(expected["scale2"]));
  }
}

TEST_F(Formulas, NormalInverseGammaLikelihood) {
  for (const auto& one : all_["nig_nll"]) {
    const auto number = [&](const char* name) {
      return at::ones({1, 1, 1}, at::kDouble) * one[name].get<double>();
    };
    Law law;
    law.gamma = number("gamma");
    law.delta = number("delta");
    law.alpha = number("alpha");
    law.beta = number("beta");
    law.present = at::ones({1, 1, 1}, at::kDouble);
    near(torch_engine::evidence_loss(law, number("y").reshape({1, 1}), 0, one_sample),
         number("expected").reshape({1}));
  }
}

TEST_F(Formulas, JensenShannon) {
  for (const auto& one : all_["jensen_shannon"])
    near(torch_engine::logit_loss(row(one["a"]).unsqueeze(0), row(one["b"]).unsqueeze(0),
                                  CASD_TASK_CLASSES, one_sample),
         at::ones({1}, at::kDouble) * one["expected"].get<double>());
}

}  // namespace
}  // namespace casd
