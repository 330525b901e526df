// Experts and fusion fit against the stored cases of the reference in double precision (docs/method.md 10).
#include "eval/fusion_fit.h"
#include "eval/linear_expert.h"
#include "model/options.h"
#include "predict/frame_pooling.h"
#include "predict/predictor.h"
#include "support/golden.h"

#include <cmath>

namespace casd {
namespace {

using test::TensorFile;

casd_task task_of(const std::string& name) {
  if (name == "classes") return CASD_TASK_CLASSES;
  return name == "multilabel" ? CASD_TASK_MULTILABEL : CASD_TASK_REGRESSION;
}

/// A stored case: the first samples are the training set, the others are held out.
struct GroundedCase {
  explicit GroundedCase(const std::string& path) : file(path) {
    for (const auto& [key, value] : file.parsed().metadata) {
      if (key == "task") task.task = task_of(value);
      if (key == "n_train") train = std::stoul(value);
    }
    const std::vector<std::int64_t> shape = file.shape("gamma");
    samples = static_cast<std::size_t>(shape[0]);
    modalities = static_cast<std::size_t>(shape[1]);
    hidden = static_cast<std::size_t>(shape[2]);
    task.columns = static_cast<std::size_t>(file.shape("W")[0]);
    given = file.values("given");
    target = file.values("target");
    targets = target.size() / samples;
    if (task.task == CASD_TASK_CLASSES) weigh_classes();
    for (std::size_t m = 0; m < modalities; ++m) pool(m);
  }

  void weigh_classes() {
    std::vector<double> count(task.columns);
    for (std::size_t i = 0; i < train; ++i) ++count[static_cast<std::size_t>(target[i])];
    for (const double n : count)
      task.class_weight.push_back(static_cast<double>(train) /
                                  (static_cast<double>(task.columns) * n));
  }

  /// Mean, deviation and last frame of each sample.
  void pool(std::size_t m) {
    const std::string at = std::to_string(m);
    const std::vector<double> frames = file.values("frames." + at),
                              length = file.values("length." + at);
    const auto features = static_cast<std::size_t>(file.shape("frames." + at)[1]);
    std::vector<double> out;
    const double* frame = frames.data();
    for (const double steps : length) {
      const auto count = static_cast<std::size_t>(steps);
      std::vector<double> mean(features), square(features);
      for (std::size_t t = 0; t < count; ++t)
        for (std::size_t f = 0; f < features; ++f) mean[f] += frame[t * features + f] / steps;
      for (std::size_t t = 0; t < count; ++t)
        for (std::size_t f = 0; f < features; ++f)
          square[f] += std::pow(frame[t * features + f] - mean[f], 2) / steps;
      out.insert(out.end(), mean.begin(), mean.end());
      for (const double s : square) out.push_back(std::sqrt(s));
      out.insert(out.end(), frame + (count - 1) * features, frame + count * features);
      frame += count * features;
    }
    pooled.push_back(std::move(out));
    width.push_back(3 * features);
  }

  /// Of the samples [first, end) that have the modality.
  ExpertRows rows(std::size_t m, std::size_t first, std::size_t end) const {
    std::vector<std::size_t> chosen;
    ExpertRows out;
    for (std::size_t i = first; i < end; ++i)
      if (given[i * modalities + m] != 0) {
        chosen.push_back(i);
        out.target.insert(out.target.end(), target.data() + i * targets,
                          target.data() + (i + 1) * targets);
      }
    out.count = chosen.size();
    out.width = width[m];
    const double* from = pooled[m].data();
    out.read = [chosen, from, w = width[m]](std::size_t at, std::size_t count, double* to) {
      for (std::size_t i = 0; i < count; ++i) std::copy_n(from + chosen[at + i] * w, w, to + i * w);
    };
    return out;
  }

  TensorFile file;
  ExpertTask task{};
  std::size_t train = 0, samples = 0, modalities = 0, hidden = 0, targets = 0;
  std::vector<double> given, target;
  std::vector<std::vector<double>> pooled;  // per modality [samples, width]
  std::vector<std::size_t> width;
};

/// Largest distance divided by the largest stored number.
double relative_distance(const std::vector<double>& got, const std::vector<double>& stored) {
  EXPECT_EQ(got.size(), stored.size());
  double far = 0, size = 0;
  for (std::size_t i = 0; i < std::min(got.size(), stored.size()); ++i) {
    far = std::max(far, std::fabs(got[i] - stored[i]));
    size = std::max(size, std::fabs(stored[i]));
  }
  return far / std::max(size, 1e-12);
}

template <class Numbers>
std::vector<double> list(const Numbers& numbers) {
  return {numbers.begin(), numbers.end()};
}

class GroundedGolden : public testing::TestWithParam<std::string> {
 protected:
  static std::string path() { return test::golden_path(GetParam() + ".safetensors"); }
};

TEST_P(GroundedGolden, ExpertsAreTheStoredOnes) {
  CASD_NEEDS_FILE(path());
  const GroundedCase c(path());
  for (std::size_t m = 0; m < c.modalities; ++m) {
    const LinearExperts experts = fit_experts(c.rows(m, 0, c.train), c.task);
    const StrengthShares shares = strength_shares(experts, c.rows(m, c.train, c.samples), c.task);
    const LinearMap map = fold(experts, shares);
    const auto check = [&](const char* name, const std::vector<double>& got) {
      const std::vector<double> stored =
          c.file.values("out.expert." + std::to_string(m) + "." + name);
      EXPECT_LE(relative_distance(got, stored), 1e-8) << name << " of modality " << m;
    };
    check("kappa", list(experts.scale));
    check("loo_error", list(experts.leave_one_out));
    check("share", list(shares));
    check("weight", map.weight);
    check("bias", map.bias);
  }
}

TEST_P(GroundedGolden, TheFitReachesTheStoredMinimum) {
  CASD_NEEDS_FILE(path());
  const GroundedCase c(path());
  HeldOutEvidence e;
  e.task = c.task.task;
  e.modalities = static_cast<std::int32_t>(c.modalities);
  e.hidden = c.hidden;
  e.columns = c.task.columns;
  e.classifier_weight = c.file.values("W");
  e.classifier_bias = c.file.values("b");
  const std::vector<double> gamma = c.file.values("gamma"), nu = c.file.values("nu");
  const std::size_t row = c.modalities * c.hidden;
  for (std::size_t i = c.train; i < c.samples; ++i) {
    ModalityMask mask = 0;
    for (std::size_t m = 0; m < c.modalities; ++m) {
      mask |= c.given[i * c.modalities + m] != 0 ? ModalityMask{1} << m : 0;
      const std::string expert = "out.expert." + std::to_string(m);
      const std::vector<double> weight = c.file.values(expert + ".weight"),
                                bias = c.file.values(expert + ".bias");
      for (std::size_t k = 0; k < e.columns; ++k) {
        double f = bias[k];
        for (std::size_t p = 0; p < c.width[m]; ++p)
          f += weight[k * c.width[m] + p] * c.pooled[m][i * c.width[m] + p];
        e.linear.push_back(f);
      }
    }
    e.given.push_back(mask);
  }
  e.location.assign(gamma.begin() + static_cast<std::ptrdiff_t>(c.train * row), gamma.end());
  for (std::size_t at = c.train * row; at < nu.size(); ++at) e.weight.push_back(nu[at] - 2);
  e.target.assign(c.target.begin() + static_cast<std::ptrdiff_t>(c.train * c.targets),
                  c.target.end());

  const FusionFit fit = fit_fusion(e);
  const double stored = c.file.values("out.objective")[0];
  EXPECT_LE(fit.objective, stored + 1e-6 * std::fabs(stored));
  const auto check = [&](const char* name, const std::vector<double>& got) {
    const std::vector<double> expected = c.file.values(std::string("out.") + name);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], expected[i], 1e-3) << name << i;
  };
  check("trust", fit.trust);
  check("linear", fit.contribution);
  std::vector<double> temperatures;
  for (const auto& [key, value] : fit.temperatures) temperatures.push_back(value);
  if (c.task.task != CASD_TASK_REGRESSION) check("tau", temperatures);
}

/// A model with the case's classifier, linear maps and calibration. Its encoders are not used.
ModelPtr model_of(const GroundedCase& c) {
  Schema schema;
  schema.set_task(c.task.task);
  for (std::size_t m = 0; m < c.modalities; ++m)
    schema.add_modality("m" + std::to_string(m), static_cast<std::int32_t>(c.width[m] / 3));
  const std::size_t outputs =
      c.task.task == CASD_TASK_MULTILABEL ? c.task.columns / 2 : c.task.columns;
  for (std::size_t k = 0; k < outputs; ++k) schema.add_output("o" + std::to_string(k));
  casd_model_options options = default_model_options();
  options.hidden = static_cast<std::int32_t>(c.hidden);
  options.heads = options.layers = 1;
  options.input_clip = 0;
  options.input_guard = 0;
  const ModelPtr initial = create_model(schema, options);
  std::vector<float> values(initial->values().begin(), initial->values().end());
  const NetworkLayout& layout = initial->layout();
  const auto put = [&](const TensorPlace& place, const std::string& name) {
    const std::vector<float> numbers = c.file.floats(name);
    ASSERT_EQ(static_cast<std::int64_t>(numbers.size()), place.size) << name;
    std::copy(numbers.begin(), numbers.end(), values.begin() + place.offset);
  };
  put(layout.classifier.weight, "W");
  put(layout.classifier.bias, "b");
  for (std::size_t m = 0; m < c.modalities; ++m) {
    const std::string expert = "out.expert." + std::to_string(m);
    put(layout.modalities[m].linear->weight, expert + ".weight");
    put(layout.modalities[m].linear->bias, expert + ".bias");
  }
  Calibration calibration;
  calibration.trust = c.file.values("out.trust");
  calibration.linear = c.file.values("out.linear");
  if (c.task.task != CASD_TASK_REGRESSION) {
    const std::vector<double> tau = c.file.values("out.tau");
    for (std::size_t k = 0; k < tau.size(); ++k)
      calibration.temperatures.emplace_back(static_cast<TemperatureKey>(k + 1), tau[k]);
  }
  return std::make_shared<const Model>(initial->shared_layout(), std::move(values), calibration);
}

/// The evidence of the held-out samples. From degrees of freedom and variance follow alpha and, with
/// delta = 1, beta.
EvidenceTable evidence_of(const GroundedCase& c, const Model& model) {
  const std::vector<double> gamma = c.file.values("gamma"), nu = c.file.values("nu"),
                            variance = c.file.values("V");
  EvidenceTable out;
  std::vector<std::vector<float>> frames;
  std::vector<std::vector<double>> lengths;
  std::vector<std::size_t> at(c.modalities);
  for (std::size_t m = 0; m < c.modalities; ++m) {
    frames.push_back(c.file.floats("frames." + std::to_string(m)));
    lengths.push_back(c.file.values("length." + std::to_string(m)));
  }
  FramePooling pooling;
  std::vector<float> logits(c.task.columns);
  for (std::size_t i = 0; i < c.samples; ++i) {
    ModalityMask given = 0;
    for (std::size_t m = 0; m < c.modalities; ++m) {
      const auto steps = static_cast<std::size_t>(lengths[m][i]);
      const float* first = frames[m].data() + at[m];
      at[m] += steps * c.width[m] / 3;
      if (i < c.train) continue;
      given |= c.given[i * c.modalities + m] != 0 ? ModalityMask{1} << m : 0;
      const std::size_t row = (i * c.modalities + m) * c.hidden;
      for (int part = 0; part < 4; ++part)
        for (std::size_t j = row; j < row + c.hidden; ++j) {
          const double alpha = nu[j] / 2;
          const double values[] = {gamma[j], 1, alpha, variance[j] * (alpha - 1) / 2};
          out.present.push_back(static_cast<float>(values[part]));
        }
      pooling.pool(model, static_cast<std::int32_t>(m), {first, static_cast<std::int64_t>(steps)});
      run_linear_map(model, static_cast<std::int32_t>(m), pooling.values(), logits.data());
      out.linear.insert(out.linear.end(), logits.begin(), logits.end());
    }
    if (i >= c.train) out.given.push_back(given);
  }
  out.samples = static_cast<std::int64_t>(out.given.size());
  return out;
}

TEST_P(GroundedGolden, PredictionsAreTheStoredOnes) {
  CASD_NEEDS_FILE(path());
  const GroundedCase c(path());
  const ModelPtr model = model_of(c);
  const EvidenceTable evidence = evidence_of(c, *model);
  const Predictor predictor(model, default_predictor_options());
  for (ModalityMask mask = 1; mask < ModalityMask{1} << c.modalities; ++mask) {
    Prediction prediction;
    predictor.predict_from_evidence(prediction, evidence, mask);
    const std::string stored = "out.mask." + std::to_string(mask);
    const std::vector<double> logits = c.file.values(stored + ".logits"),
                              uncertainty = c.file.values(stored + ".uncertainty");
    ASSERT_EQ(uncertainty.size(), evidence.given.size());
    for (std::size_t i = 0; i < uncertainty.size(); ++i) {
      const float got = prediction.table(CASD_FIELD_UNCERTAINTY)[i];
      ASSERT_EQ(std::isnan(got), std::isnan(uncertainty[i])) << "sample " << i;
      if (std::isnan(got)) continue;
      EXPECT_NEAR(static_cast<double>(got), uncertainty[i], 1e-5 * (1 + uncertainty[i]));
      const double tau = model->temperature(evidence.given[i] & mask);
      for (std::size_t k = 0; k < c.task.columns; ++k) {
        const std::size_t cell = i * c.task.columns + k;
        EXPECT_NEAR(static_cast<double>(prediction.table(CASD_FIELD_LOGITS)[cell]) / tau,
                    logits[cell], 1e-5 * (1 + std::fabs(logits[cell])))
            << "sample " << i << ", mask " << mask;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GroundedGolden,
                         testing::Values("grounded_classes", "grounded_few", "grounded_missing",
                                         "grounded_multilabel", "grounded_regression"),
                         [](const auto& parameters) { return parameters.param; });

}  // namespace
}  // namespace casd
