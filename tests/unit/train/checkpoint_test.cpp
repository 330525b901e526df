#include "train/checkpoint.h"

#include "core/crc32.h"
#include "core/error.h"
#include "core/platform.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "support/paths.h"
#include "train/options.h"

#include <gtest/gtest.h>

#include <cmath>
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
  options.pooling = CASD_POOLING_LAST;
  options.seed = seed;
  return create_model(schema, options);
}

Checkpoint example() {
  Checkpoint c;
  c.options = default_trainer_options();
  c.options.seed = 0xFFFFFFFFFFFFFFFFu;
  c.options.frame_drop = 0.1 + 0.2;
  c.options.batch_size = 128;
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
  c.position.schedule = {128, 12, 16, 6, 10};
  const auto learned = static_cast<std::size_t>(c.model->layout().learned_count);
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
  EXPECT_EQ(c.position.schedule.teacher_epochs, 12);
  EXPECT_EQ(c.position.schedule.patience, 10);
  EXPECT_EQ(c.learned.step_counts, example().learned.step_counts);
  EXPECT_EQ(c.class_weights, example().class_weights);
  EXPECT_EQ(serialise_model(*c.teacher), serialise_model(*small_model(2)));
  EXPECT_EQ(c.result, nullptr);
}

TEST(Checkpoint, EveryDamagedByteIsRejected) {
  const std::vector<std::uint8_t> good = serialise_checkpoint(example());
  for (std::size_t at = 0; at < good.size(); at += at < 4096 ? 1 : 37) {
    std::vector<std::uint8_t> bytes = good;
    bytes[at] ^= 0x21;
    const casd_status status = status_of([&] { read_back(bytes); });
    EXPECT_TRUE(status == CASD_ERROR_FORMAT || status == CASD_ERROR_VERSION)
        << at << ": " << status;
  }
}

TEST(Checkpoint, EveryTruncationIsRejected) {
  const std::vector<std::uint8_t> good = serialise_checkpoint(example());
  for (std::size_t size = 0; size < good.size(); size += size < 4096 ? 1 : 61) {
    const std::vector<std::uint8_t> bytes(good.begin(),
                                          good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(status_of([&] { read_back(bytes); }), CASD_ERROR_FORMAT) << size;
  }
}

/// Builds the file, with the checksum as described in docs/model-file.md.
std::vector<std::uint8_t> with_checksum(Safetensors file) {
  std::string covered;
  for (const auto& [key, value] : file.metadata)
    if (key != "casd.crc32") covered += key + '\0' + value + '\0';
  for (const TensorEntry& tensor : file.tensors)
    covered += tensor.name + '\0' + std::string(tensor.bytes.begin(), tensor.bytes.end());
  for (auto& [key, value] : file.metadata)
    if (key == "casd.crc32") value = hexadecimal(crc32(covered.data(), covered.size()));
  return serialise_safetensors(file.metadata, file.tensors);
}

/// The example with changed parts and a valid checksum.
std::vector<std::uint8_t> changed(const std::function<void(Safetensors&)>& change) {
  static const std::vector<std::uint8_t> good = serialise_checkpoint(example());
  Safetensors file = parse_safetensors(good, "test");
  change(file);
  return with_checksum(std::move(file));
}

/// The example with a replaced string in the metadata.
std::vector<std::uint8_t> with_metadata(const std::string& key, const std::string& from,
                                        const std::string& to) {
  return changed([&](Safetensors& file) {
    for (auto& [name, value] : file.metadata) {
      if (name != key) continue;
      const std::size_t at = value.find(from);
      EXPECT_NE(at, std::string::npos) << from << " in " << value;
      if (at != std::string::npos) value.replace(at, from.size(), to);
    }
  });
}

/// The error message; fails unless the status is FORMAT.
std::string rejection(const std::vector<std::uint8_t>& bytes) {
  try {
    read_back(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_FORMAT) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(Checkpoint, ANewerVersionIsReported) {
  EXPECT_EQ(status_of([] { read_back(with_metadata("casd.checkpoint", "5", "6")); }),
            CASD_ERROR_VERSION);
  for (const char* mismatched : {"", "0", "x", "-1", "99999999999999999999"})
    EXPECT_EQ(status_of([&] { read_back(with_metadata("casd.checkpoint", "5", mismatched)); }),
              CASD_ERROR_FORMAT)
        << mismatched;
}

TEST(Checkpoint, InconsistentPositionsAreRejected) {
  ASSERT_EQ(
      status_of([] { read_back(with_metadata("casd.position", "\"epoch\":7", "\"epoch\":8")); }),
      CASD_OK);
  const char* const changes[][3] = {
      {"\"epoch\":7", "\"epoch\":16", "epoch"},
      {"\"epoch\":7", "\"epoch\":-1", "epoch"},
      {"\"epoch\":7", "\"epoch\":7.5", "epoch"},
      {"\"epoch\":7", "\"epoch\":7.0", "epoch"},
      {"\"epoch\":7", "\"epoch\":\"7\"", "epoch"},
      {"\"epoch\":7", "\"epoch\":07", "epoch"},
      {"\"epoch\":7", "\"epoch\": 7", "epoch"},
      {"\"epoch\":7", "\"epoch\":7,\"epoch\":7", "epoch"},
      {"\"epoch\":7", "\"epoch\":18446744073709551615", "epoch"},
      {"\"epoch\":7", "\"epoch\":5", "best_epoch"},
      {"\"phase\":1", "\"phase\":3", "phase"},
      {"\"phase\":1", "\"phase\":2", "phase"},
      {"\"phase\":1,", "", "phase"},
      {"\"best_epoch\":6", "\"best_epoch\":-1", "best_epoch"},
      {"\"step\":90", "\"step\":-90", "step"},
      {"\"step\":90", "\"step\":4294967296000000000", "step"},
      {"\"train\":4294967295", "\"train\":4294967296", "train"},
      {"\"bound\":true", "\"bound\":1", "bound"},
      {"\"samples\"", "\"sample\"", "samples"},
      {"\"bound\":true", "\"bound\":false", "epoch"},
      {"\"batch_size\":128", "\"batch_size\":64", "schedule"},
      {"\"batch_size\":128", "\"batch_size\":0", "schedule"},
      {"\"teacher_epochs\":12", "\"teacher_epochs\":0", "schedule"},
      {"\"patience\":10", "\"patience\":0", "schedule"},
      {"\"select_from\":6", "\"select_from\":-1", "select_from"},
      {"\"trial\":0}", "\"trial\":0,\"more\":1}", "more"},
      {"\"trial\":0", "\"trial\":4", "trial"},
      {"\"trial\":0", "\"trial\":1", "trial"},  // of the student
      {"\"trial\":0", "\"trial\":2", "tried"},
      {"{", "[{", "casd.position"},
  };
  for (const auto& change : changes) {
    const std::string message = rejection(with_metadata("casd.position", change[0], change[1]));
    EXPECT_NE(message.find(change[2]), std::string::npos) << change[1] << ": " << message;
  }
}

TEST(Checkpoint, OptionsOutOfRangeAreRejected) {
  const char* const changes[][3] = {
      {"\"batch_size\":128", "\"batch_size\":-1", "batch_size"},
      {"\"batch_size\":128", "\"batch_size\":\"128\"", "batch_size"},
      {"\"batch_size\":128", "\"batch_size\":4294967424", "batch_size"},
      {"\"batch_size\"", "\"batchsize\"", "batch_size"},
      {"\"batch_size\":128,", "", "batch_size"},
      {"\"dropout\":0.4", "\"dropout\":0.40", "dropout"},
      {"\"dropout\":0.4", "\"dropout\":1.0", "dropout"},
      {"\"seed\":18446744073709551615", "\"seed\":18446744073709551616", "seed"},
      {"\"seed\":18446744073709551615", "\"seed\":-1", "seed"},
      {"\"teacher\":\"frozen\"", "\"teacher\":\"ghost\"", "ghost"},
      {"\"teacher\":\"frozen\"", "\"teacher\":0", "teacher"},
      {"\"teacher\":\"frozen\"", "\"teacher\":\"ema\"", "ema_teacher"},  // missing
  };
  for (const auto& change : changes) {
    const std::string message = rejection(with_metadata("casd.options", change[0], change[1]));
    EXPECT_NE(message.find(change[2]), std::string::npos) << change[1] << ": " << message;
  }
}

TEST(Checkpoint, DeepNestingIsRejectedWithoutRecursion) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  for (const char* key : {"casd.options", "casd.position"}) {
    EXPECT_NE(rejection(with_metadata(key, "{", deep)).find(key), std::string::npos);
    EXPECT_NE(rejection(with_metadata(key, ":", ":" + deep)).find(key), std::string::npos);
  }
}

TEST(Checkpoint, PartsMustBeCompleteKnownAndInOrder) {
  const std::pair<std::function<void(Safetensors&)>, const char*> cases[] = {
      {[](Safetensors& f) {
         f.metadata.insert(f.metadata.end() - 1, {"user.a", "b"});
       },
       "5 metadata entries"},
      {[](Safetensors& f) { f.metadata.erase(f.metadata.begin() + 1); }, "3 metadata entries"},
      {[](Safetensors& f) { std::swap(f.metadata[1], f.metadata[2]); }, "casd.position"},
      {[](Safetensors& f) { std::swap(f.tensors[1], f.tensors[2]); }, "first_moment"},
      {[](Safetensors& f) { f.tensors.erase(f.tensors.begin()); }, "position"},
      {[](Safetensors& f) {
         f.tensors.pop_back();
         f.tensors.pop_back();
       },
       "model"},
      {[](Safetensors& f) {
         f.tensors.push_back({"more", DataType::u8, {0}, {}});
       },
       "more"},
      {[](Safetensors& f) { f.tensors[1].shape.push_back(1); }, "parameters"},
      {[](Safetensors& f) {
         f.tensors[1].type = DataType::u8;
         f.tensors[1].shape[0] *= 4;
       },
       "parameters"},
  };
  for (const auto& [change, part] : cases) {
    const std::string message = rejection(changed(change));
    EXPECT_NE(message.find(part), std::string::npos) << part << ": " << message;
  }
}

TEST(Checkpoint, OtherFilesAreDescribed) {
  EXPECT_EQ(rejection(serialise_model(*small_model(1))),
            "test: not a CASD checkpoint (a CASD model)");
  EXPECT_EQ(rejection({'a', ',', 'b', '\n', '1', ',', '2', '\n', '3'}),
            "test: not a CASD checkpoint (a text file)");
}

// Written by release 0.1.0 during the student phase.
TEST(Checkpoint, VersionOneIsRead) {
  const std::string path = test::source_folder() + "/tests/data/trainer_v1.checkpoint";
  const std::vector<std::uint8_t> bytes = read_file(path);
  const Checkpoint c = read_back(bytes);
  EXPECT_EQ(c.options.epochs, 3);
  EXPECT_EQ(c.options.batch_size, 16);
  EXPECT_EQ(c.options.fit_trust, 1);
  EXPECT_EQ(c.options.weight_decay, 1e-4);
  EXPECT_EQ(c.options.seed, 9u);
  EXPECT_EQ(c.position.phase, CASD_PHASE_STUDENT);
  EXPECT_EQ(c.position.epoch, 1);
  EXPECT_EQ(c.position.epoch_step, 1);
  EXPECT_EQ(c.position.binding.train, 3887939073u);
  EXPECT_TRUE(c.teacher && c.teacher->trained());
  // Saved in the newest version, it has the same content.
  const Checkpoint again = read_back(serialise_checkpoint(c));
  EXPECT_EQ(again.learned.parameters, c.learned.parameters);
  EXPECT_EQ(again.learned.second_moment, c.learned.second_moment);
  EXPECT_EQ(again.best, c.best);
  EXPECT_EQ(serialise_checkpoint(again), serialise_checkpoint(c));
  for (const Option& option : trainer_option_table())
    EXPECT_EQ(option_text(option, &again.options), option_text(option, &c.options));

  // A flipped bit and non-canonical text are rejected.
  std::vector<std::uint8_t> damaged = bytes;
  damaged.back() ^= 1;
  EXPECT_NE(rejection(damaged).find("checksum"), std::string::npos);
  Safetensors file = parse_safetensors(bytes, "test");
  std::string& options = file.metadata[1].second;
  options.replace(options.find("\"0.4\""), 5, "\"0.40\"");
  std::uint32_t crc = 0;
  for (std::size_t i = 1; i <= 2; ++i)
    crc = crc32(file.metadata[i].second.data(), file.metadata[i].second.size(), crc);
  for (const TensorEntry& tensor : file.tensors) {
    crc = crc32(tensor.name.data(), tensor.name.size(), crc);
    crc = crc32(tensor.bytes.data(), tensor.bytes.size(), crc);
  }
  file.metadata[3].second = hexadecimal(crc);
  EXPECT_NE(rejection(serialise_safetensors(file.metadata, file.tensors)).find("dropout"),
            std::string::npos);
}

TEST(Checkpoint, TensorsOfAnotherSizeAreRejected) {
  const std::function<void(Checkpoint&)> damages[] = {
      [](Checkpoint& c) { c.learned.parameters.pop_back(); },
      [](Checkpoint& c) { c.learned.first_moment.clear(); },
      [](Checkpoint& c) { c.learned.parameters[0] = std::numeric_limits<float>::infinity(); },
      [](Checkpoint& c) { c.learned.second_moment[5] = -1; },
      [](Checkpoint& c) { c.learned.step_counts.pop_back(); },
      [](Checkpoint& c) { c.learned.step_counts[0] = -1; },
      [](Checkpoint& c) { c.best.push_back(0); },
      [](Checkpoint& c) { c.class_weights.push_back(1); },
      [](Checkpoint& c) { c.class_weights[0] = -1; },
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
