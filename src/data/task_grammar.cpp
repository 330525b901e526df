#include "data/task_grammar.h"

#include "core/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace casd {
namespace {

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t comma = list.find(',', at);
    out.push_back(list.substr(at, comma == std::string::npos ? comma : comma - at));
    if (comma == std::string::npos) return out;
    at = comma + 1;
  }
}

}  // namespace

TaskRequest parse_task(const char* task) {
  TaskRequest request;
  if (!task || !*task) return request;
  const std::string word = task;
  const std::size_t colon = word.find(':');
  request.given = true;
  request.task = task_from_name(word.substr(0, colon), CASD_ERROR_INVALID_ARGUMENT);
  if (colon != std::string::npos) request.outputs = split_names(word.substr(colon + 1));
  const std::size_t least = request.task == CASD_TASK_REGRESSION ? 0
                            : request.task == CASD_TASK_CLASSES  ? 2
                                                                 : 1;
  require(request.outputs.size() >= least, "the task '", word, "' needs ", least,
          " or more names: ", task_name(request.task), ":A,B,...");
  return request;
}

void apply_task(Schema& schema, const TaskRequest& request, const TaskRequest& own) {
  const TaskRequest& wanted = request.given ? request : own;
  schema.set_task(wanted.task);
  schema.outputs.clear();
  const bool same_kind = request.given && request.outputs.empty() && own.task == request.task;
  for (const std::string& name : same_kind ? own.outputs : wanted.outputs) schema.add_output(name);
}

bool parse_number(std::string_view text, double& value) {
  if (text.empty() || text == "NaN" || text == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + (text[0] == '+' ? 1 : 0), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

double label_number(std::string_view label, const Schema& schema,
                    const std::unordered_map<std::string_view, std::int32_t>& classes) {
  const auto found = classes.find(label);
  if (found != classes.end()) return found->second;
  double value = 0;
  if (!parse_number(label, value))
    fail(CASD_ERROR_FORMAT, "the label '", label, "' is ",
         schema.task == CASD_TASK_CLASSES ? "neither a class nor a number" : "not a number");
  if (std::isinf(value)) fail(CASD_ERROR_FORMAT, "the label ", label, " is not finite");
  return value;
}

void set_target_from_labels(Sample& sample, const Schema& schema, Span<const double> row,
                            bool signed_classes) {
  std::vector<float> target;
  target.reserve(row.size());
  sample.target.clear();
  for (const double label : row) {
    if (std::isnan(label) || (signed_classes && label == 0)) return;
    target.push_back(signed_classes ? (label > 0 ? 1.0f : 0.0f) : static_cast<float>(label));
  }
  set_target(sample, schema, target);
}

bool needs_sign(const Schema& schema, Span<const double> labels) {
  return schema.task == CASD_TASK_CLASSES && schema.outputs.size() == 2 &&
         std::any_of(labels.begin(), labels.end(), [](double label) {
           return !std::isnan(label) && (label < 0 || label != std::floor(label));
         });
}

}  // namespace casd
