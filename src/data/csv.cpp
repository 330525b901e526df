// CSV: one line a frame (the format stands in include/casd/dataset.h).
#include "data/dataset.h"

#include "core/error.h"
#include "core/platform.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

namespace casd {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

using Cells = std::vector<std::string>;

/// Cells and lines as RFC 4180 has them: quotes, doubled quotes, CRLF or LF.
class Reader {
 public:
  Reader(const std::vector<std::uint8_t>& bytes, const std::string& path)
      : at_(reinterpret_cast<const char*>(bytes.data())), end_(at_ + bytes.size()), path_(path) {
    if (bytes.size() >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF) at_ += 3;
  }

  /// False at the end; empty lines are passed over.
  bool next(Cells& cells) {
    while (at_ != end_) {
      ++line_;
      read_line(cells);
      if (cells.size() > 1 || !cells[0].empty()) return true;
    }
    return false;
  }
  std::string where() const { return text(path_, ", line ", line_); }

 private:
  void read_line(Cells& cells) {
    cells.assign(1, "");
    bool quoted = false;
    for (; at_ != end_; ++at_) {
      const char c = *at_;
      if (quoted) {
        if (c != '"') {
          cells.back() += c;
        } else if (at_ + 1 != end_ && at_[1] == '"') {
          cells.back() += '"';
          ++at_;
        } else {
          quoted = false;
        }
      } else if (c == '"' && cells.back().empty()) {
        quoted = true;
      } else if (c == ',') {
        cells.emplace_back();
      } else if (c == '\n') {
        ++at_;
        break;
      } else if (c != '\r') {
        cells.back() += c;
      }
    }
    if (quoted) fail(CASD_ERROR_FORMAT, where(), ": a quote is not closed");
  }

  const char* at_;
  const char* end_;
  const std::string path_;
  std::size_t line_ = 0;
};

/// What the header line says of each column.
struct Columns {
  std::size_t sample = std::string::npos, split = std::string::npos;
  std::vector<std::pair<std::string, std::size_t>> labels;  // "" or the output's name
  std::vector<std::vector<std::size_t>> features;           // per modality
};

Columns read_header(const Cells& cells, Schema& schema, const std::string& where) {
  Columns columns;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string& name = cells[i];
    if (std::find(names.begin(), names.end(), name) != names.end())
      fail(CASD_ERROR_FORMAT, where, ": the column '", name, "' comes twice");
    names.push_back(name);
    if (name == "sample") {
      columns.sample = i;
    } else if (name == "split") {
      columns.split = i;
    } else if (name == "label") {
      columns.labels.emplace_back("", i);
    } else if (name.rfind("label:", 0) == 0) {
      columns.labels.emplace_back(name.substr(6), i);
    } else {
      const std::size_t dot = name.find('.');
      if (dot == std::string::npos || dot == 0)
        fail(CASD_ERROR_FORMAT, where, ": the column '", name,
             "' is none of sample, split, label, label:NAME and modality.feature");
      const std::string modality = name.substr(0, dot);
      std::int32_t m = schema.modality_index(modality);
      if (m < 0) {
        m = schema.modality_count();
        schema.modalities.push_back({modality, 0, {}});
        columns.features.emplace_back();
      }
      columns.features[static_cast<std::size_t>(m)].push_back(i);
    }
  }
  if (columns.sample == std::string::npos)
    fail(CASD_ERROR_FORMAT, where, ": there is no column 'sample'");
  if (columns.features.empty())
    fail(CASD_ERROR_FORMAT, where, ": there is no column of features ('modality.feature')");
  if (columns.labels.size() > 1 &&
      std::any_of(columns.labels.begin(), columns.labels.end(),
                  [](const auto& label) { return label.first.empty(); }))
    fail(CASD_ERROR_FORMAT, where, ": several label columns must be named 'label:NAME'");
  // Through the schema's own checks, now that the counts are known.
  Schema checked;
  try {
    for (std::size_t m = 0; m < columns.features.size(); ++m)
      checked.add_modality(schema.modalities[m].name,
                           static_cast<std::int32_t>(columns.features[m].size()));
  } catch (const Error& e) {
    fail(CASD_ERROR_FORMAT, where, ": ", e.what());
  }
  schema = checked;
  return columns;
}

bool parse_number(const std::string& cell, double& value) {
  if (cell.empty() || cell == "NaN" || cell == "nan") {
    value = none;
    return true;
  }
  const char* begin = cell.data() + (cell[0] == '+' ? 1 : 0);
  const auto result = std::from_chars(begin, cell.data() + cell.size(), value);
  return result.ec == std::errc() && result.ptr == cell.data() + cell.size();
}

struct Row {
  std::string split;
  Sample sample;
  std::vector<std::string> labels;  // as they stand; "" where there is none
  std::string where;
};

std::vector<Row> read_rows(Reader& reader, const Columns& columns, const Schema& schema,
                           const Cells& header) {
  std::vector<Row> rows;
  std::map<std::pair<std::string, std::string>, std::size_t> seen;
  Cells cells;
  while (reader.next(cells)) {
    if (cells.size() != header.size())
      fail(CASD_ERROR_FORMAT, reader.where(), ": has ", cells.size(), " cells, the header has ",
           header.size());
    const std::string& name = cells[columns.sample];
    const std::string split = columns.split == std::string::npos || cells[columns.split].empty()
                                  ? "train"
                                  : cells[columns.split];
    if (name.empty()) fail(CASD_ERROR_FORMAT, reader.where(), ": the column sample is empty");
    if (rows.empty() || rows.back().sample.name != name || rows.back().split != split) {
      if (!seen.emplace(std::make_pair(split, name), rows.size()).second)
        fail(CASD_ERROR_FORMAT, reader.where(), ": sample '", name,
             "' has lines further up already; the lines of a sample must stand together");
      Row row{split, empty_sample(schema), {}, reader.where()};
      row.sample.name = name;
      row.labels.assign(columns.labels.size(), "");
      rows.push_back(std::move(row));
    }
    Row& row = rows.back();
    for (std::size_t k = 0; k < columns.labels.size(); ++k) {
      const std::string& label = cells[columns.labels[k].second];
      if (label.empty()) continue;
      if (!row.labels[k].empty() && row.labels[k] != label)
        fail(CASD_ERROR_FORMAT, reader.where(), ": sample '", name, "' has the label '", label,
             "', above it had '", row.labels[k], "'");
      row.labels[k] = label;
    }
    for (std::size_t m = 0; m < columns.features.size(); ++m) {
      const auto& places = columns.features[m];
      if (std::all_of(places.begin(), places.end(),
                      [&](std::size_t i) { return cells[i].empty(); }))
        continue;
      for (const std::size_t i : places) {
        double value = 0;
        if (!parse_number(cells[i], value))
          fail(CASD_ERROR_FORMAT, reader.where(), ", column '", header[i], "': '", cells[i],
               "' is not a number");
        row.sample.frames[m].push_back(static_cast<float>(value));
      }
    }
  }
  return rows;
}

/// A label as a number: a class by its name, else what it says.
double label_number(const std::string& label, const Schema& schema, const std::string& where) {
  if (schema.task == CASD_TASK_CLASSES) {
    const std::int32_t index = schema.output_index(label);
    if (index >= 0) return index;
  }
  double value = 0;
  if (!parse_number(label, value))
    fail(CASD_ERROR_FORMAT, where, ": the label '", label, "' is ",
         schema.task == CASD_TASK_CLASSES ? "neither a class nor a number" : "not a number");
  if (!label.empty() && !std::isfinite(value))
    fail(CASD_ERROR_FORMAT, where, ": the label ", label, " is not finite");
  return value;
}

/// What the labels are if nobody says it: words are classes, several columns of 0 and 1 are
/// multi-label, everything else is a regression.
TaskRequest infer_task(const std::vector<Row>& rows, const Columns& columns) {
  TaskRequest own;
  std::vector<std::string> words;
  bool words_seen = false, binary = true;
  for (const Row& row : rows)
    for (const std::string& label : row.labels) {
      double value = 0;
      if (label.empty()) continue;
      if (!parse_number(label, value)) words_seen = true;
      if (value != 0 && value != 1) binary = false;
      if (std::find(words.begin(), words.end(), label) == words.end() && words.size() < 4097)
        words.push_back(label);
    }
  const bool several = columns.labels.size() > 1;
  if (words_seen && !several) {
    own.task = CASD_TASK_CLASSES;
    std::sort(words.begin(), words.end());
    own.outputs = words;
    return own;
  }
  own.task = several && binary ? CASD_TASK_MULTILABEL : CASD_TASK_REGRESSION;
  for (const auto& label : columns.labels)
    own.outputs.push_back(label.first.empty() ? "value" : label.first);
  if (own.outputs.empty()) own.outputs.push_back("value");
  return own;
}

}  // namespace

Dataset read_csv(const std::string& path, const TaskRequest& request) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  Reader reader(bytes, path);
  Cells header;
  if (!reader.next(header)) fail(CASD_ERROR_FORMAT, path, ": the file is empty");
  Dataset dataset;
  const Columns columns = read_header(header, dataset.schema, reader.where());
  std::vector<Row> rows = read_rows(reader, columns, dataset.schema, header);
  if (rows.empty()) fail(CASD_ERROR_FORMAT, path, ": there is no line after the header");

  Schema& schema = dataset.schema;
  apply_task(schema, request, infer_task(rows, columns));
  if (schema.task == CASD_TASK_REGRESSION && schema.outputs.empty())
    for (const std::string& name : infer_task(rows, columns).outputs) schema.add_output(name);
  require(columns.labels.empty() ||
              static_cast<std::int32_t>(columns.labels.size()) == schema.target_columns(),
          path, ": has ", columns.labels.size(), " label columns, the task ",
          task_name(schema.task), " needs ", schema.target_columns());
  std::vector<std::vector<double>> labels;
  std::vector<double> all;
  for (const Row& row : rows) {
    labels.emplace_back();
    for (const std::string& label : row.labels)
      labels.back().push_back(label_number(label, schema, row.where));
    all.insert(all.end(), labels.back().begin(), labels.back().end());
  }
  const bool by_sign = needs_sign(schema, all);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Sample& sample = rows[i].sample;
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      const Floats frames = std::move(sample.frames[static_cast<std::size_t>(m)]);
      set_frames(sample, schema, m, frames);
    }
    if (!labels[i].empty())
      sample.target = label_to_target(schema, labels[i], by_sign, rows[i].where);
    dataset.split(rows[i].split).samples.push_back(std::move(sample));
  }
  return dataset;
}

}  // namespace casd
