// Fusion (docs/method.md 4) against manual calculations and, if available,
// stored numbers of the independent reference.
#include "method/fusion.h"

#include "support/golden.h"
#include "support/slope.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace casd {
namespace {

using Law = NormalInverseGamma<double>;

constexpr const ModalityFactors<double>* no_factors = nullptr;

TEST(Fusion, MatchesManualCalculation) {
  // nu 4 and 6, variances 3 and 1.
  const Law laws[2] = {{1, 0.5, 2, 1}, {2, 1, 3, 1}};
  double weight[2];
  FusedLaw<double> fused =
      fuse(laws, 2, {CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM, CASD_FUSED_VARIANCE_WEIGHTED},
           no_factors, weight);
  EXPECT_DOUBLE_EQ(weight[0], 1.0 / 3);
  EXPECT_DOUBLE_EQ(fused.location, 5.0 / 3);
  EXPECT_DOUBLE_EQ(fused.variance, 3.0 / 9 + 4.0 / 9);
  EXPECT_DOUBLE_EQ(fused.degrees_of_freedom, 4);
  EXPECT_DOUBLE_EQ(fused.squared_scale, fused.variance * (4.0 - 2) / 4);
  EXPECT_NEAR(fused.disagreement, (4.0 / 9) / 3 + (1.0 / 9) * 2 / 3, 1e-15);
  fused = fuse(laws, 2, {CASD_WEIGHTS_PRECISION, CASD_FUSED_VARIANCE_MEAN}, no_factors, weight);
  EXPECT_DOUBLE_EQ(weight[1], 0.75);
  EXPECT_DOUBLE_EQ(fused.variance, 2);
  fuse(laws, 2, {CASD_WEIGHTS_DEGREES_OF_FREEDOM, CASD_FUSED_VARIANCE_MEAN}, no_factors, weight);
  EXPECT_DOUBLE_EQ(weight[0], 0.4);
  const ModalityFactors<double> trust[2] = {{3, 1}, {1, 1}};
  fuse(laws, 2, {CASD_WEIGHTS_EQUAL, CASD_FUSED_VARIANCE_MEAN}, trust, weight);
  EXPECT_DOUBLE_EQ(weight[0], 0.75);
}

TEST(Fusion, OneModalityIsUnchanged) {
  const Law law = {0.7, 0.5, 2.5, 1.2};
  for (const casd_fusion_weighting weights :
       {CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM, CASD_WEIGHTS_DEGREES_OF_FREEDOM,
        CASD_WEIGHTS_PRECISION, CASD_WEIGHTS_EQUAL})
    for (const casd_fused_variance variance :
         {CASD_FUSED_VARIANCE_WEIGHTED, CASD_FUSED_VARIANCE_MEAN}) {
      double weight;
      const FusedLaw<double> fused = fuse(&law, 1, {weights, variance}, no_factors, &weight);
      EXPECT_EQ(weight, 1);
      EXPECT_EQ(fused.location, law.gamma);
      EXPECT_EQ(fused.variance, law.variance());
      EXPECT_EQ(fused.disagreement, 0);
    }
}

TEST(Fusion, MatchesTheReference) {
  const std::string path = test::golden_path("formulas.json");
  CASD_NEEDS_FILE(path);
  const std::vector<std::uint8_t> bytes = read_file(path);
  const auto cases = nlohmann::json::parse(bytes.begin(), bytes.end())["fusion"];
  ASSERT_GE(cases.size(), 32u);
  const std::vector<std::string> rules = {"excess_degrees_of_freedom", "degrees_of_freedom",
                                          "precision", "equal"};
  for (const auto& one : cases) {
    const auto weights = static_cast<casd_fusion_weighting>(
        std::find(rules.begin(), rules.end(), one["weights"].get<std::string>()) - rules.begin());
    const casd_fused_variance variance = one["fused_variance"] == "weighted"
                                             ? CASD_FUSED_VARIANCE_WEIGHTED
                                             : CASD_FUSED_VARIANCE_MEAN;
    const auto& expected = one["expected"];
    const std::size_t count = one["gamma"].size(), dimensions = one["gamma"][0].size();
    for (std::size_t i = 0; i < dimensions; ++i) {
      std::vector<Law> laws;
      for (std::size_t m = 0; m < count; ++m)
        laws.push_back(
            {one["gamma"][m][i], one["delta"][m][i], one["alpha"][m][i], one["beta"][m][i]});
      std::vector<double> weight(count);
      const FusedLaw<double> fused = fuse(laws.data(), static_cast<std::int32_t>(count),
                                          {weights, variance}, no_factors, weight.data());
      const auto near = [](double got, double wanted) {
        EXPECT_NEAR(got, wanted, 1e-12 * std::max(1e-6, std::fabs(wanted)));
      };
      near(fused.location, expected["mu"][i]);
      near(fused.disagreement, expected["disagreement"][i]);
      near(fused.degrees_of_freedom, expected["nu"][i]);
      near(fused.squared_scale, expected["scale2"][i]);
      near(fused.variance, expected["uncertainty"][i]);
      for (std::size_t m = 0; m < count; ++m) {
        near(weight[m], expected["weight"][m][i]);
        near(laws[m].aleatoric(), expected["aleatoric"][m][i]);
        near(laws[m].epistemic(), expected["epistemic"][m][i]);
        near(laws[m].variance(), expected["variance"][m][i]);
      }
    }
  }
}

/// A loss of all results that training uses.
double loss_of(const std::vector<Law>& laws, const FusionRules& rules) {
  std::vector<double> weight(laws.size());
  const FusedLaw<double> fused =
      fuse(laws.data(), static_cast<std::int32_t>(laws.size()), rules, no_factors, weight.data());
  return 1.3 * fused.location - 0.7 * fused.variance + 0.4 * fused.degrees_of_freedom;
}

TEST(Fusion, GradientMatchesFiniteDifferences) {
  const std::vector<Law> all = {
      {0.4, 0.5, 2.1, 1.2}, {-1, 3, 1.9, 0.6}, {2, 0.2, 4, 2}, {0.1, 9, 2.6, 0.3}};
  for (const casd_fusion_weighting weights :
       {CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM, CASD_WEIGHTS_DEGREES_OF_FREEDOM,
        CASD_WEIGHTS_PRECISION, CASD_WEIGHTS_EQUAL})
    for (const casd_fused_variance variance :
         {CASD_FUSED_VARIANCE_WEIGHTED, CASD_FUSED_VARIANCE_MEAN})
      for (std::size_t count = 1; count <= all.size(); ++count) {
        const std::vector<Law> laws(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
        const FusionRules rules{weights, variance};
        std::vector<double> weight(count);
        const auto size = static_cast<std::int32_t>(count);
        const FusedLaw<double> fused = fuse(laws.data(), size, rules, no_factors, weight.data());
        std::vector<Law> gradient(count, Law{0, 0, 0, 0});
        fuse_backward(laws.data(), size, rules, fused, weight.data(), {1.3, 0.4, -0.7},
                      gradient.data());
        for (std::size_t m = 0; m < count; ++m)
          for (double Law::*parameter : {&Law::gamma, &Law::delta, &Law::alpha, &Law::beta}) {
            const auto at = [&](double value) {
              std::vector<Law> moved = laws;
              moved[m].*parameter = value;
              return loss_of(moved, rules);
            };
            EXPECT_NEAR(gradient[m].*parameter, test::slope(at, laws[m].*parameter), 1e-7)
                << weights << " " << variance << " " << count << " " << m;
          }
      }
}

TEST(Fusion, EqualDegreesOfFreedomShareTheirGradient) {
  const Law laws[2] = {{1, 1, 3, 1}, {2, 1, 3, 1}};
  const FusionRules rules{CASD_WEIGHTS_EQUAL, CASD_FUSED_VARIANCE_MEAN};
  double weight[2];
  const FusedLaw<double> fused = fuse(laws, 2, rules, no_factors, weight);
  Law gradient[2] = {};
  fuse_backward(laws, 2, rules, fused, weight, {0, 1, 0}, gradient);
  EXPECT_EQ(gradient[0].alpha, 1);
  EXPECT_EQ(gradient[1].alpha, 1);
}

// The variance of a Student's t is its squared scale times nu / (nu - 2).
TEST(Fusion, TheSquaredScaleGivesTheVariance) {
  EXPECT_DOUBLE_EQ(fused_squared_scale(1.7, 4.2) * 4.2 / 2.2, 1.7);
}

}  // namespace
}  // namespace casd
