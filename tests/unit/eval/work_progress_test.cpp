// Every pass of a calibration reports its progress: the calls are counted where their number is known.
#include "eval/work_progress.h"

#include "eval/calibration.h"
#include "eval/fusion_fit.h"
#include "eval/grounding.h"
#include "eval/guarantee_fit.h"
#include "eval/linear_expert.h"
#include "eval/output_variance.h"
#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace casd {
namespace {

using namespace test;

/// The shares that were reported.
class Calls {
 public:
  WorkProgress progress() {
    return [this](double share) { shares.push_back(share); };
  }
  /// Fails unless the shares grow from above 0, or 0, to `last`.
  void check(double last = 1) const {
    ASSERT_FALSE(shares.empty());
    EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
    EXPECT_GE(shares.front(), 0);
    EXPECT_EQ(shares.back(), last);
  }
  std::size_t count() const { return shares.size(); }
  std::vector<double> shares;
};

constexpr std::size_t many = 1100;  // three chunks

TEST(WorkProgress, PartsFollowOneAnother) {
  Calls calls;
  const WorkProgress whole = calls.progress();
  WorkParts parts(whole, 8);
  const WorkProgress first = parts.next(2), none = parts.next(0), last = parts.next(6);
  report(first, 1, 2);
  report(first, 2, 2);
  report(none, 1, 1);
  report(last, 0, 0);  // of no steps: nothing
  WorkParts nested(last, 3);
  nested.next(1)(1);
  nested.next(2)(1);
  EXPECT_EQ(calls.shares, (std::vector<double>{0.125, 0.25, 0.25, 0.5, 1}));
  const WorkProgress nobody;
  EXPECT_FALSE(WorkParts(nobody, 1).next(1));
}

std::vector<double> numbers(std::size_t count, std::uint64_t seed) {
  const RandomStream stream(seed, 0, RandomSite::synthetic);
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(stream.normal(i));
  return out;
}

ExpertRows expert_rows(std::size_t count, std::size_t width) {
  ExpertRows rows;
  rows.count = count;
  rows.width = width;
  rows.read = [pooled = numbers(count * width, 1), width](std::size_t first, std::size_t size,
                                                          double* to) {
    std::copy_n(pooled.data() + first * width, size * width, to);
  };
  for (std::size_t i = 0; i < count; ++i) rows.target.push_back(static_cast<double>(i % 2));
  return rows;
}

TEST(WorkProgress, OfLinearExperts) {
  const ExpertTask task{CASD_TASK_CLASSES, 2, {}, false};
  const ExpertRows rows = expert_rows(many, 3);
  Calls fit, shares;
  const LinearExperts experts = fit_experts(rows, task, fit.progress());
  // Two passes that standardise, the products, the predictions; 45 scales of each strength.
  EXPECT_EQ(fit.count(), 4 * 3 + strength_count * 46);
  fit.check();
  strength_shares(experts, rows, task, shares.progress());
  EXPECT_EQ(shares.count(), 3 + strength_count * 26);
  shares.check();
  Calls few;  // fewer samples than features: the predictions are those of each strength
  fit_experts(expert_rows(5, 9), task, few.progress());
  EXPECT_EQ(few.count(), 3 + strength_count * 47);
  few.check();
}

TEST(WorkProgress, OfTheFusion) {
  HeldOutEvidence e;
  e.modalities = 2;
  e.hidden = 2;
  e.columns = 2;
  e.classifier_weight = {1, -1, -1, 1};
  e.classifier_bias = {0, 0};
  e.given.assign(many, 3);
  e.location = numbers(many * 4, 1);
  e.weight.assign(many * 4, 1);
  e.linear = numbers(many * 4, 2);
  for (std::size_t i = 0; i < many; ++i) e.target.push_back(e.location[4 * i] > 0 ? 0 : 1);
  Calls calls;
  fit_fusion(e, calls.progress());
  EXPECT_EQ(calls.count() % 3, 0u);
  EXPECT_GE(calls.count(), 9u);
  EXPECT_DOUBLE_EQ(calls.shares[0], 512.0 / (many * expected_evaluations));
  EXPECT_DOUBLE_EQ(calls.shares[2], 1.0 / expected_evaluations);
  EXPECT_TRUE(std::is_sorted(calls.shares.begin(), calls.shares.end()));
  EXPECT_LE(calls.shares.back(), 1);
}

TEST(WorkProgress, OfTemperaturesAndTrust) {
  const Schema schema = schema_of(2);
  const ModelPtr model = sharper(make_model(schema), 4);
  std::vector<Sample> samples = make_samples(schema, many);
  draw_targets(samples, model, 1);
  CalibrationRequest request;
  Calls temperatures, both;
  fit_calibration(model, sample_pointers(samples), request, temperatures.progress());
  // Encoding and predictions; of three sets each temperature that is tried.
  EXPECT_EQ(temperatures.count(), 2 * 3 + 3 * (400u + 81));
  temperatures.check();
  request.trust = true;
  fit_calibration(model, sample_pointers(samples), request, both.progress());
  // Of one factor, twice: each value is a pass, and reports its end.
  EXPECT_EQ(both.count(), temperatures.count() + 2 * (9 + 81) * (3 + 1));
  both.check();
}

TEST(WorkProgress, OfGuarantees) {
  const ModelPtr classes = make_model(schema_of(2));
  std::vector<Sample> samples = make_samples(classes->schema(), many);
  draw_targets(samples, classes, 1);
  Calls calls;
  with_guarantees(classes, sample_pointers(samples), 1, calls.progress());
  EXPECT_EQ(calls.count(), 2 * 3 + 3u);  // two passes, tables of three sets
  calls.check();

  const ModelPtr values = make_model(schema_of(2, CASD_TASK_REGRESSION, 1));
  samples = make_samples(values->schema(), many);
  const std::vector<double> targets = numbers(many, 3);
  for (std::size_t i = 0; i < many; ++i) {
    const auto target = static_cast<float>(targets[i]);
    set_target(samples[i], values->schema(), {&target, 1});
  }
  Calls laws;
  with_guarantees(values, sample_pointers(samples), 1, laws.progress());
  EXPECT_GT(laws.count(), 2 * 3 + 3u);
  laws.check();
}

TEST(WorkProgress, OfTheSearchForVariances) {
  Calls calls;
  const std::vector<double> normal = numbers(many, 1);
  std::vector<double> square;
  for (const double number : normal) square.push_back(number * number);
  fit_output_variance(square, square, 1, calls.progress());
  ASSERT_FALSE(calls.shares.empty());
  EXPECT_EQ(calls.shares.front(), 0);
  EXPECT_TRUE(std::is_sorted(calls.shares.begin(), calls.shares.end()));
}

// The whole, in whole numbers: all calls have the same total, which is reached.
TEST(WorkProgress, OfAllThatIsFittedAfterTraining) {
  for (const std::int32_t linear : {0, 1}) {
    const Schema schema = schema_of(2);
    casd_model_options options = small_sizes();
    options.linear = options.input_guard = linear;
    const ModelPtr model = create_model(schema, options);
    std::vector<Sample> samples = make_samples(schema, many);
    draw_targets(samples, model, 1);
    const std::vector<const Sample*> all = sample_pointers(samples);
    const Span<const Sample* const> train =
        linear ? Span<const Sample* const>(all) : Span<const Sample* const>();
    std::vector<std::int64_t> done, totals;
    const FittedModel silent = fit_after_training(model, train, all, {});
    const FittedModel fitted =
        fit_after_training(model, train, all, {}, [&](std::int64_t at, std::int64_t total) {
          done.push_back(at);
          totals.push_back(total);
        });
    EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
    EXPECT_EQ(done.back(), totals.back());
    EXPECT_EQ(std::count(totals.begin(), totals.end(), totals[0]),
              static_cast<std::ptrdiff_t>(totals.size()));
    EXPECT_EQ(fitted.model->calibration().temperatures, silent.model->calibration().temperatures);
    // Pooling of two modalities comes first; the guard pools again.
    if (linear) {
      EXPECT_EQ(done[0], 512);
    }
    // What the callback throws ends the work, wherever it is thrown.
    for (const std::size_t at : {std::size_t{1}, done.size() / 2, done.size()}) {
      std::size_t call = 0;
      EXPECT_THROW(fit_after_training(model, train, all, {},
                                      [&](std::int64_t, std::int64_t) {
                                        if (++call == at) throw std::runtime_error("stop");
                                      }),
                   std::runtime_error);
      EXPECT_EQ(call, at);
    }
  }
}

// The guard alone: neither a calibration nor tables follow.
TEST(WorkProgress, EndsWithAllWorkDone) {
  const Schema schema = schema_of(2, CASD_TASK_REGRESSION, 1);
  casd_model_options options = small_sizes();
  options.linear = 0;
  const std::vector<Sample> samples = make_samples(schema, 600);
  const std::vector<const Sample*> all = sample_pointers(samples);
  std::int64_t last = -1, last_total = 0;
  std::size_t calls = 0;
  fit_after_training(create_model(schema, options), {}, all, {},
                     [&](std::int64_t done, std::int64_t total) {
                       ++calls;
                       last = done;
                       last_total = total;
                     });
  EXPECT_EQ(calls, 2 * 2 + 1u);  // two modalities in two parts, and the end
  EXPECT_EQ(last, last_total);
}

}  // namespace
}  // namespace casd
