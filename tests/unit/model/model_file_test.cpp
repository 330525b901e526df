// The model file as untrusted input: every accepted file saves to the same bytes.
#include "model/model_file.h"

#include "core/crc32.h"
#include "core/error.h"
#include "core/platform.h"
#include "model/model_text.h"
#include "model/options.h"
#include "model/safetensors.h"
#include "support/paths.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>

namespace casd {
namespace {

using Bytes = std::vector<std::uint8_t>;

Schema three_modalities() {
  Schema schema;
  schema.add_modality("language", 4);
  schema.add_modality("audio", 3);
  schema.add_modality("visual", 2);
  schema.add_output("negative");
  schema.add_output("positive");
  return schema;
}

ModelPtr small_model() {
  casd_model_options options = default_model_options();
  options.hidden = 4;
  options.heads = 2;
  options.layers = 1;
  options.pooling = CASD_POOLING_LAST;
  Calibration calibration;
  calibration.temperatures = {{1, 1.5}, {5, 2.0}, {7, 0.25}};
  calibration.trust = {1, 2.5, 0.5};
  return std::make_shared<const Model>(create_model(three_modalities(), options)
                                           ->with_calibration(calibration)
                                           .with_user({{"user.note", "\xc3\xa4 \"quoted\""}}));
}

TEST(ModelFile, TemperaturesByNumberOfModalitiesAreKept) {
  Schema schema = three_modalities();
  for (const char* name : {"d", "e", "f", "g"}) schema.add_modality(name, 1);
  casd_model_options options = default_model_options();
  options.hidden = 4;
  options.heads = 2;
  options.layers = 1;
  Calibration calibration;
  calibration.temperatures = {{3, 1.5}, {7, 2.0}};
  const Model model = create_model(schema, options)->with_calibration(calibration);
  const std::vector<std::uint8_t> bytes = serialise_model(model);
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_NE(text.find(R"({\"count:3\":1.5,\"count:7\":2.0})"), std::string::npos);
  EXPECT_EQ(parse_model(bytes, "test")->calibration().temperatures, calibration.temperatures);
}

TEST(ModelFile, OnDiskIsReadAsInMemory) {
  const auto result = [](const std::function<ModelPtr()>& load) -> std::string {
    try {
      const Bytes bytes = serialise_model(*load());
      return std::string(bytes.begin(), bytes.end());
    } catch (const Error& e) {
      return e.what();
    }
  };
  const std::string path = test::temporary_path("parts.casd");
  const Bytes good = serialise_model(*small_model());
  const auto expect_same = [&](const Bytes& bytes) {
    write_file_atomic(path, bytes);
    EXPECT_EQ(result([&] { return load_model(path); }),
              result([&] { return parse_model(bytes, path); }))
        << bytes.size();
  };
  expect_same(good);
  const std::size_t data = data_begin(good, good.size());
  ASSERT_LT(data, good.size());
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{8}, std::size_t{9},
                                 data - 1, data, data + 1, data + 4, good.size() - 1})
    expect_same(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{30}, data, good.size() - 1}) {
    Bytes changed = good;
    changed[at] ^= 1;
    expect_same(changed);
  }
  Bytes longer = good;
  longer.push_back(0);
  expect_same(longer);
  std::remove(path.c_str());
}

std::string& text_of(Safetensors& file, const std::string& key) {
  for (auto& [name, value] : file.metadata)
    if (name == key) return value;
  throw std::runtime_error("no " + key);
}

/// The checksums described in docs/model-file.md.
std::string checksum(const Safetensors& file) {
  std::string covered;
  for (const auto& [key, value] : file.metadata) {
    if (key == "casd.crc32") continue;
    if (*file.find_metadata("casd.format") != "1")
      covered += key + '\0' + value + '\0';
    else if (key == "casd.schema" || key == "casd.options" || key == "casd.calibration")
      covered += value;
  }
  covered.append(file.data.begin(), file.data.end());
  return hexadecimal(crc32(covered.data(), covered.size()));
}

Bytes with_checksum(Safetensors file) {
  text_of(file, "casd.crc32") = checksum(file);
  return serialise_safetensors(file.metadata, file.tensors);
}

/// The file of the small model with `from` replaced in the entry `key`, and a valid checksum.
Bytes edited(const std::string& key, const std::string& from, const std::string& to) {
  static const Bytes good = serialise_model(*small_model());
  Safetensors file = parse_safetensors(good, "test");
  std::string& value = text_of(file, key);
  const std::size_t at = value.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << value;
  value.replace(at, from.size(), to);
  return with_checksum(std::move(file));
}

/// The error message; fails unless the status is FORMAT.
std::string rejection(const Bytes& bytes) {
  try {
    parse_model(bytes, "test");
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_FORMAT) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(ModelFile, AConsistentEditIsAccepted) {
  const Bytes bytes = edited("casd.options", "\"input_clip\":5.0", "\"input_clip\":6.5");
  const ModelPtr model = parse_model(bytes, "test");
  EXPECT_EQ(model->options().input_clip, 6.5);
  EXPECT_EQ(serialise_model(*model), bytes);
}

TEST(ModelFile, DeepNestingIsRejectedWithoutRecursion) {
  for (const char* key : {"casd.schema", "casd.options", "casd.calibration"})
    for (const char* open : {"[", "{\"a\":"}) {
      const Bytes good = serialise_model(*small_model());
      Safetensors file = parse_safetensors(good, "test");
      std::string deep;
      for (int i = 0; i < 200000; ++i) deep += open;
      text_of(file, key) = deep;
      EXPECT_NE(rejection(with_checksum(file)).find(key), std::string::npos);
      deep += "1" + std::string(200000, *open == '[' ? ']' : '}');
      text_of(file, key) = deep;
      EXPECT_NE(rejection(with_checksum(file)).find(key), std::string::npos);
    }
  // As the value of an option that exists.
  const std::string value = std::string(20000, '[') + std::string(20000, ']');
  EXPECT_NE(rejection(edited("casd.options", "\"hidden\":4", "\"hidden\":" + value)).find("hidden"),
            std::string::npos);
}

struct Rejected {
  const char* key;
  const char* from;
  const char* to;
  const char* message;  // part of it
};

TEST(ModelFile, NonCanonicalTextIsRejected) {
  const Rejected cases[] = {
      // The schema: numbers out of range, of another type, in another form.
      {"casd.schema", "\"features\":4", "\"features\":4294967300", "features"},
      {"casd.schema", "\"features\":4", "\"features\":18446744073709551620", "features"},
      {"casd.schema", "\"features\":4", "\"features\":4.7", "features"},
      {"casd.schema", "\"features\":4", "\"features\":4.0", "features"},
      {"casd.schema", "\"features\":4", "\"features\":\"4\"", "features"},
      {"casd.schema", "\"features\":4", "\"features\":04", "features"},
      {"casd.schema", "\"features\":4", "\"features\":4e0", "features"},
      {"casd.schema", "\"features\":4", "\"features\":+4", "features"},
      {"casd.schema", "\"features\":4", "\"features\":-4", "features"},
      {"casd.schema", "\"features\":4", "\"features\":-0", "features"},
      {"casd.schema", "\"features\":4", "\"features\":0", "features"},
      {"casd.schema", "\"features\":4", "\"features\":65537", "features"},
      {"casd.schema", "\"features\":4", "\"features\":true", "features"},
      {"casd.schema", "\"features\":4", "\"features\":null", "features"},
      {"casd.schema", "\"features\":4", "\"features\":", "features"},
      // Keys: twice, unknown, missing, in another order.
      {"casd.schema", "\"features\":4", "\"features\":4,\"features\":4", "features"},
      {"casd.schema", "\"features\":4", "\"features\":4,\"unit\":1", "unit"},
      {"casd.schema", "\"name\":\"language\",", "", "name"},
      {"casd.schema", "\"name\":\"language\"", "\"name\":\"audio\"", "audio"},
      {"casd.schema", "\"name\":\"language\"", "\"name\":\"lan.guage\"", "name"},
      {"casd.schema", "\"name\":\"language\"", "\"name\":\"\"", "name"},
      {"casd.schema", "\"name\":\"language\"", "\"name\":5", "name"},
      {"casd.schema", "\"task\":\"classes\"", "\"task\":\"ranking\"", "ranking"},
      {"casd.schema", "\"task\":\"classes\"", "\"task\":1", "task"},
      {"casd.schema", "\"task\":\"classes\"", "\"task\":\"classes\",\"task\":\"classes\"", "task"},
      {"casd.schema", "\"task\":\"classes\",", "", "task"},
      {"casd.schema", "\"outputs\":[\"negative\",", "\"outputs\":[", "outputs"},
      {"casd.schema", "\"outputs\":[\"negative\"", "\"outputs\":[\"positive\"", "positive"},
      {"casd.schema", "\"outputs\":[\"negative\"", "\"outputs\":[4", "outputs"},
      {"casd.schema", "\"positive\"]}", "\"positive\"],\"more\":[]}", "more"},
      // White space and escapes.
      {"casd.schema", "\"features\":4", "\"features\": 4", "features"},
      {"casd.schema", "{\"modalities\"", " {\"modalities\"", "casd.schema"},
      {"casd.schema", "\"positive\"]}", "\"positive\"]} ", "casd.schema"},
      {"casd.schema", "\"positive\"]}", "\"positive\"]}{}", "casd.schema"},
      {"casd.schema", "\"negative\"", "\"n\\u0065gative\"", "outputs"},
      {"casd.schema", "\"negative\"", "\"negative\\/\"", "outputs"},
      {"casd.schema", "\"negative\"", "\"\\u00e4\"", "outputs"},
      {"casd.schema", "\"negative\"", "\"neg\tative\"", "outputs"},
      {"casd.schema", "\"negative\"", "\"neg\\u0000ative\"", "outputs"},
      {"casd.schema", "\"positive\"]}", "\"positive", "outputs"},
      // Options.
      {"casd.options", "\"hidden\":4", "\"hidden\":\"4\"", "hidden"},
      {"casd.options", "\"hidden\":4", "\"hidden\":4.0", "hidden"},
      {"casd.options", "\"hidden\":4", "\"hidden\":4294967300", "hidden"},
      {"casd.options", "\"hidden\":4", "\"hidden\":[4]", "hidden"},
      {"casd.options", "\"hidden\":4,", "", "hidden"},
      {"casd.options", "\"hidden\":4", "\"hidden\":4,\"hidden\":4", "hidden"},
      {"casd.options", "\"hidden\":4,\"layers\":1", "\"layers\":1,\"hidden\":4", "hidden"},
      {"casd.options", "\"heads\":2", "\"heads\":3", "heads"},
      {"casd.options", "\"feed_forward\":8", "\"feed_forward\":0", "feed_forward"},
      {"casd.options", "\"pooling\":\"last\"", "\"pooling\":0", "pooling"},
      {"casd.options", "\"pooling\":\"last\"", "\"pooling\":\"first\"", "pooling"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":5", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":5.00", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":50e-1", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":\"5.0\"", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":1e999", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":inf", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":nan", "input_clip"},
      {"casd.options", "\"input_clip\":5.0", "\"input_clip\":0x5p0", "input_clip"},
      {"casd.options", "\"delta_min\":0.01", "\"delta_min\":1e-2", "delta_min"},
      {"casd.options", "\"delta_min\":0.01", "\"delta_min\":20.0", "delta_m"},
      {"casd.options", "\"input_guard\":1}", "\"input_guard\":1,\"seed\":1}", "seed"},
      {"casd.options", "\"input_guard\":1}", "\"input_guard\":1,\"gamma_min\":1.0}", "gamma_min"},
      // Calibration.
      {"casd.calibration", "\"1\":1.5", "\"01\":1.5", "01"},
      {"casd.calibration", "\"1\":1.5", "\"0\":1.5", "temperatures"},
      {"casd.calibration", "\"7\":0.25", "\"8\":0.25", "8"},
      {"casd.calibration", "\"7\":0.25", "\"count:3\":0.25", "count:3"},
      {"casd.calibration", "\"7\":0.25", "\"4294967303\":0.25", "4294967303"},
      {"casd.calibration", "\"7\":0.25", "\"+7\":0.25", "+7"},
      {"casd.calibration", "\"7\":0.25", "\"\":0.25", "temperatures"},
      {"casd.calibration", "\"7\":0.25", "\"5\":0.25", "5"},
      {"casd.calibration", "\"7\":0.25", "\"7\":1e-300", "7"},
      {"casd.calibration", "\"7\":0.25", "\"7\":0.0009", "7"},
      {"casd.calibration", "\"7\":0.25", "\"7\":1000.5", "7"},
      {"casd.calibration", "\"7\":0.25", "\"7\":0.0", "7"},
      {"casd.calibration", "\"7\":0.25", "\"7\":-1.0", "7"},
      {"casd.calibration", "\"7\":0.25", "\"7\":1", "7"},
      {"casd.calibration", "\"7\":0.25", "\"7\":\"0.25\"", "7"},
      {"casd.calibration", "{\"1\":1.5,\"5\":2.0,\"7\":0.25}", "{}", "temperatures"},
      {"casd.calibration", "{\"1\":1.5,\"5\":2.0,\"7\":0.25}", "[]", "temperatures"},
      {"casd.calibration", "[1.0,2.5,0.5]", "[1.0,2.5]", "trust"},
      {"casd.calibration", "[1.0,2.5,0.5]", "[1.0,2.5,0.5,1.0]", "trust"},
      {"casd.calibration", "[1.0,2.5,0.5]", "[]", "trust"},
      {"casd.calibration", "[1.0,2.5,0.5]", "[1.0,2.5,1e-300]", "trust"},
      {"casd.calibration", "[1.0,2.5,0.5]", "[1,2.5,0.5]", "trust"},
      {"casd.calibration", "\"trust\"", "\"truth\"", "truth"},
      {"casd.calibration", "\"temperatures\"", "\"trust\":[1.0,2.5,0.5],\"temperatures\"",
       "temperatures"},
      {"casd.calibration", ",\"trust\":[1.0,2.5,0.5]", "}", "casd.calibration"},
  };
  for (const Rejected& c : cases) {
    const std::string message = rejection(edited(c.key, c.from, c.to));
    EXPECT_NE(message.find(c.message), std::string::npos) << c.to << ": " << message;
    EXPECT_EQ(message.rfind("test: ", 0), 0u) << message;
  }
}

/// The file of the small model with changed metadata and a valid checksum.
std::string rejection_of_metadata(const std::function<void(Metadata&)>& change) {
  const Bytes good = serialise_model(*small_model());
  Safetensors file = parse_safetensors(good, "test");
  change(file.metadata);
  if (file.find_metadata("casd.crc32")) return rejection(with_checksum(std::move(file)));
  return rejection(serialise_safetensors(file.metadata, file.tensors));
}

std::size_t place_of(const Metadata& metadata, const std::string& key) {
  for (std::size_t i = 0; i < metadata.size(); ++i)
    if (metadata[i].first == key) return i;
  throw std::runtime_error("no " + key);
}

TEST(ModelFile, MetadataMustBeCompleteKnownAndInOrder) {
  for (const char* key : {"casd.schema", "casd.options", "casd.crc32"}) {
    const std::string message = rejection_of_metadata(
        [&](Metadata& m) { m.erase(m.begin() + static_cast<std::ptrdiff_t>(place_of(m, key))); });
    EXPECT_NE(message.find(key), std::string::npos) << message;
  }
  for (const char* key : {"casd.extra", "extra", "User.note", "user"})
    for (const bool last : {false, true}) {
      const std::string message = rejection_of_metadata([&](Metadata& m) {
        m.insert(last ? m.end() : m.begin() + 2, {key, "1"});
      });
      EXPECT_NE(message.find(text(" ", key)), std::string::npos) << message;
    }
  const std::string swapped = rejection_of_metadata([](Metadata& m) { std::swap(m[1], m[2]); });
  EXPECT_NE(swapped.find("expected the metadata casd.schema, found casd.options"),
            std::string::npos)
      << swapped;
  const std::string late = rejection_of_metadata(
      [](Metadata& m) { std::swap(m[place_of(m, "user.note")], m[place_of(m, "casd.crc32")]); });
  EXPECT_NE(late.find("user.note"), std::string::npos) << late;
}

TEST(ModelFile, UserValuesAreLimited) {
  const auto limits = [](const std::string& message) {
    EXPECT_NE(message.find("beyond the limits of user values"), std::string::npos) << message;
  };
  const auto insert = [](Metadata& m, const std::string& key, const std::string& value) {
    m.insert(m.begin() + static_cast<std::ptrdiff_t>(place_of(m, "user.note")), {key, value});
  };
  limits(
      rejection_of_metadata([&](Metadata& m) { insert(m, "user." + std::string(252, 'k'), "v"); }));
  limits(rejection_of_metadata([&](Metadata& m) { insert(m, "user.k", std::string(65537, 'v')); }));
  limits(rejection_of_metadata([&](Metadata& m) {
    for (std::size_t i = 0; i < most_user_values; ++i) insert(m, "user." + std::to_string(i), "");
  }));
}

// Options can describe a network of any size. No memory is allocated before the size of the file is
// checked.
TEST(ModelFile, ALargeNetworkInASmallFileIsRejected) {
  EXPECT_NE(rejection(edited("casd.options", "\"layers\":1", "\"layers\":64")).find("tensors"),
            std::string::npos);
  EXPECT_NE(rejection(edited("casd.options", "\"feed_forward\":8", "\"feed_forward\":65536"))
                .find("bytes of data"),
            std::string::npos);
  EXPECT_NE(
      rejection(edited("casd.options", "\"hidden\":4", "\"hidden\":4096")).find("bytes of data"),
      std::string::npos);
}

TEST(ModelFile, ValuesThatCannotBeUsedAreRejected) {
  const ModelPtr good = small_model();
  const auto with = [&](const char* tensor, float value) {
    std::vector<float> values(good->values().begin(), good->values().end());
    values[static_cast<std::size_t>(find_tensor(good->layout(), tensor).offset) + 1] = value;
    return serialise_model(
        Model(good->shared_layout(), std::move(values), good->calibration(), good->user(), true));
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity})
    for (const char* tensor : {"classifier.bias", "audio.normalizer.mean", "audio.normalizer.std"})
      EXPECT_NE(rejection(with(tensor, value)).find(tensor), std::string::npos) << value;
  // Frames are divided by it.
  for (const float value : {0.0f, -1.0f})
    EXPECT_NE(rejection(with("audio.normalizer.std", value)).find("audio.normalizer.std"),
              std::string::npos)
        << value;
  for (const auto& [tensor, value] :
       {std::pair{"audio.normalizer.mean", -1.0f}, std::pair{"audio.normalizer.std", 1e-30f}}) {
    const Bytes bytes = with(tensor, value);
    EXPECT_EQ(serialise_model(*parse_model(bytes, "test")), bytes) << tensor;
  }
}

TEST(ModelFile, VersionThreeMatchesTheDocumentation) {
  const Bytes bytes = serialise_model(*small_model());
  const Safetensors file = parse_safetensors(bytes, "test");
  const Metadata expected = {
      {"casd.format", "3"},
      {"casd.schema",
       R"({"modalities":[{"name":"language","features":4},{"name":"audio","features":3},)"
       R"({"name":"visual","features":2}],"task":"classes","outputs":["negative","positive"]})"},
      {"casd.options",
       R"({"hidden":4,"layers":1,"heads":2,"feed_forward":8,"pooling":"last","input_clip":5.0,)"
       R"("max_steps":512,"absent":"excluded","weights":"excess_degrees_of_freedom",)"
       R"("fused_variance":"weighted","delta_min":0.01,"delta_max":20.0,"alpha_min":1.25,)"
       R"("alpha_max":20.0,"beta_min":0.2,"linear":1,"input_guard":1})"},
      {"casd.trained", "false"},
      {"casd.calibration", R"({"temperatures":{"1":1.5,"5":2.0,"7":0.25},"trust":[1.0,2.5,0.5]})"},
      {"user.note", "\xc3\xa4 \"quoted\""},
      {"casd.crc32", checksum(file)}};
  EXPECT_EQ(file.metadata, expected);
  EXPECT_EQ(serialise_model(*parse_model(bytes, "test")), bytes);
}

TEST(ModelFile, EveryFlippedBitIsRejected) {
  Bytes bytes = serialise_model(*small_model());
  const std::size_t header = bytes[0] + 256u * bytes[1];
  for (std::size_t at = 0; at < bytes.size(); at += at < header ? 1 : 101) {
    const auto flip = static_cast<std::uint8_t>(1u << at % 8);
    bytes[at] ^= flip;
    try {
      parse_model(bytes, "test");
      ADD_FAILURE() << "byte " << at;
    } catch (const Error& error) {
      EXPECT_TRUE(error.status() == CASD_ERROR_FORMAT || error.status() == CASD_ERROR_VERSION);
    }
    bytes[at] ^= flip;
  }
}

TEST(ModelFile, TheChecksumCoversUserValues) {
  const Bytes good = serialise_model(*small_model());
  for (const bool key : {false, true}) {
    Safetensors file = parse_safetensors(good, "test");
    for (auto& [name, value] : file.metadata)
      if (name == "user.note") (key ? name : value).back() = 'x';
    EXPECT_NE(rejection(serialise_safetensors(file.metadata, file.tensors)).find("checksum"),
              std::string::npos);
  }
}

TEST(ModelFile, TypicalChangesAreKept) {
  const Schema schema = three_modalities();
  const std::string kept = R"({"change":[0.0,1.5,1e+05]})";
  const Calibration calibration = parse_calibration(kept, schema, "test");
  EXPECT_EQ(calibration.change, (std::vector<double>{0, 1.5, 1e5}));
  EXPECT_EQ(calibration_text(calibration, schema), kept);
  for (const char* bad : {R"({"change":[0.0,1.5]})", R"({"change":[0.0,1.5,-1.0]})",
                          R"({"change":[0.0,1.5,1e+31]})", R"({"change":[]})"})
    EXPECT_THROW(parse_calibration(bad, schema, "test"), Error) << bad;
  EXPECT_THROW(parse_calibration(kept, schema, "test", 2), Error);
}

TEST(ModelFile, TheTrainedFlagIsKept) {
  const ModelPtr fresh = small_model();
  EXPECT_FALSE(parse_model(serialise_model(*fresh), "test")->trained());
  // The statistics of standardised data equal the initial ones, so the flag must be stored.
  const std::vector<float> values(fresh->values().begin(), fresh->values().end());
  const Model trained(fresh->shared_layout(), values, {}, {}, true);
  EXPECT_TRUE(parse_model(serialise_model(trained), "test")->trained());
  EXPECT_TRUE(trained.with_user({}).trained());
  EXPECT_TRUE(trained.with_calibration({}).trained());
  for (const char* other : {"true", "TRUE", "1", ""}) {
    const Bytes bytes = edited("casd.trained", "false", other);
    if (std::string(other) == "true")
      EXPECT_TRUE(parse_model(bytes, "test")->trained());
    else
      EXPECT_NE(rejection(bytes).find("casd.trained"), std::string::npos);
  }
}

TEST(ModelFile, ANewerVersionIsReported) {
  for (const char* version : {"4", "10", "99999999"}) {
    try {
      parse_model(edited("casd.format", "3", version), "test");
      ADD_FAILURE() << version;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), CASD_ERROR_VERSION);
      EXPECT_STREQ(error.what(),
                   text("test: model format ", version, ", this library reads up to 3").c_str());
    }
  }
  for (const char* version : {"", "0", "02", "-2", "two", "2.0", "999999999"})
    EXPECT_NE(rejection(edited("casd.format", "3", version)).find("casd.format"),
              std::string::npos);
}

ModelPtr model_with_feature_names() {
  Schema schema = three_modalities();
  schema.set_feature_name(1, 0, "pitch \xc3\xa4");
  schema.set_feature_name(1, 2, "energy \"dB\"");
  casd_model_options options = default_model_options();
  options.hidden = 4;
  options.heads = 2;
  options.layers = 1;
  return create_model(schema, options);
}

TEST(ModelFile, FeatureNamesAreKept) {
  const Bytes bytes = serialise_model(*model_with_feature_names());
  const Safetensors file = parse_safetensors(bytes, "test");
  EXPECT_NE(file.find_metadata("casd.schema")
                ->find(R"({"name":"language","features":4},{"name":"audio","features":3,)"
                       R"("feature_names":["pitch )"
                       "\xc3\xa4"
                       R"(","","energy \"dB\""]},{"name":"visual","features":2}])"),
            std::string::npos);
  const ModelPtr model = parse_model(bytes, "test");
  const std::vector<std::string> names = {"pitch \xc3\xa4", "", "energy \"dB\""};
  EXPECT_EQ(model->schema().modalities[1].feature_names, names);
  EXPECT_TRUE(model->schema().modalities[0].feature_names.empty());
  EXPECT_EQ(serialise_model(*model), bytes);
}

TEST(ModelFile, InvalidFeatureNamesAreRejected) {
  const Bytes good = serialise_model(*model_with_feature_names());
  const std::string names = "[\"pitch \xc3\xa4\",\"\",\"energy \\\"dB\\\"\"]";
  for (const auto& [to, message] : std::vector<std::pair<std::string, std::string>>{
           {"[\"a\",\"b\"]", "expected 3"},
           {"[\"a\",\"b\",\"c\",\"d\"]", "more names than features"},
           {"[\"a\",\"b\",\"a\"]", "two features 'a'"},
           {"[\"\",\"\",\"\"]", "no feature has a name"},
           {"[]", "expected 3"},
           {"[\"a\",\"b\",3]", "feature_names: expected a text"},
           {"[\"a\",\"b\\n\",\"c\"]", "control characters"},
           {"[\"a\",\"" + std::string(257, 'b') + "\",\"c\"]", "257"},
           {"{}", "feature_names"}}) {
    Safetensors file = parse_safetensors(good, "test");
    std::string& schema = text_of(file, "casd.schema");
    ASSERT_NE(schema.find(names), std::string::npos) << schema;
    schema.replace(schema.find(names), names.size(), to);
    const std::string rejected = rejection(with_checksum(std::move(file)));
    EXPECT_NE(rejected.find(message), std::string::npos) << rejected;
    EXPECT_NE(rejected.find("feature_names"), std::string::npos) << rejected;
  }
  // Format 1 has no such key.
  Safetensors file = parse_safetensors(good, "test");
  text_of(file, "casd.format") = "1";
  file.metadata.erase(file.metadata.begin() + 3);  // casd.trained
  EXPECT_NE(rejection(with_checksum(std::move(file))).find("unexpected key feature_names"),
            std::string::npos);
}

// Names of a modality are compared by sorting: comparing all pairs would take minutes.
TEST(ModelFile, ManyFeaturesCanHaveNames) {
  Schema schema;
  schema.add_modality("wide", 65536);
  std::vector<std::string> names;
  for (int i = 0; i < 65536; ++i) names.push_back("f" + std::to_string(i));
  schema.set_feature_names(0, names);
  schema.add_output("a");
  schema.add_output("b");
  const std::string text = schema_text(schema);
  EXPECT_EQ(parse_schema(text, "test", true).modalities[0].feature_names, names);
  EXPECT_EQ(schema_text(parse_schema(text, "test", true)), text);
}

}  // namespace
}  // namespace casd
