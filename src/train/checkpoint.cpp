#include "train/checkpoint.h"

#include "core/crc32.h"
#include "core/error.h"
#include "model/json_text.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "train/options.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace casd {
namespace {

constexpr const char* version_key = "casd.checkpoint";
constexpr const char* options_key = "casd.options";
constexpr const char* position_key = "casd.position";
constexpr const char* checksum_key = "casd.crc32";
constexpr int newest_version = 5;  // 3: option `engine`; 4: `hold_out`; 5: trials

/// Upper bound of steps and samples: keeps sums far from overflow.
constexpr std::int64_t most_steps = std::int64_t{1} << 40;
constexpr std::int64_t most_epochs = 100000;

/// Options of version 1 in its order; version 1 stores them as strings.
constexpr const char* version_one_options[] = {"teacher",         "sampling",
                                               "teacher_epochs",  "epochs",
                                               "select_from",     "patience",
                                               "batch_size",      "total_steps",
                                               "balance_classes", "calibrate",
                                               "fit_trust",       "device",
                                               "device_index",    "threads",
                                               "dropout",         "frame_drop",
                                               "sigma_scale",     "ema_decay",
                                               "logit_weight",    "uncertainty_weight",
                                               "evidence_weight", "evidence_regularizer",
                                               "evidence_rate",   "learning_rate",
                                               "final_rate",      "weight_decay",
                                               "gradient_clip",   "seed"};

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

/// The fields of `casd.position`, in its order. Visit: integer(name, field, min, max) and
/// flag(name, field).
template <class Position_, class Visit>
void visit_position(Position_& p, int version, Visit&& visit) {
  visit.integer("phase", p.phase, CASD_PHASE_TEACHER, CASD_PHASE_DONE);
  visit.flag("prepared", p.prepared);
  visit.flag("stepped", p.stepped);
  visit.flag("teacher_named", p.teacher_named);
  visit.integer("epoch", p.epoch, 0, most_epochs);
  visit.integer("epoch_step", p.epoch_step, 0, most_steps);
  visit.integer("step", p.step, 0, most_steps);
  visit.integer("best_epoch", p.selection.best_epoch, -1, most_epochs);
  visit.integer("waited", p.selection.waited, 0, most_epochs);
  visit.integer("samples", p.sums.samples, 0, most_steps);
  visit.flag("bound", p.binding.bound);
  visit.integer("train", p.binding.train, 0, std::numeric_limits<std::uint32_t>::max());
  visit.integer("valid", p.binding.valid, 0, std::numeric_limits<std::uint32_t>::max());
  if (version == 1) return;
  visit.integer("batch_size", p.schedule.batch_size, 0, most_epochs);
  visit.integer("teacher_epochs", p.schedule.teacher_epochs, 0, most_epochs);
  visit.integer("epochs", p.schedule.epochs, 0, most_epochs);
  visit.integer("select_from", p.schedule.select_from, 0, most_epochs);
  visit.integer("patience", p.schedule.patience, 0, std::numeric_limits<std::int32_t>::max());
  if (version >= 5) visit.integer("trial", p.trial, 0, 3);
}

struct PositionWriter {
  template <class T>
  void integer(const char* name, T value, std::int64_t, std::int64_t) {
    json.key(name).integer(static_cast<std::int64_t>(value));
  }
  void flag(const char* name, bool value) { json.key(name).boolean(value); }
  JsonWriter& json;
};

struct PositionReader {
  template <class T>
  void integer(const char* name, T& value, std::int64_t min, std::int64_t max) {
    json.key(name);
    value = static_cast<T>(json.integer(min, max));
  }
  void flag(const char* name, bool& value) {
    json.key(name);
    value = json.boolean();
  }
  JsonReader& json;
};

std::string position_text(const Position& position) {
  JsonWriter json;
  json.open('{');
  visit_position(position, newest_version, PositionWriter{json});
  return std::move(json.close('}').text());
}

std::string options_text(const casd_trainer_options& options) {
  JsonWriter json;
  json.open('{');
  for (const Option& option : trainer_option_table())
    write_option(json.key(option.name), option, &options);
  return std::move(json.close('}').text());
}

/// `metadata` without the checksum. It covers the names of tensors: an optional tensor must
/// not be taken for another one.
std::string checksum(const Metadata& metadata, int version,
                     const std::vector<TensorEntry>& tensors) {
  std::uint32_t crc = 0;
  if (version >= 2) crc = metadata_checksum(metadata);
  for (const auto& [key, value] : metadata)
    if (version == 1 && key != version_key) crc = crc32(value.data(), value.size(), crc);
  for (const TensorEntry& tensor : tensors) {
    crc = crc32(tensor.name.c_str(), tensor.name.size() + (version == 1 ? 0 : 1), crc);
    crc = crc32(tensor.bytes.data(), tensor.bytes.size(), crc);
  }
  return hexadecimal(crc);
}

template <class T>
TensorEntry entry(const char* name, DataType type, Span<const T> values) {
  return {name,
          type,
          {static_cast<std::int64_t>(values.size())},
          {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)}};
}

/// Reads a checkpoint part by part, in the order of the file; every error message names the file.
class Reader {
 public:
  Reader(Span<const std::uint8_t> bytes, const std::string& source)
      : source_(source), version_(format_version(bytes, source, version_key, "checkpoint")) {
    if (version_ > newest_version)
      fail(CASD_ERROR_VERSION, source, ": checkpoint format ", version_,
           ", this library reads up to ", newest_version,
           ": resume with the library that wrote it, or start a new training");
    file_ = parse_safetensors(bytes, source);
    constexpr const char* keys[] = {version_key, options_key, position_key, checksum_key};
    expect(file_.metadata.size() == std::size(keys), "has ", file_.metadata.size(),
           " metadata entries, expected ", std::size(keys));
    for (std::size_t i = 0; i < std::size(keys); ++i)
      expect(file_.metadata[i].first == keys[i], "expected the metadata ", keys[i], ", found ",
             printable(file_.metadata[i].first));
    const std::string sum = std::move(file_.metadata.back().second);
    file_.metadata.pop_back();
    expect(sum == checksum(file_.metadata, version_, file_.tensors),
           "the checksum does not match: the file is damaged");
  }

  template <class... Part>
  void expect(bool holds, const Part&... part) const {
    if (!holds) fail(CASD_ERROR_FORMAT, source_, ": ", part...);
  }

  casd_trainer_options options() const {
    JsonReader json = text(options_key);
    casd_trainer_options out = default_trainer_options();
    json.open('{');
    if (version_ == 1) {
      for (const char* name : version_one_options) read_text_option(json, name, out);
    } else {
      for (const Option& option : trainer_option_table()) {
        const std::string name = option.name;
        if ((version_ < 3 && name == "engine") || (version_ < 4 && name == "hold_out")) continue;
        json.key(option.name);
        read_option(json, option, &out);
      }
    }
    if (version_ < 4) out.hold_out = 0;
    json.close('}');
    json.end();
    return out;
  }

  Position position() {
    JsonReader json = text(position_key);
    Position p;
    json.open('{');
    visit_position(p, version_, PositionReader{json});
    json.close('}');
    json.end();
    if (version_ == 1) p.schedule = resolve_schedule(options(), 0);  // version 1 has no `auto`
    std::array<double, number_count> numbers{};
    const TensorEntry& found = tensor("position", DataType::f64, number_count);
    std::memcpy(numbers.data(), found.bytes.data(), sizeof numbers);
    set_numbers(p, numbers);
    return p;
  }

  /// Whether the next tensor is `name`.
  bool at(const char* name) const {
    return next_ < file_.tensors.size() && file_.tensors[next_].name == name;
  }

  /// The next tensor, which must be `name`, of one dimension; `count` < 0: any number of values.
  const TensorEntry& tensor(const char* name, DataType type, std::int64_t count) {
    expect(next_ < file_.tensors.size(), "no tensor ", name);
    expect(at(name), "expected tensor ", name, ", found ", printable(file_.tensors[next_].name));
    const TensorEntry& found = file_.tensors[next_++];
    expect(found.type == type && found.shape.size() == 1 && (count < 0 || found.shape[0] == count),
           "tensor ", name, " has another type or shape than expected");
    return found;
  }

  void end() const {
    expect(next_ == file_.tensors.size(), "unexpected tensor ",
           next_ < file_.tensors.size() ? printable(file_.tensors[next_].name) : "");
  }

  std::vector<float> floats(const TensorEntry* found, std::int64_t count) const {
    if (!found) return {};
    expect(found->shape[0] == count, "tensor ", found->name, " has ", found->shape[0],
           " numbers, expected ", count);
    std::vector<float> values(static_cast<std::size_t>(count));
    std::memcpy(values.data(), found->bytes.data(), found->bytes.size());
    for (const float value : values)
      expect(std::isfinite(value), "tensor ", found->name, " holds values that are not finite");
    return values;
  }

  ModelPtr model(const char* name) {
    return parse_model(tensor(name, DataType::u8, -1).bytes, source_ + ", " + name);
  }

 private:
  JsonReader text(const char* key) const {
    return JsonReader(*file_.find_metadata(key), source_ + ": " + key);
  }

  static void read_text_option(JsonReader& json, const char* name, casd_trainer_options& out) {
    json.key(name);
    const std::string value = json.string();
    try {
      set_option(trainer_option_table(), &out, name, value);
    } catch (const Error& error) {
      json.reject(error.what());
    }
    const std::string again = option_text(find_option(trainer_option_table(), name), &out);
    if (again != value) json.reject("expected '", again, "', found '", printable(value), "'");
  }

  const std::string& source_;
  int version_;
  Safetensors file_;
  std::size_t next_ = 0;
};

/// The schedule is either complete or empty, and it agrees with the options.
void check_schedule(const Reader& reader, const casd_trainer_options& options, const Position& p) {
  const Schedule& s = p.schedule;
  const bool known = s.batch_size > 0;
  reader.expect(
      known || !(p.binding.bound || s.teacher_epochs || s.epochs || s.select_from || s.patience),
      "position: the schedule is incomplete");
  const auto fits = [&](std::int32_t option, std::int32_t automatic, std::int32_t number) {
    return !known || (number != automatic && (option == automatic || option == number));
  };
  reader.expect(
      fits(options.batch_size, 0, s.batch_size) &&
          fits(options.teacher_epochs, 0, s.teacher_epochs) && fits(options.epochs, 0, s.epochs) &&
          fits(options.select_from, -1, s.select_from) && fits(options.patience, 0, s.patience),
      "position: the schedule does not match the options");
}

void check_trial(const Reader& reader, const Checkpoint& c) {
  const PoolingTrial trial = c.position.trial;
  const casd_pooling pooling = c.model->options().pooling;
  reader.expect(pooling != CASD_POOLING_AUTO, "the model's pooling is auto");
  if (trial == PoolingTrial::none || trial == PoolingTrial::over) return;
  reader.expect(c.position.phase == CASD_PHASE_TEACHER,
                "position: a trial after the teacher's phase");
  reader.expect((trial == PoolingTrial::mean) == (pooling == CASD_POOLING_MEAN),
                "position: trial does not match the model's pooling");
}

void check_together(const Reader& reader, const Checkpoint& c) {
  const Position& p = c.position;
  const bool student = p.phase == CASD_PHASE_STUDENT;
  const bool done = p.phase == CASD_PHASE_DONE;
  const bool has_teacher =
      c.options.teacher == CASD_TEACHER_FROZEN || c.options.teacher == CASD_TEACHER_EMA;
  check_schedule(reader, c.options, p);
  check_trial(reader, c);
  const std::int32_t epochs =
      p.phase == CASD_PHASE_TEACHER ? p.schedule.teacher_epochs : p.schedule.epochs;
  reader.expect(p.binding.bound ? p.epoch < epochs : p.epoch == 0, "position: epoch is ", p.epoch,
                " of ", epochs);
  reader.expect(p.phase != CASD_PHASE_TEACHER || c.options.teacher != CASD_TEACHER_NONE,
                "position: a teacher phase without a teacher");
  reader.expect(p.selection.best_epoch <= p.epoch, "position: best_epoch is after epoch");
  reader.expect(done || (p.selection.best_epoch >= 0) == !c.best.empty(),
                "tensor best does not match best_epoch");
  reader.expect(p.selection.best_epoch < 0 || std::isfinite(p.selection.best),
                "position: the best score is not finite");
  reader.expect(done == (c.result != nullptr), "tensor result does not match the phase");
  reader.expect(!c.result || c.result->schema() == c.model->schema(),
                "result's schema is not the model's");
  reader.expect(!(student && has_teacher) || c.teacher, "no tensor teacher");
  reader.expect(!p.teacher_named || done || c.teacher, "no tensor teacher");
  reader.expect(!c.teacher || (c.teacher->schema() == c.model->schema() &&
                               c.teacher->options().hidden == c.model->options().hidden),
                "the teacher does not match the model");
  reader.expect(
      !(student && c.options.teacher == CASD_TEACHER_EMA) || !c.learned.ema_teacher.empty(),
      "no tensor ema_teacher");
  for (const float count : c.learned.step_counts)
    reader.expect(count >= 0, "tensor step_counts holds ", count);
  for (const float moment : c.learned.second_moment)
    reader.expect(moment >= 0, "tensor second_moment holds ", moment);
  for (const float weight : c.class_weights)
    reader.expect(weight > 0, "tensor class_weights holds ", weight);
}

}  // namespace

std::vector<std::uint8_t> serialise_checkpoint(const Checkpoint& c) {
  std::vector<std::vector<std::uint8_t>> files;  // referenced by entries
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
  if (c.position.trial == PoolingTrial::mean) {
    add_floats("tried", c.tried.learned);
    tensors.push_back(entry("tried_loss", DataType::f64, Span<const double>(&c.tried.loss, 1)));
  }
  const auto add_model = [&](const char* name, const ModelPtr& model) {
    if (!model) return;
    files.push_back(serialise_model(*model));
    tensors.push_back(entry(name, DataType::u8, Span<const std::uint8_t>(files.back())));
  };
  add_model("model", c.model);
  add_model("teacher", c.teacher);
  add_model("result", c.result);

  Metadata metadata = {{version_key, std::to_string(newest_version)},
                       {options_key, options_text(c.options)},
                       {position_key, position_text(c.position)}};
  metadata.emplace_back(checksum_key, checksum(metadata, newest_version, tensors));
  return serialise_safetensors(metadata, tensors);
}

Checkpoint parse_checkpoint(Span<const std::uint8_t> bytes, const std::string& source) {
  Reader reader(bytes, source);
  Checkpoint c;
  c.options = reader.options();
  c.position = reader.position();
  // The sizes are checked later: they depend on the model, which follows in the file.
  const auto floats = [&](const char* name) { return &reader.tensor(name, DataType::f32, -1); };
  const auto optional_floats = [&](const char* name) {
    return reader.at(name) ? floats(name) : nullptr;
  };
  const TensorEntry* parameters = floats("parameters");
  const TensorEntry* first_moment = floats("first_moment");
  const TensorEntry* second_moment = floats("second_moment");
  const TensorEntry* step_counts = floats("step_counts");
  const TensorEntry* ema_teacher = optional_floats("ema_teacher");
  const TensorEntry* best = optional_floats("best");
  const TensorEntry* class_weights = optional_floats("class_weights");
  const TensorEntry* tried = nullptr;
  if (c.position.trial == PoolingTrial::mean) {
    tried = floats("tried");
    std::memcpy(&c.tried.loss, reader.tensor("tried_loss", DataType::f64, 1).bytes.data(),
                sizeof c.tried.loss);
  }
  c.model = reader.model("model");
  if (reader.at("teacher")) c.teacher = reader.model("teacher");
  if (reader.at("result")) c.result = reader.model("result");
  reader.end();

  const std::int64_t learned = c.model->layout().learned_count;
  c.learned.parameters = reader.floats(parameters, learned);
  c.learned.first_moment = reader.floats(first_moment, learned);
  c.learned.second_moment = reader.floats(second_moment, learned);
  c.learned.step_counts = reader.floats(step_counts, 2 * c.model->schema().modality_count() + 1);
  c.learned.ema_teacher = reader.floats(ema_teacher, learned);
  c.best = reader.floats(best, learned);
  c.class_weights = reader.floats(class_weights, c.model->schema().logit_count());
  c.tried.learned = reader.floats(tried, learned);
  check_together(reader, c);
  return c;
}

}  // namespace casd
