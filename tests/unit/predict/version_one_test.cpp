// A model file that release 0.1.0 trained and wrote, and its results (tests/data).
#include "core/error.h"
#include "core/platform.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "predict/predictor.h"
#include "support/paths.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <sstream>

namespace casd {
namespace {

using Bytes = std::vector<std::uint8_t>;

const std::string folder = test::source_folder() + "/tests/data/";

Bytes file_bytes() { return read_file(folder + "model_v1.casd"); }

std::vector<float> read_words(std::istream& in) {
  std::vector<float> out;
  std::uint32_t word = 0;
  while (in >> std::hex >> word) {
    out.emplace_back();
    std::memcpy(&out.back(), &word, sizeof word);
  }
  return out;
}

TEST(VersionOne, LoadsAndSavesToTheSameBytes) {
  const Bytes bytes = file_bytes();
  const ModelPtr model = parse_model(bytes, "test");
  EXPECT_EQ(model->file_version(), 1);
  EXPECT_TRUE(model->trained());
  EXPECT_EQ(model->schema().modalities[1].name, "st\xc3\xa4mme");
  EXPECT_EQ(model->options().delta_min, 1e-5);
  EXPECT_EQ(model->temperature(2), 20);
  EXPECT_EQ(model->trust(1), 0.1);
  const UserValues user = {{"user.extractor", "openface \xc3\xa9 2\n\ttab \"q\" \\ \x01 \x7f end"},
                           {"user.", ""}};
  EXPECT_EQ(model->user(), user);
  EXPECT_EQ(serialise_model(*model), bytes);
}

TEST(VersionOne, PredictsTheSameNumbers) {
  const ModelPtr model = parse_model(file_bytes(), "test");
  const Bytes expected = read_file(folder + "model_v1.expected");
  std::istringstream lines(std::string(expected.begin(), expected.end()));
  Batch batch(model->schema());
  casd_predictor_options options = default_predictor_options();
  options.on_empty = CASD_EMPTY_NAN;
  Predictor predictor(model, options);
  int compared = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string kind, word;
    in >> kind;
    if (kind == "frames") {  // sample, modality, steps, the frames' bits
      std::int64_t sample = 0, steps = 0;
      std::int32_t modality = 0;
      in >> sample >> modality >> steps;
      while (batch.size() <= sample) batch.add();
      set_frames(batch.at(sample), model->schema(), modality, read_words(in));
    } else {  // "mask", mask, "field", field, its bits
      casd_modality_mask mask = 0;
      casd_field field = 0;
      in >> mask >> word >> field;
      Prediction prediction;
      predictor.predict(prediction, batch, mask);
      const std::vector<float> wanted = read_words(in);
      const Span<const float> got = prediction.table(field);
      ASSERT_EQ(got.size(), wanted.size()) << line.substr(0, 40);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_TRUE(std::abs(got[i] - wanted[i]) <= 1e-5f * (1 + std::abs(wanted[i])) ||
                    (std::isnan(got[i]) && std::isnan(wanted[i])))
            << line.substr(0, 40) << ": " << got[i] << ", expected " << wanted[i];
      ++compared;
    }
  }
  EXPECT_EQ(compared, 39);
}

TEST(VersionOne, AModifiedModelIsSavedInTheNewestVersion) {
  const ModelPtr model = parse_model(file_bytes(), "test");
  for (const Model& changed :
       {model->with_user(model->user()), model->with_calibration(model->calibration())}) {
    const Bytes bytes = serialise_model(changed);
    const ModelPtr again = parse_model(bytes, "test");
    EXPECT_EQ(again->file_version(), newest_file_version);
    EXPECT_EQ(again->user(), model->user());
    EXPECT_TRUE(again->trained());
    EXPECT_EQ(serialise_model(*again), bytes);
  }
}

// The rules of version 1: user values are outside the checksum, casd.trained does not exist.
TEST(VersionOne, FollowsTheRulesOfVersionOne) {
  const Bytes good = file_bytes();
  Safetensors file = parse_safetensors(good, "test");
  file.metadata[4].second = "changed";
  const Bytes changed = serialise_safetensors(file.metadata, file.tensors);
  EXPECT_EQ(parse_model(changed, "test")->user()[0].second, "changed");
  EXPECT_EQ(serialise_model(*parse_model(changed, "test")), changed);

  file.metadata.insert(file.metadata.begin() + 3, {"casd.trained", "true"});
  const Bytes flagged = serialise_safetensors(file.metadata, file.tensors);
  EXPECT_THROW(parse_model(flagged, "test"), Error);
}

}  // namespace
}  // namespace casd
