#include "train/checkpoint.h"

#include "core/crc32.h"
#include "core/error.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "train/options.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace casd {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* version_key = "casd.checkpoint";
constexpr const char* options_key = "casd.options";
constexpr const char* position_key = "casd.position";
constexpr const char* checksum_key = "casd.crc32";
constexpr int version = 1;

/// Steps and samples beyond this are no honest count; it keeps sums far from overflow.
constexpr std::int64_t most_steps = std::int64_t{1} << 40;

constexpr std::size_t number_count = 8;

std::array<double, number_count> numbers_of(const Position& p) {
  return {p.sums.total,    p.sums.task,          p.sums.logit,     p.sums.uncertainty,
          p.sums.evidence, p.sums.gradient_norm, p.selection.best, p.score};
}

void set_numbers(Position& p, const std::array<double, number_count>& n) {
  p.sums.total = n[0];
  p.sums.task = n[1];
  p.sums.logit = n[2];
  p.sums.uncertainty = n[3];
  p.sums.evidence = n[4];
  p.sums.gradient_norm = n[5];
  p.selection.best = n[6];
  p.score = n[7];
}

/// Names count: a tensor that may be missing must not get lost under another one.
std::string checksum(const std::string& options, const std::string& position,
                     const std::vector<TensorEntry>& tensors) {
  std::uint32_t crc = crc32(options.data(), options.size());
  crc = crc32(position.data(), position.size(), crc);
  for (const TensorEntry& tensor : tensors) {
    crc = crc32(tensor.name.data(), tensor.name.size(), crc);
    crc = crc32(tensor.bytes.data(), tensor.bytes.size(), crc);
  }
  return hexadecimal(crc);
}

std::string options_text(const casd_trainer_options& options) {
  Json json = Json::object();
  for (const Option& option : trainer_option_table())
    json[option.name] = option_text(option, &options);
  return json.dump();
}

std::string position_text(const Position& p) {
  return Json{{"phase", p.phase},
              {"prepared", p.prepared},
              {"stepped", p.stepped},
              {"teacher_named", p.teacher_named},
              {"epoch", p.epoch},
              {"epoch_step", p.epoch_step},
              {"step", p.step},
              {"best_epoch", p.selection.best_epoch},
              {"waited", p.selection.waited},
              {"samples", p.sums.samples},
              {"bound", p.binding.bound},
              {"train", p.binding.train},
              {"valid", p.binding.valid}}
      .dump();
}

template <class T>
TensorEntry entry(const char* name, DataType type, Span<const T> values) {
  return {name,
          type,
          {static_cast<std::int64_t>(values.size())},
          {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)}};
}

/// Reads a checkpoint part by part; every refusal names the file.
class Reader {
 public:
  Reader(Span<const std::uint8_t> bytes, const std::string& source)
      : source_(source), file_(parse_safetensors(bytes, source)) {}

  template <class... Part>
  void expect(bool holds, const Part&... part) const {
    if (!holds) fail(CASD_ERROR_FORMAT, source_, ": ", part...);
  }

  const std::string& metadata(const char* key) const {
    const std::string* value = file_.find_metadata(key);
    expect(value != nullptr, "no ", key, ": not a checkpoint");
    return *value;
  }

  void check_version() const {
    const std::string& value = metadata(version_key);
    const bool number = !value.empty() && value.size() < 10 &&
                        value.find_first_not_of("0123456789") == std::string::npos;
    expect(number && std::stoi(value) >= 1, "checkpoint version ", value.substr(0, 40));
    if (std::stoi(value) > version)
      fail(CASD_ERROR_VERSION, source_, ": checkpoint version ", value,
           ", this library reads up to ", version);
  }

  void check_sum() const {
    expect(metadata(checksum_key) ==
               checksum(metadata(options_key), metadata(position_key), file_.tensors),
           "the checksum is wrong: the file is damaged");
  }

  Json json(const char* key) const {
    Json value = Json::parse(metadata(key), nullptr, false);
    expect(value.is_object(), key, " is no JSON object");
    return value;
  }

  casd_trainer_options options() const {
    const Json json_options = json(options_key);
    casd_trainer_options out = default_trainer_options();
    expect(json_options.size() == trainer_option_table().size(), "options are missing or unknown");
    for (const Option& option : trainer_option_table()) {
      const auto found = json_options.find(option.name);
      expect(found != json_options.end() && found->is_string(), "no option ", option.name);
      try {
        set_option(trainer_option_table(), &out, option.name, found->get<std::string>());
      } catch (const Error& error) {
        expect(false, error.what());
      }
    }
    return out;
  }

  Position position() const {
    const Json json_position = json(position_key);
    const auto integer = [&](const char* name, std::int64_t min, std::int64_t max) {
      const auto found = json_position.find(name);
      expect(found != json_position.end() && found->is_number_integer() &&
                 !(found->is_number_unsigned() &&
                   found->get<std::uint64_t>() > static_cast<std::uint64_t>(most_steps)),
             "position: no ", name);
      const auto value = found->get<std::int64_t>();
      expect(value >= min && value <= max, "position: ", name, " is ", value, ", allowed: ", min,
             " to ", max);
      return value;
    };
    const auto flag = [&](const char* name) {
      const auto found = json_position.find(name);
      expect(found != json_position.end() && found->is_boolean(), "position: no ", name);
      return found->get<bool>();
    };
    constexpr std::int64_t most_crc = 0xFFFFFFFF;
    Position p;
    p.phase = static_cast<casd_phase>(integer("phase", CASD_PHASE_TEACHER, CASD_PHASE_DONE));
    p.prepared = flag("prepared");
    p.stepped = flag("stepped");
    p.teacher_named = flag("teacher_named");
    p.epoch = static_cast<std::int32_t>(integer("epoch", 0, 100000));
    p.epoch_step = integer("epoch_step", 0, most_steps);
    p.step = integer("step", 0, most_steps);
    p.selection.best_epoch = static_cast<std::int32_t>(integer("best_epoch", -1, 100000));
    p.selection.waited = static_cast<std::int32_t>(integer("waited", 0, 100000));
    p.sums.samples = integer("samples", 0, most_steps);
    p.binding.bound = flag("bound");
    p.binding.train = static_cast<std::uint32_t>(integer("train", 0, most_crc));
    p.binding.valid = static_cast<std::uint32_t>(integer("valid", 0, most_crc));
    std::array<double, number_count> numbers{};
    const TensorEntry* found = file_.find_tensor("position");
    expect(found && found->type == DataType::f64 && found->bytes.size() == sizeof numbers,
           "no tensor position");
    std::memcpy(numbers.data(), found->bytes.data(), sizeof numbers);
    set_numbers(p, numbers);
    return p;
  }

  /// Empty if there is no such tensor.
  std::vector<float> optional_floats(const char* name, std::int64_t count) const {
    const TensorEntry* found = file_.find_tensor(name);
    if (!found) return {};
    const auto size = static_cast<std::size_t>(count);
    expect(found->type == DataType::f32 && found->bytes.size() == size * sizeof(float), "tensor ",
           name, " is not of ", count, " f32 numbers");
    std::vector<float> values(size);
    std::memcpy(values.data(), found->bytes.data(), found->bytes.size());
    for (const float value : values)
      expect(std::isfinite(value), "tensor ", name, " holds values that are not finite");
    return values;
  }

  std::vector<float> floats(const char* name, std::int64_t count) const {
    expect(file_.find_tensor(name) != nullptr, "no tensor ", name);
    return optional_floats(name, count);
  }

  /// NULL if there is none.
  ModelPtr optional_model(const char* name) const {
    const TensorEntry* found = file_.find_tensor(name);
    if (!found) return nullptr;
    expect(found->type == DataType::u8, "tensor ", name, " is no model file");
    return parse_model(found->bytes, source_ + ", " + name);
  }

 private:
  const std::string& source_;
  Safetensors file_;
};

void check_together(const Reader& reader, const Checkpoint& c) {
  const Position& p = c.position;
  const bool student = p.phase == CASD_PHASE_STUDENT;
  const bool done = p.phase == CASD_PHASE_DONE;
  const bool taught =
      c.options.teacher == CASD_TEACHER_FROZEN || c.options.teacher == CASD_TEACHER_EMA;
  const std::int32_t epochs =
      p.phase == CASD_PHASE_TEACHER ? c.options.teacher_epochs : c.options.epochs;
  reader.expect(p.epoch < epochs, "position: epoch is ", p.epoch, " of ", epochs);
  reader.expect(p.phase != CASD_PHASE_TEACHER || c.options.teacher != CASD_TEACHER_NONE,
                "position: a teacher's phase without a teacher");
  reader.expect(p.selection.best_epoch <= p.epoch, "position: best_epoch is to come");
  reader.expect(done || (p.selection.best_epoch >= 0) == !c.best.empty(),
                "tensor best does not fit best_epoch");
  reader.expect(p.selection.best_epoch < 0 || std::isfinite(p.selection.best),
                "position: the best score is not finite");
  reader.expect(done == (c.result != nullptr), "tensor result does not fit the phase");
  reader.expect(!c.result || c.result->schema() == c.model->schema(),
                "result's schema is not the model's");
  reader.expect(!(student && taught) || c.teacher, "no tensor teacher");
  reader.expect(!p.teacher_named || done || c.teacher, "no tensor teacher");
  reader.expect(!c.teacher || (c.teacher->schema() == c.model->schema() &&
                               c.teacher->options().hidden == c.model->options().hidden),
                "the teacher does not fit the model");
  reader.expect(
      !(student && c.options.teacher == CASD_TEACHER_EMA) || !c.learned.ema_teacher.empty(),
      "no tensor ema_teacher");
  for (const float count : c.learned.step_counts)
    reader.expect(count >= 0, "tensor step_counts holds ", count);
  for (const float moment : c.learned.second_moment)
    reader.expect(moment >= 0, "tensor second_moment holds ", moment);
}

}  // namespace

std::vector<std::uint8_t> serialise_checkpoint(const Checkpoint& c) {
  std::vector<std::vector<std::uint8_t>> files;  // entries look into them
  files.reserve(3);
  const std::array<double, number_count> numbers = numbers_of(c.position);
  std::vector<TensorEntry> tensors;
  tensors.push_back(
      entry("position", DataType::f64, Span<const double>(numbers.data(), number_count)));
  const auto add_floats = [&](const char* name, const std::vector<float>& values) {
    if (!values.empty()) tensors.push_back(entry(name, DataType::f32, Span<const float>(values)));
  };
  add_floats("parameters", c.learned.parameters);
  add_floats("first_moment", c.learned.first_moment);
  add_floats("second_moment", c.learned.second_moment);
  add_floats("step_counts", c.learned.step_counts);
  add_floats("ema_teacher", c.learned.ema_teacher);
  add_floats("best", c.best);
  add_floats("class_weights", c.class_weights);
  const auto add_model = [&](const char* name, const ModelPtr& model) {
    if (!model) return;
    files.push_back(serialise_model(*model));
    tensors.push_back(entry(name, DataType::u8, Span<const std::uint8_t>(files.back())));
  };
  add_model("model", c.model);
  add_model("teacher", c.teacher);
  add_model("result", c.result);

  const std::string options = options_text(c.options);
  const std::string position = position_text(c.position);
  return serialise_safetensors({{version_key, std::to_string(version)},
                                {options_key, options},
                                {position_key, position},
                                {checksum_key, checksum(options, position, tensors)}},
                               tensors);
}

Checkpoint parse_checkpoint(Span<const std::uint8_t> bytes, const std::string& source) {
  const Reader reader(bytes, source);
  reader.check_version();
  reader.check_sum();
  Checkpoint c;
  c.options = reader.options();
  c.position = reader.position();
  c.model = reader.optional_model("model");
  reader.expect(c.model != nullptr, "no tensor model");
  c.teacher = reader.optional_model("teacher");
  c.result = reader.optional_model("result");

  const std::int64_t learned = c.model->network().learned_count();
  c.learned.parameters = reader.floats("parameters", learned);
  c.learned.first_moment = reader.floats("first_moment", learned);
  c.learned.second_moment = reader.floats("second_moment", learned);
  c.learned.step_counts = reader.floats("step_counts", 2 * c.model->schema().modality_count() + 1);
  c.learned.ema_teacher = reader.optional_floats("ema_teacher", learned);
  c.best = reader.optional_floats("best", learned);
  c.class_weights = reader.optional_floats("class_weights", c.model->schema().logit_count());
  check_together(reader, c);
  return c;
}

}  // namespace casd
