#include "train/checkpoint.h"

#include "core/crc32.h"
#include "core/error.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "train/options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>

namespace casd {
namespace {

ModelPtr small_model(std::uint64_t seed) {
  Schema schema;
  schema.add_modality("language", 3);
  schema.add_modality("audio", 2);
  schema.add_output("negative");
  schema.add_output("positive");
  casd_model_options options = default_model_options();
  options.hidden = 4;
  options.heads = 2;
  options.layers = 1;
  options.seed = seed;
  return create_model(schema, options);
}

Checkpoint example() {
  Checkpoint c;
  c.options = default_trainer_options();
  c.options.seed = 0xFFFFFFFFFFFFFFFFu;
  c.options.frame_drop = 0.1 + 0.2;
  c.model = small_model(1);
  c.teacher = small_model(2);
  c.position.phase = CASD_PHASE_STUDENT;
  c.position.prepared = c.position.stepped = true;
  c.position.epoch = 7;
  c.position.epoch_step = 3;
  c.position.step = 90;
  c.position.selection.best = 61.0 + 1.0 / 3;
  c.position.selection.best_epoch = 6;
  c.position.selection.waited = 4;
  c.position.score = 61.0 + 1.0 / 3;
  c.position.sums.total = 0.1;
  c.position.sums.uncertainty = std::numeric_limits<double>::quiet_NaN();
  c.position.sums.samples = 384;
  c.position.binding = {true, 0xFFFFFFFFu, 7};
  const auto learned = static_cast<std::size_t>(c.model->network().learned_count());
  c.learned.parameters.assign(learned, 0.1f);
  c.learned.first_moment.assign(learned, -0.2f);
  c.learned.second_moment.assign(learned, 0.3f);
  c.learned.step_counts = {90, 90, 88, 88, 90};
  c.best.assign(learned, 0.5f);
  c.class_weights = {0.75f, 1.5f};
  return c;
}

Checkpoint read_back(const std::vector<std::uint8_t>& bytes) {
  return parse_checkpoint(bytes, "test");
}

casd_status status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.status();
  }
  return CASD_OK;
}

TEST(Checkpoint, ReadsBackToTheSameBytes) {
  const std::vector<std::uint8_t> bytes = serialise_checkpoint(example());
  const Checkpoint c = read_back(bytes);
  EXPECT_EQ(serialise_checkpoint(c), bytes);
  EXPECT_EQ(c.options.seed, 0xFFFFFFFFFFFFFFFFu);
  EXPECT_EQ(c.options.frame_drop, 0.1 + 0.2);
  EXPECT_EQ(c.position.selection.best, 61.0 + 1.0 / 3);
  EXPECT_EQ(c.position.sums.total, 0.1);
  EXPECT_TRUE(std::isnan(c.position.sums.uncertainty));
  EXPECT_EQ(c.position.epoch, 7);
  EXPECT_EQ(c.position.epoch_step, 3);
  EXPECT_EQ(c.position.step, 90);
  EXPECT_EQ(c.position.selection.waited, 4);
  EXPECT_EQ(c.position.binding.train, 0xFFFFFFFFu);
  EXPECT_EQ(c.learned.step_counts, example().learned.step_counts);
  EXPECT_EQ(c.class_weights, example().class_weights);
  EXPECT_EQ(serialise_model(*c.teacher), serialise_model(*small_model(2)));
  EXPECT_EQ(c.result, nullptr);
}

TEST(Checkpoint, EveryDamagedByteIsRefusedOrChangesNothing) {
  const std::vector<std::uint8_t> good = serialise_checkpoint(example());
  for (std::size_t at = 0; at < good.size(); at += at < 4096 ? 1 : 37) {
    std::vector<std::uint8_t> bytes = good;
    bytes[at] ^= 0x21;
    const casd_status status = status_of([&] {
      // What the checksum does not cover may still read well, but then it says the same.
      EXPECT_TRUE(serialise_checkpoint(read_back(bytes)) == good) << at;
    });
    EXPECT_TRUE(status == CASD_OK || status == CASD_ERROR_FORMAT || status == CASD_ERROR_VERSION)
        << at << ": " << status;
  }
}

TEST(Checkpoint, EveryTruncationIsRefused) {
  const std::vector<std::uint8_t> good = serialise_checkpoint(example());
  for (std::size_t size = 0; size < good.size(); size += size < 4096 ? 1 : 61) {
    const std::vector<std::uint8_t> bytes(good.begin(),
                                          good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(status_of([&] { read_back(bytes); }), CASD_ERROR_FORMAT) << size;
  }
}

/// The file with one text of the metadata replaced, and a checksum that fits.
std::vector<std::uint8_t> with_metadata(const std::string& key, const std::string& from,
                                        const std::string& to) {
  const std::vector<std::uint8_t> good = serialise_checkpoint(example());
  Safetensors file = parse_safetensors(good, "test");
  std::string options, position;
  for (auto& [name, value] : file.metadata) {
    if (name == key) {
      const std::size_t at = value.find(from);
      EXPECT_NE(at, std::string::npos) << value;
      value.replace(at, from.size(), to);
    }
    if (name == "casd.options") options = value;
    if (name == "casd.position") position = value;
  }
  std::uint32_t crc = crc32(options.data(), options.size());
  crc = crc32(position.data(), position.size(), crc);
  for (const TensorEntry& tensor : file.tensors) {
    crc = crc32(tensor.name.data(), tensor.name.size(), crc);
    crc = crc32(tensor.bytes.data(), tensor.bytes.size(), crc);
  }
  char hex[9];
  std::snprintf(hex, sizeof hex, "%08x", static_cast<unsigned>(crc));
  for (auto& [name, value] : file.metadata)
    if (name == "casd.crc32") value = hex;
  return serialise_safetensors(file.metadata, file.tensors);
}

TEST(Checkpoint, ANewerVersionSaysSo) {
  EXPECT_EQ(status_of([] { read_back(with_metadata("casd.checkpoint", "1", "2")); }),
            CASD_ERROR_VERSION);
  for (const char* strange : {"", "0", "x", "-1", "99999999999999999999"})
    EXPECT_EQ(status_of([&] { read_back(with_metadata("casd.checkpoint", "1", strange)); }),
              CASD_ERROR_FORMAT)
        << strange;
}

TEST(Checkpoint, APositionThatCannotBeIsRefused) {
  ASSERT_EQ(
      status_of([] { read_back(with_metadata("casd.position", "\"epoch\":7", "\"epoch\":8")); }),
      CASD_OK);
  const char* const changes[][2] = {
      {"\"epoch\":7", "\"epoch\":16"},
      {"\"epoch\":7", "\"epoch\":-1"},
      {"\"epoch\":7", "\"epoch\":7.5"},
      {"\"epoch\":7", "\"epoch\":\"7\""},
      {"\"epoch\":7", "\"epoch\":18446744073709551615"},
      {"\"epoch\":7", "\"epoch\":5"},
      {"\"phase\":1", "\"phase\":3"},
      {"\"phase\":1", "\"phase\":2"},
      {"\"best_epoch\":6", "\"best_epoch\":-1"},
      {"\"step\":90", "\"step\":-90"},
      {"\"bound\":true", "\"bound\":1"},
      {"\"samples\"", "\"sample\""},
      {"{", "[{"},
  };
  for (const auto& change : changes)
    EXPECT_EQ(status_of([&] { read_back(with_metadata("casd.position", change[0], change[1])); }),
              CASD_ERROR_FORMAT)
        << change[1];
}

TEST(Checkpoint, OptionsOutOfRangeAreRefused) {
  const char* const changes[][2] = {
      {"\"batch_size\":\"128\"", "\"batch_size\":\"0\""},
      {"\"batch_size\":\"128\"", "\"batch_size\":128"},
      {"\"batch_size\"", "\"batchsize\""},
      {"\"teacher\":\"frozen\"", "\"teacher\":\"ghost\""},
      {"\"teacher\":\"frozen\"", "\"teacher\":\"ema\""},  // its moving average is not there
  };
  for (const auto& change : changes)
    EXPECT_EQ(status_of([&] { read_back(with_metadata("casd.options", change[0], change[1])); }),
              CASD_ERROR_FORMAT)
        << change[1];
}

TEST(Checkpoint, NumbersThatDoNotFitTheNetworkAreRefused) {
  const std::function<void(Checkpoint&)> damages[] = {
      [](Checkpoint& c) { c.learned.parameters.pop_back(); },
      [](Checkpoint& c) { c.learned.first_moment.clear(); },
      [](Checkpoint& c) { c.learned.parameters[0] = std::numeric_limits<float>::infinity(); },
      [](Checkpoint& c) { c.learned.second_moment[5] = -1; },
      [](Checkpoint& c) { c.learned.step_counts.pop_back(); },
      [](Checkpoint& c) { c.learned.step_counts[0] = -1; },
      [](Checkpoint& c) { c.best.push_back(0); },
      [](Checkpoint& c) { c.class_weights.push_back(1); },
      [](Checkpoint& c) { c.teacher = nullptr; },
      [](Checkpoint& c) { c.model = nullptr; },
      [](Checkpoint& c) { c.result = c.model; },
      [](Checkpoint& c) { c.position.selection.best = -INFINITY; },
  };
  for (std::size_t i = 0; i < std::size(damages); ++i) {
    Checkpoint c = example();
    damages[i](c);
    EXPECT_EQ(status_of([&] { read_back(serialise_checkpoint(c)); }), CASD_ERROR_FORMAT) << i;
  }
}

}  // namespace
}  // namespace casd
