// The task argument of casd_dataset_open(), and targets from labels.
#pragma once

#include "core/span.h"
#include "model/batch.h"
#include "model/schema.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace casd {

/// The parsed task argument of casd_dataset_open().
struct TaskRequest {
  bool given = false;  // false: use the task of the file
  casd_task task = CASD_TASK_REGRESSION;
  std::vector<std::string> outputs;
};
TaskRequest parse_task(const char* task);

/// Sets task and outputs of the schema from the request, else from the file's own.
void apply_task(Schema& schema, const TaskRequest& request, const TaskRequest& own);
/// Reads a whole text as a number; an empty text and "NaN" are NaN. False if it is not a number.
bool parse_number(std::string_view text, double& value);
/// A label as a number: the index of a class name, else the value. Throws FORMAT.
double label_number(std::string_view label, const Schema& schema,
                    const std::unordered_map<std::string_view, std::int32_t>& classes);
/// Whether two classes are the sign of the labels: some labels are negative or not whole.
bool needs_sign(const Schema& schema, Span<const double> labels);
/// Sets the target from a row of labels. A NaN, or with `signed_classes` a zero, means no target.
/// Throws INVALID_ARGUMENT if a label is not valid for the task.
void set_target_from_labels(Sample& sample, const Schema& schema, Span<const double> row,
                            bool signed_classes);

}  // namespace casd
