#include "summary.h"

#include "table.h"
#include "terminal.h"

#include <algorithm>

namespace program {
namespace {

void note_wrapped(const std::string& text) {
  for (const std::string& line : wrapped(text, error_columns())) note(line);
}

std::string count(int64_t n, const char* noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

/// How often each output occurs in a split.
struct Labels {
  int64_t samples = 0, labelled = 0;
  std::vector<int64_t> counts;  // per output: samples of that class, or with that label
};

Labels labels_of(const casd_dataset* data, const casd_schema* schema, const std::string& split) {
  Labels out;
  out.samples = std::max<int64_t>(casd_dataset_size(data, split.c_str()), 0);
  if (out.samples == 0) return out;
  check(casd_dataset_target_count(&out.labelled, data, split.c_str(), -1));
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k) {
    out.counts.push_back(0);
    check(casd_dataset_target_count(&out.counts.back(), data, split.c_str(), k));
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

void note_labels(const casd_schema* schema, const std::string& split, const Labels& labels) {
  if (labels.labelled == 0) {
    if (labels.samples > 0) note_wrapped("labels in " + split + ": none");
    return;
  }
  const casd_task task = casd_schema_task(schema);
  std::string text = "labels in " + split + ": ";
  if (task == CASD_TASK_REGRESSION) {
    text += std::to_string(labels.labelled) + " numbers";
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

/// The samples of split train that have one of the modalities.
int64_t samples_with(const casd_dataset* data, casd_modality_mask mask) {
  int64_t out = 0;
  check(casd_dataset_modality_count(&out, data, "train", mask));
  return out;
}

/// "language (100 features), audio (74; missing in 12 samples of train)".
std::string modality_words(const casd_dataset* data, const casd_schema* schema) {
  std::vector<std::string> out;
  const int64_t samples = casd_dataset_size(data, "train");
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m) {
    const int32_t features = casd_schema_modality_features(schema, m);
    const int64_t missing = samples - samples_with(data, casd_modality_mask{1} << m);
    out.push_back(std::string(casd_schema_modality_name(schema, m)) + " (" +
                  (m == 0 ? count(features, "feature") : std::to_string(features)) +
                  (missing > 0 ? "; missing in " + count(missing, "sample") + " of train" : "") +
                  ")");
  }
  return joined(out);
}

/// `chooses`: the teacher is trained with each pooling.
void note_steps(const TrainingPlan& plan, bool chooses) {
  casd_trainer_options options = *plan.options;
  check(casd_trainer_options_resolve(&options, plan.data));
  const auto automatic = [&](const char* name) {
    return option_text(*plan.options, name) == "auto" ? " (auto)" : "";
  };
  const int64_t samples = samples_with(plan.data, CASD_ALL_MODALITIES);
  const int64_t steps = (samples + options.batch_size - 1) / options.batch_size;
  std::vector<std::string> words = {"batch size " + std::to_string(options.batch_size) +
                                    automatic("batch_size")};
  int64_t epochs = options.epochs;
  if (options.teacher != CASD_TEACHER_NONE) {
    epochs += options.teacher_epochs * (chooses ? 2 : 1);
    words.push_back("teacher at most " + count(options.teacher_epochs, "epoch") +
                    automatic("teacher_epochs") +
                    (chooses ? " with pooling last, and the same with mean" : ""));
  }
  words.push_back("student at most " + count(options.epochs, "epoch") + automatic("epochs"));
  words.push_back(count(steps, "step") + " per epoch: at most " + count(epochs * steps, "step"));
  note_wrapped("training: " + joined(words));
}

}  // namespace

void print_plan(const TrainingPlan& plan) {
  note_wrapped("data: " + data_name(plan.source));
  note_wrapped("task: " + task_words(plan.schema) + " (" + plan.task_reason + ")");
  note_wrapped("modalities: " + modality_words(plan.data, plan.schema));
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
  note_steps(plan, plan.pooling == CASD_POOLING_AUTO && valid.labelled > 0);
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
