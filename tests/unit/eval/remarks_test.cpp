// Each remark on both sides of its threshold, and the summary that they are derived from against
// single predictions.
#include "eval/remarks.h"

#include "eval/report.h"
#include "eval/selection_score.h"
#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

#include <cmath>

namespace casd {
namespace {

using namespace test;

/// A summary without anything to remark on: two modalities, classes.
EvidenceSummary healthy() {
  EvidenceSummary out;
  out.modalities = {{10, 0.6, 2}, {6, 0.4, 4}};
  out.conditions = {{1, 2, 1.4, 70}, {2, 4, 2, 65}, {3, 1.5, 1.2, 80}};
  out.spread = 0.5;
  out.chance = 50;
  out.standard_error = 3;
  return out;
}

/// The kinds of remarks with default options (nu from 2.5 to 40).
std::vector<RemarkKind> kinds(const EvidenceSummary& summary, const Schema& schema = schema_of(2)) {
  std::vector<RemarkKind> out;
  for (const Remark& remark : evidence_remarks(schema, default_model_options(), summary)) {
    out.push_back(remark.kind);
    EXPECT_FALSE(remark.text.empty());
  }
  return out;
}

using Kinds = std::vector<RemarkKind>;

TEST(Remarks, NothingIsSaidOfAHealthyModel) {
  EXPECT_EQ(kinds(healthy()), Kinds());
  EXPECT_EQ(kinds({}), Kinds()) << "nothing was measured";
}

TEST(Remarks, EvidenceAtALimit) {
  for (const auto& [limit, inward] : {std::pair{2.5 + RemarkLimits::lowest_evidence, 1},
                                      std::pair{40 * RemarkLimits::highest_evidence, -1}}) {
    EvidenceSummary summary = healthy();
    summary.modalities[1].degrees_of_freedom = limit + inward * 0.01;
    EXPECT_EQ(kinds(summary), Kinds()) << limit;
    summary.modalities[1].degrees_of_freedom = limit - inward * 0.01;
    EXPECT_EQ(kinds(summary), Kinds{RemarkKind::evidence_at_limit}) << limit;
    const Remark remark = evidence_remarks(schema_of(2), default_model_options(), summary)[0];
    EXPECT_NE(remark.text.find("m1"), std::string::npos) << remark.text;
    EXPECT_EQ(remark.text.find("m0"), std::string::npos) << remark.text;
    EXPECT_TRUE(remark.is_warning());
  }
  EvidenceSummary absent = healthy();  // no sample has the modality
  absent.modalities[1] = {};
  EXPECT_EQ(kinds(absent), Kinds());
}

TEST(Remarks, FlatUncertainty) {
  EvidenceSummary summary = healthy();
  summary.conditions[0].uncertainty = summary.conditions[1].uncertainty = 2;
  summary.conditions[2].uncertainty = 2 / (RemarkLimits::contrast + 0.01);
  EXPECT_EQ(kinds(summary), Kinds());
  summary.conditions[2].uncertainty = 2 / (RemarkLimits::contrast - 0.01);
  EXPECT_EQ(kinds(summary), Kinds{RemarkKind::flat_uncertainty});
  summary.conditions.erase(summary.conditions.begin(), summary.conditions.begin() + 2);
  summary.conditions[0].mask = 1;
  summary.modalities.resize(1);
  EXPECT_EQ(kinds(summary, schema_of(1)), Kinds()) << "there is one condition only";
}

TEST(Remarks, UncertaintyThatFallsAsAModalityGoesMissing) {
  EvidenceSummary summary = healthy();
  summary.conditions[2].uncertainty = 2 / (RemarkLimits::falling + 0.01);
  EXPECT_EQ(kinds(summary), Kinds());
  summary.conditions[2].uncertainty = 2 / (RemarkLimits::falling - 0.01);
  ASSERT_EQ(kinds(summary), Kinds{RemarkKind::falling_uncertainty});
  // Without m1 the uncertainty is 2, without m0 it is 4.
  const std::string text = evidence_remarks(schema_of(2), default_model_options(), summary)[0].text;
  EXPECT_NE(text.find("m1 (mean U 2.00 without it"), std::string::npos) << text;
  EXPECT_EQ(text.find("m0 ("), std::string::npos) << text;
}

TEST(Remarks, DependenceOnAModality) {
  EvidenceSummary summary = healthy();
  const double near_chance = 50 + RemarkLimits::share_without * 30;
  summary.conditions[1].score = near_chance + 0.1;
  EXPECT_EQ(kinds(summary), Kinds());
  summary.conditions[1].score = near_chance - 0.1;
  ASSERT_EQ(kinds(summary), Kinds{RemarkKind::depends_on});
  const Remark remark = evidence_remarks(schema_of(2), default_model_options(), summary)[0];
  EXPECT_NE(remark.text.find("depends on m0: F1 80.0 % with all modalities, at most 59.9 %"),
            std::string::npos)
      << remark.text;
  EXPECT_FALSE(remark.is_warning());
  // Where even the complete result may be chance, nothing is said.
  summary.standard_error = 10.1;
  EXPECT_EQ(kinds(summary), Kinds());
}

TEST(Remarks, DependenceInARegressionComparesErrors) {
  const Schema schema = schema_of(2, CASD_TASK_REGRESSION, 1);
  EvidenceSummary summary = healthy();
  summary.chance = -1.5;
  summary.standard_error = 0.1;
  summary.conditions[0].score = -0.7;
  summary.conditions[1].score = -1.4;
  summary.conditions[2].score = -0.6;
  EXPECT_EQ(kinds(summary, schema), Kinds{RemarkKind::depends_on});
  EXPECT_NE(evidence_remarks(schema, default_model_options(), summary)[0].text.find(
                "mean absolute error 0.600 with all modalities, at least 1.400 without it (1.500"),
            std::string::npos);
  summary.conditions[1].score = -1.19;
  EXPECT_EQ(kinds(summary, schema), Kinds());
}

TEST(Remarks, ChanceIsTheScoreOfGuesses) {
  const auto samples_of = [](const Schema& schema, const std::vector<std::vector<float>>& targets) {
    std::vector<Sample> out = make_samples(schema, targets.size());
    for (std::size_t i = 0; i < out.size(); ++i) set_target(out[i], schema, targets[i]);
    return out;
  };
  const auto chance = [](const Schema& schema, const std::vector<Sample>& samples) {
    return chance_score(schema, sample_pointers(samples));
  };
  const Schema classes = schema_of(2);
  EXPECT_NEAR(chance(classes, samples_of(classes, {{0}, {1}, {1}, {0}})), 50, 1e-9);
  // 3 of 4: guesses have 9/16 + 1/16, always the most frequent one 3/4 * 6/7.
  EXPECT_NEAR(chance(classes, samples_of(classes, {{0}, {1}, {1}, {1}})), 100 * 18.0 / 28, 1e-9);
  const Schema labels = schema_of(2, CASD_TASK_MULTILABEL, 2);
  EXPECT_NEAR(chance(labels, samples_of(labels, {{0, 1}, {1, 1}, {0, 1}, {1, 0}})),
              (50 + 100 * 18.0 / 28) / 2, 1e-9);
  const Schema numbers = schema_of(2, CASD_TASK_REGRESSION, 1);
  EXPECT_NEAR(chance(numbers, samples_of(numbers, {{1}, {2}, {6}})), -2, 1e-9);
  EXPECT_TRUE(std::isnan(chance_score(classes, {})));
}

TEST(Remarks, SomeSamplesAreAtEqualDistances) {
  std::vector<Sample> samples(10);
  const std::vector<const Sample*> all = sample_pointers(samples);
  const std::vector<const Sample*> expected = {all[0], all[2], all[5], all[7]};
  EXPECT_EQ(some_samples(all, 4), expected);
  EXPECT_EQ(some_samples(all, 10), all);
  EXPECT_EQ(some_samples(all, 11), all);
  EXPECT_TRUE(some_samples({}, 4).empty());
}

/// Samples, one of which lacks a modality and one its label.
std::vector<Sample> mixed(const ModelPtr& model, std::size_t count) {
  std::vector<Sample> samples = make_samples(model->schema(), count);
  draw_targets(samples, model, 1);
  samples[3].target.clear();
  set_frames(samples[1], model->schema(), 1, Span<const float>());
  return samples;
}

TEST(EvidenceSummaries, AreMeansOfSinglePredictions) {
  for (const casd_absent_policy absent : {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS}) {
    casd_model_options options = small_sizes();
    options.absent = absent;
    const ModelPtr model = create_model(schema_of(2), options);
    const std::vector<Sample> samples = mixed(model, 600);  // two chunks
    Predictor predictor(model, default_predictor_options());
    EvidenceSummary summary;
    const double score = selection_score(predictor, sample_pointers(samples), true, &summary);
    EXPECT_EQ(score, selection_score(predictor, sample_pointers(samples), true));
    EXPECT_EQ(score, summary.conditions.back().score);
    ASSERT_EQ(summary.conditions.size(), 3u);
    for (ModalityMask mask = 1; mask <= 3; ++mask) {
      const Prediction rows = predict(model, samples, mask);
      const ConditionSummary* found = summary.find(mask);
      ASSERT_TRUE(found);
      double uncertainty = 0, scale = 0, count = 0;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (!(samples[i].given & mask)) continue;
        ++count;
        uncertainty += static_cast<double>(rows.table(CASD_FIELD_UNCERTAINTY)[i]);
        for (std::size_t k = 0; k < 8; ++k)
          scale += static_cast<double>(rows.table(CASD_FIELD_SCALE)[8 * i + k]) / 8;
      }
      EXPECT_EQ(count, mask == 2 ? 599 : 600);
      EXPECT_NEAR(found->uncertainty, uncertainty / count, 1e-9);
      EXPECT_NEAR(found->scale, scale / count, 1e-9);
    }
    const Prediction rows = predict(model, samples, 3);
    for (std::size_t m = 0; m < 2; ++m) {
      const auto mean_of = [&](casd_field field) {
        double sum = 0, count = 0;
        for (std::size_t i = 0; i < samples.size(); ++i) {
          if (!(samples[i].given >> m & 1u)) continue;
          sum += static_cast<double>(rows.table(field)[2 * i + m]);
          ++count;
        }
        return sum / count;
      };
      EXPECT_NEAR(summary.modalities[m].degrees_of_freedom,
                  mean_of(CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM), 1e-9);
      EXPECT_NEAR(summary.modalities[m].weight, mean_of(CASD_FIELD_MODALITY_WEIGHT), 1e-9);
      EXPECT_NEAR(summary.modalities[m].variance, mean_of(CASD_FIELD_MODALITY_VARIANCE), 1e-9);
    }
    double variance = 0;
    for (std::size_t k = 0; k < 8; ++k) {
      double center = 0, square = 0;
      for (std::size_t i = 0; i < 600; ++i) {
        const auto value = static_cast<double>(rows.table(CASD_FIELD_REPRESENTATION)[8 * i + k]);
        center += value / 600;
        square += value * value / 600;
      }
      variance += (square - center * center) / 8;
    }
    EXPECT_NEAR(summary.spread, std::sqrt(variance), 1e-9);
    const double f1 = summary.conditions.back().score;
    EXPECT_NEAR(summary.standard_error, std::sqrt(f1 * (100 - f1) / 599), 1e-9);
  }
}

TEST(EvidenceSummaries, AppearInTheReport) {
  const ModelPtr model = make_model(schema_of(2));
  const std::vector<Sample> samples = mixed(model, 40);
  Predictor predictor(model, default_predictor_options());
  EvidenceSummary summary;
  selection_score(predictor, sample_pointers(samples), true, &summary);
  const Report report = evaluate(predictor, sample_pointers(samples), 3);
  ASSERT_EQ(report.modalities.size(), 2u);
  EXPECT_EQ(report.modalities[1].first, "m1");
  EXPECT_EQ(report.modalities[1].second[0],
            (std::pair<std::string, double>("degrees_of_freedom",
                                            summary.modalities[1].degrees_of_freedom)));
  const std::vector<Remark> remarks = evidence_remarks(model->schema(), model->options(), summary);
  ASSERT_EQ(report.remarks.size(), remarks.size());
  for (std::size_t i = 0; i < remarks.size(); ++i)
    EXPECT_EQ(report.remarks[i].text, remarks[i].text);
  const std::string json = report_json(report);
  EXPECT_NE(json.find("\"modalities\":{\"m0\":{\"degrees_of_freedom\":"), std::string::npos);
  EXPECT_NE(json.find("\"remarks\":["), std::string::npos);
  // Modalities outside the mask are left out.
  const Report part = evaluate(predictor, sample_pointers(samples), 2);
  ASSERT_EQ(part.modalities.size(), 1u);
  EXPECT_EQ(part.modalities[0].first, "m1");
}

}  // namespace
}  // namespace casd
