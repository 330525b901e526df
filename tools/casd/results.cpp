#include "results.h"

#include "output.h"
#include "table.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace program {
namespace {

using Json = nlohmann::ordered_json;

/// The per-modality fields, with their names in JSON and CSV.
struct ModalityField {
  const char* name;
  casd_field field;
};
constexpr ModalityField modality_fields[] = {
    {"variance", CASD_FIELD_MODALITY_VARIANCE},
    {"aleatoric", CASD_FIELD_MODALITY_ALEATORIC},
    {"epistemic", CASD_FIELD_MODALITY_EPISTEMIC},
    {"degrees_of_freedom", CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM},
    {"weight", CASD_FIELD_MODALITY_WEIGHT}};

/// A column of the fields with a guarantee: its name in JSON and CSV, and the output it belongs to.
struct GuaranteeColumn {
  std::string name;
  casd_field field;
  int32_t column;
  int32_t output;  // -1: none
};

std::vector<GuaranteeColumn> guarantee_columns(const casd_schema* schema) {
  std::vector<GuaranteeColumn> out = {
      {"uncertainty_percentile", CASD_FIELD_UNCERTAINTY_PERCENTILE, 0, -1}};
  const casd_task task = casd_schema_task(schema);
  if (task == CASD_TASK_CLASSES) {
    out.push_back({"error_probability", CASD_FIELD_ERROR_PROBABILITY, 0, -1});
    out.push_back({"abstain", CASD_FIELD_ABSTAIN, 0, -1});
  }
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k) {
    const auto add = [&](const char* name, casd_field field, int32_t column) {
      out.push_back({name, field, column, k});
    };
    if (task == CASD_TASK_REGRESSION) {
      add("standard_deviation", CASD_FIELD_STANDARD_DEVIATION, k);
      add("lower", CASD_FIELD_INTERVAL, 2 * k);
      add("upper", CASD_FIELD_INTERVAL, 2 * k + 1);
    } else if (task == CASD_TASK_CLASSES) {
      add("member", CASD_FIELD_PREDICTION_SET, k);
    } else {
      add("error_probability", CASD_FIELD_ERROR_PROBABILITY, k);
      add("abstain", CASD_FIELD_ABSTAIN, k);
      add("member_negative", CASD_FIELD_PREDICTION_SET, 2 * k);
      add("member_positive", CASD_FIELD_PREDICTION_SET, 2 * k + 1);
    }
  }
  return out;
}

bool is_regression(const casd_schema* schema) {
  return casd_schema_task(schema) == CASD_TASK_REGRESSION;
}

/// The number of labels of a sample.
int32_t label_count(const casd_schema* schema) {
  return casd_schema_task(schema) == CASD_TASK_CLASSES ? 1 : casd_schema_output_count(schema);
}

/// The shortest text that reads back as the same number.
std::string exact(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv(const std::vector<std::string>& cells) {
  std::vector<std::string> out;
  for (const std::string& cell : cells) out.push_back(quoted(cell));
  return joined(out, ",") + "\n";
}

}  // namespace

Result::Result(const casd_prediction* prediction, const casd_schema* schema, int64_t row,
               std::string split, std::string sample, const float* target)
    : prediction_(prediction),
      schema_(schema),
      row_(row),
      split_(std::move(split)),
      sample_(std::move(sample)),
      target_(target) {}

std::string Result::status() const {
  casd_status status = CASD_OK;
  check(casd_prediction_row_status(&status, prediction_, row_));
  if (status == CASD_OK) return "ok";
  if (status == CASD_ERROR_STATE) return "empty";
  std::string name = casd_status_name(status);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

double Result::value(casd_field field, int32_t column) const {
  int64_t columns = 0;
  check(casd_prediction_shape(nullptr, &columns, prediction_, field));
  return static_cast<double>(casd_prediction_data(prediction_, field)[row_ * columns + column]);
}

casd_field Result::main_field() const {
  return is_regression(schema_) ? CASD_FIELD_VALUE : CASD_FIELD_PROBABILITIES;
}

std::string Result::label(int32_t column) const {
  switch (casd_schema_task(schema_)) {
    case CASD_TASK_CLASSES:
      return casd_schema_output_name(schema_, static_cast<int32_t>(target_[0]));
    case CASD_TASK_MULTILABEL:
      return target_[column] > 0 ? "1" : "0";
    default:
      return exact(target_[column]);
  }
}

std::string Result::predicted() const {
  int32_t best = 0;
  for (int32_t k = 0; k < casd_schema_output_count(schema_); ++k) {
    if (!std::isfinite(value(CASD_FIELD_PROBABILITIES, k))) return "";
    if (value(CASD_FIELD_PROBABILITIES, k) > value(CASD_FIELD_PROBABILITIES, best)) best = k;
  }
  return casd_schema_output_name(schema_, best);
}

std::string Result::set() const {
  std::vector<std::string> names;
  for (int32_t k = 0; k < casd_schema_output_count(schema_); ++k) {
    const double member = value(CASD_FIELD_PREDICTION_SET, k);
    if (std::isnan(member)) return "";
    if (member != 0) names.emplace_back(casd_schema_output_name(schema_, k));
  }
  return names.empty() ? "none" : joined(names, "+");
}

Json Result::json() const {
  const auto finite = [&](casd_field field, int32_t column) {
    const double number = value(field, column);
    // As the float that it is: "0.1", not "0.10000000149011612".
    return std::isfinite(number) ? Json::parse(exact(static_cast<float>(number))) : Json();
  };
  const bool classes = casd_schema_task(schema_) == CASD_TASK_CLASSES;
  Json out;
  out["sample"] = sample_;
  out["split"] = split_;
  out["status"] = status();
  Json& label_value = out["label"];
  if (target_ && classes)
    label_value = label(0);
  else if (target_)
    for (int32_t k = 0; k < label_count(schema_); ++k)
      label_value[casd_schema_output_name(schema_, k)] = Json::parse(label(k));
  if (classes) out["predicted"] = predicted().empty() ? Json() : Json(predicted());
  Json& outputs = out[is_regression(schema_) ? "values" : "probabilities"];
  for (int32_t k = 0; k < casd_schema_output_count(schema_); ++k)
    outputs[casd_schema_output_name(schema_, k)] = finite(main_field(), k);
  out["confidence"] = finite(CASD_FIELD_CONFIDENCE, 0);
  out["uncertainty"] = finite(CASD_FIELD_UNCERTAINTY, 0);
  out["disagreement"] = finite(CASD_FIELD_DISAGREEMENT, 0);
  for (int32_t m = 0; m < casd_schema_modality_count(schema_); ++m) {
    Json& modality = out["modalities"][casd_schema_modality_name(schema_, m)];
    for (const auto& [name, field] : modality_fields) modality[name] = finite(field, m);
  }
  for (const GuaranteeColumn& c : guarantee_columns(schema_)) {
    Json& to = c.output < 0 ? out[c.name] : out[c.name][casd_schema_output_name(schema_, c.output)];
    to = finite(c.field, c.column);
  }
  return out;
}

std::string csv_header(const casd_schema* schema) {
  std::vector<std::string> cells = {"sample", "split"};
  const auto add_outputs = [&](const std::string& prefix, int32_t count) {
    for (int32_t k = 0; k < count; ++k)
      cells.push_back(prefix + ":" + casd_schema_output_name(schema, k));
  };
  if (label_count(schema) == 1)
    cells.emplace_back("label");
  else
    add_outputs("label", label_count(schema));
  cells.emplace_back("status");
  if (casd_schema_task(schema) == CASD_TASK_CLASSES) cells.emplace_back("predicted");
  add_outputs(is_regression(schema) ? "value" : "probability", casd_schema_output_count(schema));
  cells.insert(cells.end(), {"confidence", "uncertainty", "disagreement"});
  for (const auto& [name, field] : modality_fields)
    for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
      cells.push_back(std::string(name) + ":" + casd_schema_modality_name(schema, m));
  for (const GuaranteeColumn& c : guarantee_columns(schema))
    cells.push_back(c.output < 0 ? c.name
                                 : c.name + ":" + casd_schema_output_name(schema, c.output));
  return csv(cells);
}

std::string csv_line(const casd_schema* schema, const Result& result) {
  std::vector<std::string> cells = {result.sample(), result.split()};
  const auto add = [&](casd_field field, int32_t column) {
    const double value = result.value(field, column);
    cells.push_back(std::isfinite(value) ? exact(static_cast<float>(value)) : "");
  };
  for (int32_t k = 0; k < label_count(schema); ++k)
    cells.push_back(result.has_label() ? result.label(k) : "");
  cells.push_back(result.status());
  if (casd_schema_task(schema) == CASD_TASK_CLASSES) cells.push_back(result.predicted());
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k) add(result.main_field(), k);
  for (const casd_field field :
       {CASD_FIELD_CONFIDENCE, CASD_FIELD_UNCERTAINTY, CASD_FIELD_DISAGREEMENT})
    add(field, 0);
  for (const auto& [name, field] : modality_fields)
    for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m) add(field, m);
  for (const GuaranteeColumn& c : guarantee_columns(schema)) add(c.field, c.column);
  return csv(cells);
}

void ResultTable::add(const Result& result) {
  const casd_task task = casd_schema_task(schema_);
  Line line{result.sample(), result.split(), "", {}, result.value(CASD_FIELD_UNCERTAINTY),
            result.status()};
  if (result.has_label() && task == CASD_TASK_MULTILABEL) {
    std::vector<std::string> names;
    for (int32_t k = 0; k < label_count(schema_); ++k)
      if (result.label(k) == "1") names.emplace_back(casd_schema_output_name(schema_, k));
    line.label = names.empty() ? "none" : joined(names, "+");
  } else if (result.has_label()) {
    std::vector<std::string> labels;
    for (int32_t k = 0; k < label_count(schema_); ++k) labels.push_back(result.label(k));
    line.label = joined(labels, " ");
  }
  const auto cell = [&](casd_field field, int32_t column) {
    line.values.push_back(number(result.value(field, column), 3));
  };
  if (task == CASD_TASK_CLASSES)
    line.values.push_back(result.predicted().empty() ? "-" : result.predicted());
  if (task == CASD_TASK_CLASSES && abstains_) {
    const double abstain = result.value(CASD_FIELD_ABSTAIN);
    line.values.emplace_back(std::isnan(abstain) ? "-" : abstain != 0 ? "abstain" : "use");
  }
  if (task == CASD_TASK_REGRESSION)
    for (int32_t k = 0; k < casd_schema_output_count(schema_); ++k) cell(CASD_FIELD_VALUE, k);
  else
    cell(CASD_FIELD_CONFIDENCE, 0);
  cell(CASD_FIELD_UNCERTAINTY, 0);
  if (task == CASD_TASK_CLASSES) line.values.push_back(result.set().empty() ? "-" : result.set());
  if (task == CASD_TASK_REGRESSION)
    for (int32_t k = 0; k < 2 * casd_schema_output_count(schema_); ++k)
      cell(CASD_FIELD_INTERVAL, k);
  if (task != CASD_TASK_REGRESSION)
    for (int32_t k = 0; k < casd_schema_output_count(schema_); ++k)
      cell(CASD_FIELD_PROBABILITIES, k);
  for (const casd_field field : {CASD_FIELD_MODALITY_VARIANCE, CASD_FIELD_MODALITY_WEIGHT})
    for (int32_t m = 0; m < casd_schema_modality_count(schema_); ++m) cell(field, m);
  lines_.push_back(std::move(line));
}

std::vector<std::string> ResultTable::headings() const {
  const casd_task task = casd_schema_task(schema_);
  std::vector<std::string> out;
  const auto add_names = [&](const char* prefix, int32_t count,
                             const char* (*name)(const casd_schema*, int32_t)) {
    for (int32_t i = 0; i < count; ++i) out.push_back(prefix + std::string(name(schema_, i)));
  };
  const int32_t outputs = casd_schema_output_count(schema_);
  const int32_t modalities = casd_schema_modality_count(schema_);
  if (task == CASD_TASK_CLASSES) out.emplace_back("predicted");
  if (task == CASD_TASK_CLASSES && abstains_) out.emplace_back("decision");
  if (task == CASD_TASK_REGRESSION)
    add_names("predicted ", outputs, casd_schema_output_name);
  else
    out.emplace_back("confidence");
  out.emplace_back("uncertainty");
  if (task == CASD_TASK_CLASSES) out.emplace_back("prediction set");
  if (task == CASD_TASK_REGRESSION)
    for (int32_t k = 0; k < outputs; ++k)
      for (const char* end : {"lower ", "upper "})
        out.push_back(end + std::string(casd_schema_output_name(schema_, k)));
  if (task != CASD_TASK_REGRESSION) add_names("probability ", outputs, casd_schema_output_name);
  add_names("variance ", modalities, casd_schema_modality_name);
  add_names("weight ", modalities, casd_schema_modality_name);
  return out;
}

void ResultTable::print_order() const {
  std::vector<const Line*> order;
  for (const Line& line : lines_)
    if (std::isfinite(line.uncertainty)) order.push_back(&line);
  if (order.size() < 2) return;
  std::stable_sort(order.begin(), order.end(),
                   [](const Line* a, const Line* b) { return a->uncertainty < b->uncertainty; });
  constexpr std::size_t most = 5;
  const auto names = [](auto first, auto last) {
    std::vector<std::string> out;
    for (; first != last; ++first) out.push_back((*first)->sample);
    return joined(out);
  };
  if (order.size() <= 2 * most) {
    print_wrapped("samples from the most to the least certain: " +
                  names(order.begin(), order.end()));
    return;
  }
  print_wrapped("most certain samples: " + names(order.begin(), order.begin() + most));
  print_wrapped("least certain samples: " + names(order.rbegin(), order.rbegin() + most));
}

void ResultTable::print() const {
  const bool several_splits = std::any_of(lines_.begin(), lines_.end(), [&](const Line& line) {
    return line.split != lines_[0].split;
  });
  const bool labels = std::any_of(lines_.begin(), lines_.end(),
                                  [](const Line& line) { return !line.label.empty(); });
  std::vector<std::string> head = {"sample"};
  if (several_splits) head.emplace_back("split");
  if (labels) head.emplace_back("label");
  for (const std::string& heading : headings()) head.push_back(heading);
  Table table(head);
  for (const Line& line : lines_) {
    std::vector<std::string> row = {line.sample};
    if (several_splits) row.push_back(line.split);
    if (labels) row.push_back(line.label.empty() ? "-" : line.label);
    row.insert(row.end(), line.values.begin(), line.values.end());
    table.add(row);
  }
  table.print();
  print_text("\n");
  const auto count = [&](const char* status) {
    return std::count_if(lines_.begin(), lines_.end(),
                         [&](const Line& line) { return line.status == status; });
  };
  if (const auto empty = count("empty"))
    print_wrapped(std::to_string(empty) + " of " + std::to_string(lines_.size()) +
                  " samples have none of the selected modalities: no result.");
  if (const auto broken = count("numeric"))
    print_wrapped(std::to_string(broken) + " of " + std::to_string(lines_.size()) +
                  " samples gave no finite numbers: look for extreme values in their features.");
  if (is_regression(schema_)) print_order();
  print_wrapped(uncertainty_legend);
  print_wrapped(
      "variance: the same for one modality. weight: its share in the fusion. -: takes no part.");
}

}  // namespace program
