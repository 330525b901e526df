// The CPU engine, with every instruction set that the machine supports, against the stored outputs of the double-precision reference.
#include "support/golden.h"
#include "cpu/target.h"
#include "predict/predictor.h"

namespace casd {
namespace {

using test::TensorFile;

struct StoredField {
  const char* name;
  casd_field field;
};
constexpr StoredField fields[] = {
    {"logits", CASD_FIELD_LOGITS},
    {"uncertainty", CASD_FIELD_UNCERTAINTY},
    {"disagreement", CASD_FIELD_DISAGREEMENT},
    {"representation", CASD_FIELD_REPRESENTATION},
    {"scale", CASD_FIELD_SCALE},
    {"nu", CASD_FIELD_DEGREES_OF_FREEDOM},
    {"aleatoric", CASD_FIELD_MODALITY_ALEATORIC},
    {"epistemic", CASD_FIELD_MODALITY_EPISTEMIC},
    {"degrees_of_freedom", CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM},
    {"weight", CASD_FIELD_MODALITY_WEIGHT},
    {"modality_variance", CASD_FIELD_MODALITY_VARIANCE},
};

class GoldenCase : public testing::TestWithParam<std::string> {};

TEST_P(GoldenCase, EngineMatchesEveryStoredOutput) {
  const std::string path = test::golden_path(GetParam() + ".casd");
  CASD_NEEDS_FILE(path);
  const ModelPtr model = load_model(path);
  const TensorFile stored(test::golden_path(GetParam() + ".safetensors"));
  const std::vector<Sample> samples = test::golden_samples(stored, model->schema());
  Batch batch(model->schema());
  for (const Sample& sample : samples) batch.add() = sample;

  casd_predictor_options options = default_predictor_options();
  options.on_empty = CASD_EMPTY_NAN;
  for (const cpu::Target target : cpu::supported_targets()) {
    cpu::choose_target(target);
    const Predictor predictor(model, options);
    int masks = 0;
    double worst = 0;
    const bool regression = model->schema().task == CASD_TASK_REGRESSION;
    for (ModalityMask mask = 1; mask <= model->schema().all(); ++mask) {
      const std::string prefix = "mask." + std::to_string(mask) + ".";
      if (!stored.has(prefix + "logits")) continue;
      ++masks;
      Prediction prediction;
      predictor.predict(prediction, batch, mask);
      const std::vector<double> valid = stored.values(prefix + "valid");
      std::vector<StoredField> all(std::begin(fields), std::end(fields));
      all.push_back({"probabilities", regression ? CASD_FIELD_VALUE : CASD_FIELD_PROBABILITIES});
      for (const StoredField& f : all) {
        const Span<const float> table = prediction.table(f.field);
        std::vector<double> got(table.begin(), table.end());
        std::vector<double> expected = stored.values(prefix + f.name);
        const std::size_t columns = expected.size() / valid.size();
        for (std::size_t row = 0; row < valid.size(); ++row) {
          if (valid[row] != 0) continue;
          // A sample without modalities: zeros in the file, NaN and a status here.
          EXPECT_EQ(prediction.row_status(static_cast<std::int64_t>(row)), CASD_ERROR_STATE);
          for (std::size_t c = row * columns; c < (row + 1) * columns; ++c) {
            EXPECT_TRUE(std::isnan(got[c]));
            got[c] = expected[c] = 0;
          }
        }
        const double far = test::distance(got, expected);
        worst = std::max(worst, far);
        EXPECT_LE(far, 1e-5) << cpu::target_name(target) << ", mask " << mask << " " << f.name;
      }
    }
    EXPECT_GT(masks, 0);
    std::printf("%s, %s: %d masks, largest distance %.2g\n", GetParam().c_str(),
                cpu::target_name(target), masks, worst);
  }
  cpu::choose_target(cpu::supported_targets()[0]);
}

TEST_P(GoldenCase, ModelFileSavesToTheSameBytes) {
  const std::string path = test::golden_path(GetParam() + ".casd");
  CASD_NEEDS_FILE(path);
  const std::vector<std::uint8_t> bytes = read_file(path);
  EXPECT_EQ(serialise_model(*parse_model(bytes, path)), bytes);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenCase, testing::ValuesIn(test::model_cases()),
                         [](const auto& parameters) { return parameters.param; });

}  // namespace
}  // namespace casd
