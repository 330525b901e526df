// The CSV format: one line per frame (described in include/casd/dataset.h).
#include "data/csv_lines.h"
#include "data/dataset.h"
#include "data/readers.h"

#include "core/error.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace casd {
namespace {

constexpr std::size_t no_column = std::string::npos;
constexpr std::size_t longest_name = 1024;  // of a sample or a group
constexpr std::size_t most_splits = 1024;
constexpr std::size_t most_classes = 4096;

/// The columns of the header line.
struct Columns {
  std::size_t count = 0;
  std::size_t sample = no_column, split = no_column, group = no_column;
  std::vector<std::pair<std::string, std::size_t>> labels;  // "" or the output's name
  std::vector<std::vector<std::size_t>> features;           // per modality
};

class ColumnParser {
 public:
  ColumnParser(const CsvReader& reader, const Cells& cells) : reader_(reader), cells_(cells) {
    columns_.count = cells.size();
    for (std::size_t i = 0; i < cells.size(); ++i) add_column(cells[i], i);
    require_distinct();
    if (columns_.sample == no_column) reject("there is no column 'sample'");
    if (columns_.features.empty()) reject("there is no column of features ('modality.feature')");
    if (columns_.labels.size() > 1 &&
        std::any_of(columns_.labels.begin(), columns_.labels.end(),
                    [](const auto& label) { return label.first.empty(); }))
      reject("several label columns must be named 'label:NAME'");
  }

  Columns columns() { return std::move(columns_); }

  /// Modalities in the order of their first columns, with the names of their features.
  void fill(Schema& schema) {
    try {
      for (std::size_t m = 0; m < modality_names_.size(); ++m) {
        const std::vector<std::size_t>& places = columns_.features[m];
        schema.add_modality(modality_names_[m], static_cast<std::int32_t>(places.size()));
        std::vector<std::string> names;
        names.reserve(places.size());
        for (const std::size_t i : places)
          names.emplace_back(cells_[i].substr(modality_names_[m].size() + 1));
        schema.set_feature_names(static_cast<std::int32_t>(m), std::move(names));
      }
    } catch (const Error& error) {
      reject(error.what());
    }
  }

 private:
  template <class... Part>
  [[noreturn]] void reject(const Part&... part) const {
    fail(CASD_ERROR_FORMAT, reader_.where(), ": ", part...);
  }

  void require_distinct() const {
    std::vector<std::uint32_t> order(cells_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return cells_[a] < cells_[b]; });
    const auto twice = std::adjacent_find(
        order.begin(), order.end(),
        [&](std::uint32_t a, std::uint32_t b) { return cells_[a] == cells_[b]; });
    if (twice != order.end()) reject("the column '", cells_[*twice], "' occurs twice");
  }

  void add_column(std::string_view name, std::size_t i) {
    if (name == "sample") {
      columns_.sample = i;
    } else if (name == "split") {
      columns_.split = i;
    } else if (name == "group") {
      columns_.group = i;
    } else if (name == "label") {
      columns_.labels.emplace_back("", i);
    } else if (name.substr(0, 6) == "label:") {
      if (name.size() == 6) reject("the column 'label:' names no output");
      columns_.labels.emplace_back(name.substr(6), i);
    } else {
      add_feature(name, i);
    }
  }

  void add_feature(std::string_view name, std::size_t i) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size())
      reject("the column '", name,
             "' is none of sample, split, group, label, label:NAME and modality.feature");
    const std::string_view modality = name.substr(0, dot);
    const auto [found, fresh] = modalities_.emplace(modality, columns_.features.size());
    if (fresh) {
      // The schema would reject them too, but after much memory for each column.
      if (modality_names_.size() == CASD_MAX_MODALITIES)
        reject("there are ", CASD_MAX_MODALITIES,
               " modalities already, the most a schema can have");
      modality_names_.emplace_back(modality);
      columns_.features.emplace_back();
    }
    columns_.features[found->second].push_back(i);
  }

  const CsvReader& reader_;
  const Cells& cells_;
  Columns columns_;
  std::unordered_map<std::string_view, std::size_t> modalities_;
  std::vector<std::string> modality_names_;
};

Columns parse_header(const CsvReader& reader, const Cells& cells, Schema& schema) {
  ColumnParser parser(reader, cells);
  parser.fill(schema);
  return parser.columns();
}

/// Position of a sample in the dataset.
struct Row {
  std::size_t split, sample, line;
};

/// Reserves memory for `count` more elements, with less unused memory than the vector itself would add:
/// an empty cell can be a number.
template <class T>
void make_room(std::vector<T>& list, std::size_t count) {
  if (list.capacity() - list.size() < count) list.reserve(list.size() + count + list.size() / 4);
}

/// Labels of samples in the text, one for each label column, eight bytes each: most can be empty cells.
class Labels {
 public:
  static constexpr std::uint64_t largest_text = std::uint64_t{1} << 40;

  explicit Labels(const char* text) : text_(text) {}
  std::size_t size() const { return places_.size(); }
  /// "": no label
  std::string_view operator[](std::size_t i) const {
    return {text_ + (places_[i] >> size_bits),
            static_cast<std::size_t>(places_[i] & (CsvReader::longest_line - 1))};
  }
  void set(std::size_t i, std::string_view label) {
    places_[i] = static_cast<std::uint64_t>(label.data() - text_) << size_bits | label.size();
  }
  /// Appends `count` places without a label.
  void add(std::size_t count) { places_.resize(places_.size() + count); }

 private:
  // A label is shorter than its line, which contains the sample's name too.
  static constexpr int size_bits = 24;
  static_assert(CsvReader::longest_line == 1u << size_bits);

  const char* const text_;
  std::deque<std::uint64_t> places_;  // where it begins, and its size in the low bits
};

/// Collects the lines of each sample into the dataset. Labels stay text until the task is known.
class RowParser {
 public:
  RowParser(CsvReader& reader, const char* text, const Columns& columns, const Cells& header,
            Dataset& dataset)
      : reader_(reader), columns_(columns), header_(header), dataset_(dataset), labels_(text) {}

  void parse() {
    Cells cells;
    while (reader_.next(cells)) {
      if (cells.size() != columns_.count)
        reject(": has ", cells.size(), " cells, the header has ", columns_.count);
      const std::size_t split = split_of(cells);
      const std::string_view name = cells[columns_.sample];
      if (rows_.empty() || rows_.back().split != split || name != name_) {
        finish_sample();
        begin_sample(split, name);
      }
      add_group(cells);
      add_labels(cells);
      for (std::size_t m = 0; m < columns_.features.size(); ++m) add_frame(cells, m);
    }
    finish_sample();
  }

  const std::deque<Row>& rows() const { return rows_; }
  /// [rows, label columns]
  const Labels& labels() const { return labels_; }

 private:
  template <class... Part>
  [[noreturn]] void reject(const Part&... part) const {
    fail(CASD_ERROR_FORMAT, reader_.where(), part...);
  }

  std::size_t split_of(const Cells& cells) {
    std::string_view name = "train";
    if (columns_.split != no_column && !cells[columns_.split].empty()) name = cells[columns_.split];
    if (!rows_.empty() && dataset_.splits[rows_.back().split].name == name)
      return rows_.back().split;
    const auto found = splits_.find(std::string(name));
    if (found != splits_.end()) return found->second;
    if (splits_.size() == most_splits) reject(": more than ", most_splits, " splits");
    try {
      dataset_.split(std::string(name));
    } catch (const Error& error) {
      reject(": ", error.what());
    }
    splits_.emplace(name, dataset_.splits.size() - 1);
    names_.emplace_back();
    return dataset_.splits.size() - 1;
  }

  std::string checked_name(std::string_view cell, const char* column) const {
    if (cell.size() > longest_name)
      reject(": the column ", column, " has ", cell.size(), " bytes, allowed: ", longest_name);
    std::string name(cell);
    if (!is_utf8(name)) reject(": the column ", column, " is not UTF-8");
    return name;
  }

  void begin_sample(std::size_t split, std::string_view name) {
    if (name.empty()) reject(": the column sample is empty");
    if (!names_[split].insert(name).second)
      reject(": sample '", name,
             "' already has earlier lines; the lines of a sample must be consecutive");
    Sample sample = empty_sample(dataset_.schema);
    sample.name = checked_name(name, "sample");
    SampleList& samples = dataset_.splits[split].samples;
    rows_.push_back({split, samples.size(), reader_.line()});
    labels_.add(columns_.labels.size());
    samples.push_back(std::move(sample));
    name_ = name;
    frames_.resize(columns_.features.size());
  }

  Sample& sample() { return dataset_.splits[rows_.back().split].samples.back(); }

  void finish_sample() {
    if (rows_.empty()) return;
    for (std::size_t m = 0; m < frames_.size(); ++m) {
      set_frames(sample(), dataset_.schema, static_cast<std::int32_t>(m), frames_[m]);
      frames_[m].clear();
    }
  }

  void add_group(const Cells& cells) {
    if (columns_.group == no_column || cells[columns_.group].empty()) return;
    const std::string_view group = cells[columns_.group];
    std::string& own = sample().group;
    if (own.empty()) own = checked_name(group, "group");
    if (own != group)
      reject(": sample '", name_, "' has the group '", group, "', above it had '", own, "'");
  }

  void add_labels(const Cells& cells) {
    const std::size_t first = labels_.size() - columns_.labels.size();
    for (std::size_t k = 0; k < columns_.labels.size(); ++k) {
      const std::string_view label = cells[columns_.labels[k].second];
      if (label.empty()) continue;
      const std::string_view own = labels_[first + k];
      if (!own.empty() && own != label)
        reject(": sample '", name_, "' has the label '", label, "', above it had '", own, "'");
      labels_.set(first + k, label);
    }
  }

  void add_frame(const Cells& cells, std::size_t m) {
    const std::vector<std::size_t>& places = columns_.features[m];
    if (std::all_of(places.begin(), places.end(), [&](std::size_t i) { return cells[i].empty(); }))
      return;
    make_room(frames_[m], places.size());
    for (const std::size_t i : places) {
      double value = 0;
      if (!parse_number(cells[i], value))
        reject(", column '", header_[i], "': '", cells[i], "' is not a number");
      frames_[m].push_back(static_cast<float>(value));
    }
  }

  CsvReader& reader_;
  const Columns& columns_;
  const Cells& header_;
  Dataset& dataset_;
  std::deque<Row> rows_;
  Labels labels_;
  std::string_view name_;                                    // of the current sample
  std::vector<std::vector<float>> frames_;                   // of the current sample
  std::unordered_map<std::string, std::size_t> splits_;      // by name
  std::vector<std::unordered_set<std::string_view>> names_;  // per split
};

std::vector<std::string> column_outputs(const Columns& columns) {
  std::vector<std::string> outputs;
  outputs.reserve(columns.labels.size());
  for (const auto& label : columns.labels)
    outputs.push_back(label.first.empty() ? "value" : label.first);
  if (outputs.empty()) outputs.push_back("value");
  return outputs;
}

/// Infers task and outputs if the caller does not name them.
TaskRequest infer_task(const Labels& labels, const Columns& columns, const std::string& path) {
  TaskRequest own;
  own.outputs = column_outputs(columns);
  std::unordered_set<std::string_view> words;
  bool words_seen = false, binary = true;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string_view label = labels[i];
    double value = 0;
    const bool number = parse_number(label, value);
    if (number && std::isnan(value)) continue;
    words_seen = words_seen || !number;
    binary = binary && (value == 0 || value == 1);
    if (words.size() <= most_classes) words.insert(label);
  }
  const bool named = !columns.labels.empty() && !columns.labels[0].first.empty();
  if (words.empty()) return own;
  if (words_seen && columns.labels.size() == 1) {
    if (words.size() > most_classes)
      fail(CASD_ERROR_FORMAT, path, ": the column label has more than ", most_classes, " classes");
    own.task = CASD_TASK_CLASSES;
    own.outputs.assign(words.begin(), words.end());
    std::sort(own.outputs.begin(), own.outputs.end());
  } else if (binary && named) {
    own.task = CASD_TASK_MULTILABEL;
  } else if (binary) {
    own.task = CASD_TASK_CLASSES;
    own.outputs = {"0", "1"};
  }
  return own;
}

/// The label column of each output: by name if the columns have the outputs' names, else by order.
std::vector<std::size_t> label_order(const Columns& columns, const Schema& schema) {
  std::vector<std::size_t> order(columns.labels.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  if (schema.task == CASD_TASK_CLASSES || order.size() != schema.outputs.size()) return order;
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::size_t k = 0; k < order.size(); ++k) by_name.emplace(columns.labels[k].first, k);
  std::vector<std::size_t> named;
  for (const std::string& output : schema.outputs) {
    const auto found = by_name.find(output);
    if (found != by_name.end()) named.push_back(found->second);
  }
  return named.size() == order.size() ? named : order;
}

/// Sets the targets of the samples from the labels.
void set_targets(Dataset& dataset, const RowParser& parsed, const Columns& columns,
                 const CsvReader& reader) {
  const Schema& schema = dataset.schema;
  const std::size_t count = columns.labels.size();
  if (count == 0) return;
  std::unordered_map<std::string_view, std::int32_t> classes;
  if (schema.task == CASD_TASK_CLASSES)
    for (const std::string& output : schema.outputs)
      classes.emplace(output, static_cast<std::int32_t>(classes.size()));
  const std::vector<std::size_t> order = label_order(columns, schema);
  const auto at_row = [&](const Row& row, auto&& body) {
    try {
      body();
    } catch (const Error& error) {
      fail(error.status(), reader.where(row.line), ": ", error.what());
    }
  };
  std::vector<double> numbers(count);  // of one sample: those of all would take too much memory
  const auto read_numbers = [&](std::size_t row) {
    for (std::size_t k = 0; k < count; ++k)
      numbers[k] = label_number(parsed.labels()[row * count + order[k]], schema, classes);
  };
  const std::deque<Row>& rows = parsed.rows();
  bool by_sign = false;
  for (std::size_t i = 0; i < rows.size() && schema.task == CASD_TASK_CLASSES; ++i)
    at_row(rows[i], [&] {
      read_numbers(i);
      by_sign = by_sign || needs_sign(schema, numbers);
    });
  for (std::size_t i = 0; i < rows.size(); ++i)
    at_row(rows[i], [&] {
      read_numbers(i);
      set_target_from_labels(dataset.splits[rows[i].split].samples[rows[i].sample], schema, numbers,
                             by_sign);
    });
}

}  // namespace

Dataset read_csv(std::vector<std::uint8_t> bytes, const std::string& name,
                 const TaskRequest& request) {
  char* const begin = reinterpret_cast<char*>(bytes.data());
  if (bytes.size() > Labels::largest_text)
    fail(CASD_ERROR_FORMAT, name, ": more than ", Labels::largest_text, " bytes");
  CsvReader reader(name, begin, begin + bytes.size());
  Cells header;
  if (!reader.next(header)) fail(CASD_ERROR_FORMAT, name, ": the file is empty");
  Dataset dataset;
  const Columns columns = parse_header(reader, header, dataset.schema);
  RowParser parsed(reader, begin, columns, header, dataset);
  parsed.parse();
  if (parsed.rows().empty()) fail(CASD_ERROR_FORMAT, name, ": there is no line after the header");

  Schema& schema = dataset.schema;
  const TaskRequest own = infer_task(parsed.labels(), columns, name);
  try {
    apply_task(schema, request, own);
    if (schema.task == CASD_TASK_REGRESSION && schema.outputs.empty())
      for (const std::string& output : column_outputs(columns)) schema.add_output(output);
  } catch (const Error& error) {
    fail(request.given ? error.status() : casd_status{CASD_ERROR_FORMAT}, name, ": ", error.what());
  }
  const auto count = static_cast<std::int32_t>(columns.labels.size());
  if (count != 0 && count != schema.target_columns())
    fail(CASD_ERROR_INVALID_ARGUMENT, name, ": has ", count, " label columns, the task ",
         task_name(schema.task), " needs ", schema.target_columns());
  set_targets(dataset, parsed, columns, reader);
  return dataset;
}

}  // namespace casd
