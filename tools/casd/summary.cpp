#include "summary.h"

#include "table.h"
#include "terminal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace program {
namespace {

void note_wrapped(const std::string& text) {
  for (const std::string& line : wrapped(text, error_columns())) note(line);
}

std::string count(int64_t n, const char* noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

std::string short_number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

/// What the labels of one split come to.
struct Labels {
  int64_t samples = 0, labelled = 0;
  std::vector<int64_t> counts;  // per output: samples of that class, or with that label
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
};

Labels labels_of(const casd_dataset* data, const casd_schema* schema, const std::string& split) {
  constexpr int64_t chunk = 256;
  Labels out;
  const casd_task task = casd_schema_task(schema);
  const int32_t outputs = casd_schema_output_count(schema);
  out.counts.resize(static_cast<std::size_t>(outputs));
  out.samples = casd_dataset_size(data, split.c_str());
  const auto batch = made<Batch>([&](casd_batch** b) { return casd_batch_create(b, schema); });
  std::vector<int64_t> indices;
  for (int64_t first = 0; first < out.samples; first += chunk) {
    indices.clear();
    for (int64_t i = first; i < std::min(first + chunk, out.samples); ++i) indices.push_back(i);
    casd_batch_clear(batch.get());
    check(casd_dataset_read(batch.get(), data, split.c_str(), indices.data(), indices.size()));
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const float* target = casd_batch_target(batch.get(), static_cast<int64_t>(i));
      if (!target) continue;
      ++out.labelled;
      if (task == CASD_TASK_CLASSES) {
        ++out.counts[static_cast<std::size_t>(target[0])];
        continue;
      }
      for (int32_t k = 0; k < outputs; ++k) {
        const auto value = static_cast<double>(target[k]);
        if (value > 0) ++out.counts[static_cast<std::size_t>(k)];
        out.least = std::min(out.least, value);
        out.most = std::max(out.most, value);
      }
    }
  }
  return out;
}

std::string task_words(const casd_schema* schema) {
  std::vector<std::string> outputs;
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k)
    outputs.emplace_back(casd_schema_output_name(schema, k));
  static const char* const names[] = {"regression of ", "classes ", "multi-label, labels "};
  return names[casd_schema_task(schema)] + joined(outputs);
}

std::string modality_words(const casd_schema* schema) {
  std::vector<std::string> out;
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    out.push_back(std::string(casd_schema_modality_name(schema, m)) + " (" +
                  (m == 0 ? count(casd_schema_modality_features(schema, m), "feature")
                          : std::to_string(casd_schema_modality_features(schema, m))) +
                  ")");
  return joined(out);
}

void note_labels(const casd_schema* schema, const std::string& split, const Labels& labels) {
  if (labels.labelled == 0) {
    if (labels.samples > 0) note_wrapped("labels in " + split + ": none");
    return;
  }
  const casd_task task = casd_schema_task(schema);
  std::string text = "labels in " + split + ": ";
  if (task == CASD_TASK_REGRESSION) {
    text += "from " + short_number(labels.least) + " to " + short_number(labels.most);
  } else {
    std::vector<std::string> counts;
    for (std::size_t k = 0; k < labels.counts.size(); ++k)
      counts.push_back(std::string(casd_schema_output_name(schema, static_cast<int32_t>(k))) + " " +
                       std::to_string(labels.counts[k]));
    text += joined(counts);
  }
  if (labels.labelled < labels.samples)
    text += "; " + std::to_string(labels.samples - labels.labelled) + " without a label";
  note_wrapped(text);
}

void note_steps(const TrainingPlan& plan, int64_t samples) {
  casd_trainer_options options = *plan.options;
  // Without training samples there are no steps; the trainer says so.
  if (casd_trainer_options_resolve(&options, plan.data) != CASD_OK) return;
  const int64_t steps = (samples + options.batch_size - 1) / options.batch_size;
  const bool teacher = options.teacher != CASD_TEACHER_NONE;
  const int64_t epochs = int64_t{options.epochs} + (teacher ? options.teacher_epochs : 0);
  const std::string teacher_words =
      teacher ? "teacher at most " + count(options.teacher_epochs, "epoch") + ", student"
              : "student";
  note_wrapped("training: batch size " + std::to_string(options.batch_size) + ", " + teacher_words +
               " at most " + count(options.epochs, "epoch") + ", " + count(steps, "step") +
               " per epoch: at most " + count(epochs * steps, "step"));
}

}  // namespace

void print_plan(const TrainingPlan& plan) {
  note_wrapped("data: " + plan.source);
  note_wrapped("task: " + task_words(plan.schema) + " (" + plan.task_reason + ")");
  note_wrapped("modalities: " + modality_words(plan.schema));
  std::vector<std::string> sizes;
  for (int32_t i = 0; i < casd_dataset_split_count(plan.data); ++i) {
    const char* split = casd_dataset_split_name(plan.data, i);
    sizes.push_back(split + (" " + std::to_string(casd_dataset_size(plan.data, split))));
  }
  note_wrapped("samples: " + joined(sizes));
  if (!plan.held_out.empty()) note_wrapped(plan.held_out);
  const Labels train = labels_of(plan.data, plan.schema, "train");
  const Labels valid = labels_of(plan.data, plan.schema, "valid");
  note_labels(plan.schema, "train", train);
  note_labels(plan.schema, "valid", valid);
  note_steps(plan, train.samples);
  if (valid.labelled == 0)
    note_wrapped(
        "score: none, as split valid has no label; the last epoch is taken and nothing calibrated");
  else
    note_wrapped(
        std::string("score: mean ") +
        (casd_schema_task(plan.schema) == CASD_TASK_REGRESSION ? "absolute error" : "F1 %") +
        " on valid (teacher: all modalities; student: mean over the incomplete sets of "
        "modalities)");
  if (!plan.checkpoint.empty())
    note_wrapped("checkpoint: " + plan.checkpoint + ", after every epoch");
}

}  // namespace program
