// The losses (docs/method.md 6): against finite differences and, if available, stored numbers of the
// independent reference.
#include "method/losses.h"

#include "support/golden.h"
#include "support/slope.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <vector>

namespace casd {
namespace {

using Law = NormalInverseGamma<double>;
using Row = std::vector<double>;

Row log_softmax_of(const Row& logits) {
  Row out(logits.size());
  log_softmax(logits.data(), static_cast<std::int64_t>(logits.size()), out.data());
  return out;
}

/// Compares a gradient with respect to logits, which was added to ones, with finite differences.
template <class Loss>
void expect_gradient(const Row& logits, const Row& gradient, double factor, Loss loss) {
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const auto at = [&](double value) {
      Row moved = logits;
      moved[k] = value;
      return loss(log_softmax_of(moved));
    };
    EXPECT_NEAR(gradient[k], 1 + factor * test::slope(at, logits[k]), 1e-8) << k;
  }
}

TEST(LogSoftmax, IsNormalisedAlsoForLargeLogits) {
  for (const Row& logits : {Row{0.1, -2, 3}, Row{1000, 999, -1000}, Row{7}}) {
    const Row log_p = log_softmax_of(logits);
    double total = 0;
    for (const double value : log_p) total += std::exp(value);
    EXPECT_NEAR(total, 1, 1e-12);
    EXPECT_NEAR(log_p[0] - log_p.back(), logits[0] - logits.back(), 1e-12);
  }
  EXPECT_DOUBLE_EQ(log_softmax_of({0, 0})[1], -std::log(2));
}

TEST(CrossEntropy, GradientMatchesFiniteDifferences) {
  const Row logits = {0.4, -1.2, 2.2, 0};
  for (std::int64_t label = 0; label < 4; ++label) {
    Row gradient(4, 1);
    cross_entropy_backward(log_softmax_of(logits).data(), 4, label, 2.5, gradient.data());
    expect_gradient(logits, gradient, 2.5,
                    [&](const Row& log_p) { return cross_entropy(log_p.data(), label); });
  }
}

TEST(JensenShannon, GradientMatchesFiniteDifferences) {
  const Row logits = {0.4, -1.2, 2.2, 0}, others = {-3, 0.3, 0.3, 9};
  const Row log_q = log_softmax_of(others);
  Row gradient(4, 1);
  jensen_shannon_backward(log_softmax_of(logits).data(), log_q.data(), 4, 2.5, gradient.data());
  expect_gradient(logits, gradient, 2.5,
                  [&](const Row& log_p) { return jensen_shannon(log_p.data(), log_q.data(), 4); });
}

TEST(JensenShannon, IsZeroForEqualsAndAtMostLogTwo) {
  const Row p = log_softmax_of({1, 2, 3});
  EXPECT_NEAR(jensen_shannon(p.data(), p.data(), 3), 0, 1e-15);
  const Row one = log_softmax_of({800, 0}), other = log_softmax_of({0, 800});
  EXPECT_NEAR(jensen_shannon(one.data(), other.data(), 2), std::log(2), 1e-15);
  EXPECT_DOUBLE_EQ(jensen_shannon(one.data(), p.data(), 2),
                   jensen_shannon(p.data(), one.data(), 2));
}

TEST(SquaredError, GradientMatchesFiniteDifferences) {
  const auto error = [](double value) { return squared_error(value, 0.7); };
  EXPECT_DOUBLE_EQ(error(2.7), 4);
  EXPECT_NEAR(squared_error_gradient(-1.1, 0.7), test::slope(error, -1.1), 1e-8);
}

TEST(EvidenceLoss, GradientMatchesFiniteDifferences) {
  for (const Law& law : {Law{0.4, 0.5, 2.1, 1.2}, Law{-1, 3, 1.3, 0.6}, Law{2, 0.02, 19, 9}})
    for (const double target : {-2.0, 0.39, 5.0}) {
      Law gradient{1, 1, 1, 1};
      evidence_loss_backward(law, target, 0.05, 2.5, gradient);
      for (double Law::*parameter : {&Law::gamma, &Law::delta, &Law::alpha, &Law::beta}) {
        const auto at = [&](double value) {
          Law moved = law;
          moved.*parameter = value;
          return evidence_loss(moved, target, 0.05);
        };
        const double expected = 1 + 2.5 * test::slope(at, law.*parameter);
        EXPECT_NEAR(gradient.*parameter, expected, 1e-7 * std::max(1.0, std::fabs(expected)));
      }
    }
}

TEST(EvidenceLoss, RegulariserIsItsPartOfTheLoss) {
  const Law law{0.4, 0.5, 2.1, 1.2};
  EXPECT_NEAR(evidence_loss(law, 1.4, 0.05) - evidence_loss(law, 1.4, 0.0),
              0.05 * 1.0 * (2 * 0.5 + 2.1), 1e-15);
}

// Float loses nothing where omega is much larger than the distance.
TEST(EvidenceLoss, FloatIsCloseToDouble) {
  const NormalInverseGamma<float> narrow{0.5f, 0.01f, 19.5f, 9.0f};
  const Law wide{0.5, static_cast<double>(0.01f), 19.5, 9};
  EXPECT_NEAR(evidence_loss(narrow, 0.6f, 0.05f), evidence_loss(wide, 0.6, 0.05), 2e-6);
}

class StoredFormulas : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = test::golden_path("formulas.json");
    CASD_NEEDS_FILE(path);
    const std::vector<std::uint8_t> bytes = read_file(path);
    stored_ = nlohmann::json::parse(bytes.begin(), bytes.end());
  }
  nlohmann::json stored_;
};

TEST_F(StoredFormulas, EvidenceLossMatches) {
  ASSERT_GE(stored_["nig_nll"].size(), 8u);
  for (const auto& one : stored_["nig_nll"]) {
    const Law law{one["gamma"], one["delta"], one["alpha"], one["beta"]};
    EXPECT_NEAR(evidence_loss<double>(law, one["y"], 0), one["expected"].get<double>(), 1e-12);
  }
}

TEST_F(StoredFormulas, JensenShannonMatches) {
  ASSERT_GE(stored_["jensen_shannon"].size(), 8u);
  for (const auto& one : stored_["jensen_shannon"]) {
    const Row log_p = log_softmax_of(one["a"].get<Row>()),
              log_q = log_softmax_of(one["b"].get<Row>());
    EXPECT_NEAR(jensen_shannon(log_p.data(), log_q.data(), static_cast<std::int64_t>(log_p.size())),
                one["expected"].get<double>(), 1e-12);
  }
}

}  // namespace
}  // namespace casd
