// HDF5 datasets, read through the function table of the plug-in (docs/method.md 7).
#include "data/dataset.h"
#include "data/readers.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/plugin.h"
#include "core/plugin_hdf5.h"

#include <algorithm>
#include <cmath>

namespace casd {
namespace {

constexpr int most_rank = 4;

const casd_hdf5_plugin& hdf5_plugin() {
  return *static_cast<const casd_hdf5_plugin*>(
      load_plugin(plugin_kind<casd_hdf5_plugin, casd_hdf5_plugin_get_fn>(
          "hdf5", "casd_hdf5_plugin_get", CASD_HDF5_PLUGIN_VERSION, "HDF5 files")));
}

using Shape = std::vector<std::uint64_t>;

std::string shape_text(const Shape& shape) {
  std::string out = "[";
  for (const std::uint64_t side : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(side);
  return out + "]";
}

/// An open file. Throws the errors of the table's functions; splits concatenated strings into lists.
class File {
 public:
  explicit File(const std::string& path) : table_(hdf5_plugin()), path_(path) {
    casd_plugin_error error{};
    check(table_.open(&file_, path.c_str(), &error), error);
  }
  ~File() { table_.close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::vector<std::string> list(const std::string& group) {
    return texts(
        [&](char* buffer, std::size_t capacity, std::size_t* needed, casd_plugin_error* error) {
          return table_.list(file_, group.c_str(), buffer, capacity, needed, error);
        });
  }
  std::vector<std::string> attribute(const char* name) {
    return texts(
        [&](char* buffer, std::size_t capacity, std::size_t* needed, casd_plugin_error* error) {
          return table_.text_attribute(file_, name, buffer, capacity, needed, error);
        });
  }
  /// Empty if there is no such dataset.
  Shape shape(const std::string& dataset) {
    casd_plugin_error error{};
    std::int32_t rank = 0;
    std::uint64_t dims[most_rank] = {};
    check(table_.shape(file_, dataset.c_str(), &rank, dims, &error), error);
    if (rank < 0 || rank > most_rank)
      fail(CASD_ERROR_INTERNAL, path_, ": ", dataset, " has ", rank, " dimensions");
    return Shape(dims, dims + rank);
  }
  std::vector<float> floats(const std::string& dataset, const Shape& shape) {
    std::vector<float> out(count(dataset, shape));
    casd_plugin_error error{};
    check(table_.read_float(file_, dataset.c_str(), out.data(), out.size(), &error), error);
    return out;
  }
  std::vector<std::int64_t> integers(const std::string& dataset, const Shape& shape) {
    std::vector<std::int64_t> out(count(dataset, shape));
    casd_plugin_error error{};
    check(table_.read_int64(file_, dataset.c_str(), out.data(), out.size(), &error), error);
    return out;
  }
  template <class... Part>
  [[noreturn]] void reject(const Part&... part) {
    fail(CASD_ERROR_FORMAT, path_, ": ", part...);
  }

 private:
  void check(casd_status status, const casd_plugin_error& error) {
    if (status != CASD_OK) fail(status, path_, ": ", error.message);
  }
  std::size_t count(const std::string& dataset, const Shape& shape) {
    std::size_t out = 1;
    for (const std::uint64_t side : shape)
      out =
          checked_product(out, static_cast<std::size_t>(side), dataset.c_str(), CASD_ERROR_FORMAT);
    return out;
  }
  template <class Call>
  std::vector<std::string> texts(Call call) {
    casd_plugin_error error{};
    std::size_t needed = 0;
    check(call(nullptr, 0, &needed, &error), error);
    std::vector<char> buffer(needed);
    if (needed) check(call(buffer.data(), needed, &needed, &error), error);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < buffer.size() && buffer[at];) {
      out.emplace_back(buffer.data() + at);
      at += out.back().size() + 1;
    }
    return out;
  }

  const casd_hdf5_plugin& table_;
  casd_hdf5_file* file_ = nullptr;
  const std::string path_;
};

/// Reads the frames of one modality of a split into its samples.
void read_modality(File& file, const std::string& split, Schema& schema, std::int32_t m,
                   SampleList& samples) {
  Modality& modality = schema.modalities[static_cast<std::size_t>(m)];
  const std::string name = "/" + split + "/" + modality.name, lengths_name = name + "_length";
  const Shape shape = file.shape(name);
  if (shape.size() != 3)
    file.reject(name, shape.empty() ? " is missing" : " has shape " + shape_text(shape),
                ", expected [samples, steps, features]");
  if (shape[0] != samples.size())
    file.reject(name, " has shape ", shape_text(shape), ", expected ", samples.size(),
                " samples as in /", split, "/label");
  if (shape[2] != static_cast<std::uint64_t>(modality.features))
    file.reject(name, " has shape ", shape_text(shape), ", expected ", modality.features,
                " features as in the other splits");
  const Shape lengths_shape = file.shape(lengths_name);
  if (lengths_shape != Shape{shape[0]})
    file.reject(lengths_name,
                lengths_shape.empty() ? " is missing" : " has shape " + shape_text(lengths_shape),
                ", expected [", shape[0], "]");
  const std::vector<std::int64_t> lengths = file.integers(lengths_name, lengths_shape);
  const std::vector<float> frames = file.floats(name, shape);
  const std::size_t step = static_cast<std::size_t>(shape[2]);
  const std::size_t row = static_cast<std::size_t>(shape[1]) * step;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (lengths[i] < 0 || static_cast<std::uint64_t>(lengths[i]) > shape[1])
      file.reject(lengths_name, "[", i, "] is ", lengths[i], ", expected 0 to ", shape[1]);
    set_frames(samples[i], schema, m,
               {frames.data() + i * row, lengths[i], modality.features, modality.features});
  }
}

/// Reads the feature names of the last modality, if the file has them.
void name_features(File& file, Schema& schema) {
  const Modality& modality = schema.modalities.back();
  const std::string attribute = modality.name + "_features";
  std::vector<std::string> names = file.attribute(attribute.c_str());
  if (names.empty()) return;
  if (names.size() != static_cast<std::size_t>(modality.features))
    file.reject("the attribute ", attribute, " has ", names.size(), " names, expected ",
                modality.features);
  try {
    schema.set_feature_names(schema.modality_count() - 1, std::move(names));
  } catch (const Error& error) {
    file.reject("the attribute ", attribute, ": ", error.what());
  }
}

/// Reads the groups of a split's samples, if the file has them.
void read_groups(File& file, const std::string& split, const Schema& schema, SampleList& samples) {
  if (schema.modality_index("group") >= 0) return;  // `group` contains frames of a modality
  const std::string name = "/" + split + "/group";
  const Shape shape = file.shape(name);
  if (shape.empty()) return;
  if (shape != Shape{samples.size()})
    file.reject(name, " has shape ", shape_text(shape), ", expected [", samples.size(), "]");
  const std::vector<std::int64_t> groups = file.integers(name, shape);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].group = std::to_string(groups[i]);
}

struct SplitLabels {
  std::string name;
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;
};

SplitLabels read_labels(File& file, const std::string& split) {
  const std::string name = "/" + split + "/label";
  const Shape shape = file.shape(name);
  if (shape.size() != 1 && shape.size() != 2)
    file.reject(name, shape.empty() ? " is missing" : " has shape " + shape_text(shape),
                ", expected [samples] or [samples, outputs]");
  SplitLabels out{split,
                  static_cast<std::size_t>(shape[0]),
                  shape.size() == 2 ? static_cast<std::size_t>(shape[1]) : 1,
                  {}};
  const std::vector<float> labels = file.floats(name, shape);
  out.values.reserve(labels.size());
  for (const float label : labels) {
    if (!std::isfinite(label))
      file.reject(name, "[", out.values.size() / std::max<std::size_t>(out.columns, 1), "] is ",
                  label, ", labels must be finite");
    out.values.push_back(static_cast<double>(label));
  }
  return out;
}

/// train, valid and test first, then the others by name.
std::vector<std::string> ordered_splits(File& file) {
  std::vector<std::string> names = file.list("/");
  const auto rank = [](const std::string& name) {
    return name == "train" ? 0 : name == "valid" ? 1 : name == "test" ? 2 : 3;
  };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return std::make_pair(rank(a), a) < std::make_pair(rank(b), b);
  });
  if (names.empty()) file.reject("there is no group at the root, expected one per split");
  return names;
}

bool only_zero_and_one(const std::vector<SplitLabels>& labels) {
  bool any = false;
  for (const SplitLabels& split : labels)
    for (const double value : split.values) {
      if (value != 0 && value != 1) return false;
      any = true;
    }
  return any;
}

/// Task and outputs of the file, or inferred as dataset.h describes it.
TaskRequest own_task(File& file, const std::vector<SplitLabels>& labels) {
  const std::size_t columns = labels[0].columns;
  TaskRequest own;
  const std::vector<std::string> task = file.attribute("task");
  if (!task.empty()) {
    own.task = task_from_name(task[0], CASD_ERROR_FORMAT);
  } else if (!file.attribute("classes").empty()) {
    own.task = columns == 1 ? CASD_TASK_CLASSES : CASD_TASK_MULTILABEL;
  } else if (columns == 1 && only_zero_and_one(labels)) {
    own.task = CASD_TASK_CLASSES;
    own.outputs = {"0", "1"};
    return own;
  }
  own.outputs = file.attribute(own.task == CASD_TASK_REGRESSION ? "outputs" : "classes");
  if (own.outputs.empty() && own.task == CASD_TASK_REGRESSION)
    for (std::size_t k = 0; k < columns; ++k)
      own.outputs.push_back(columns == 1 ? "value" : text("value", k));
  return own;
}

}  // namespace

Dataset read_hdf5(const std::string& path, const TaskRequest& request) {
  File file(path);
  const std::vector<std::string> modalities = file.attribute("modalities");
  if (modalities.empty())
    file.reject("the root attribute 'modalities' is missing, expected the modalities' names");
  std::vector<SplitLabels> labels;
  for (const std::string& split : ordered_splits(file)) labels.push_back(read_labels(file, split));

  Dataset dataset;
  Schema& schema = dataset.schema;
  for (const std::string& name : modalities) {
    const std::string at = "/" + labels[0].name + "/" + name;
    const Shape shape = file.shape(at);
    if (shape.size() != 3)
      file.reject(at, shape.empty() ? " is missing" : " has shape " + shape_text(shape),
                  ", expected [samples, steps, features]");
    schema.add_modality(name,
                        static_cast<std::int32_t>(std::min<std::uint64_t>(shape[2], 1u << 30)));
    name_features(file, schema);
  }
  const TaskRequest own = own_task(file, labels);
  apply_task(schema, request, own);
  if (schema.task == CASD_TASK_REGRESSION && schema.outputs.empty())
    for (std::size_t k = 0; k < labels[0].columns; ++k)
      schema.add_output(labels[0].columns == 1 ? "value" : text("value", k));
  require_complete(schema);

  bool by_sign = false;
  for (const SplitLabels& split : labels) by_sign = by_sign || needs_sign(schema, split.values);
  for (const SplitLabels& from : labels) {
    require(static_cast<std::int32_t>(from.columns) == schema.target_columns(), path, ": /",
            from.name, "/label has ", from.columns, " columns, the task ", task_name(schema.task),
            " needs ", schema.target_columns());
    Split& split = dataset.split(from.name);
    split.samples.assign(from.rows, empty_sample(schema));
    for (std::size_t i = 0; i < from.rows; ++i) try {
        set_target_from_labels(split.samples[i], schema,
                               {from.values.data() + i * from.columns, from.columns}, by_sign);
      } catch (const Error& error) {
        fail(error.status(), path, ": /", from.name, "/label[", i, "]: ", error.what());
      }
    for (std::int32_t m = 0; m < schema.modality_count(); ++m)
      read_modality(file, from.name, schema, m, split.samples);
    read_groups(file, from.name, schema, split.samples);
  }
  return dataset;
}

}  // namespace casd
