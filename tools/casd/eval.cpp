// casd eval: every condition, and how true the uncertainty is.
#include "commands.h"
#include "common.h"

#include <cstdio>

namespace program {
namespace {

struct Options {
  std::string model, data, task, split = "valid", device = "cpu";
  int threads = default_threads();
  bool json = false;
};

struct Column {
  const char* title;
  const char* name;
  int digits;
};
constexpr Column class_columns[] = {{"F1 %", "f1", 1},
                                    {"accuracy %", "accuracy", 1},
                                    {"ECE %", "ece", 1},
                                    {"AUROC U", "auroc_uncertainty", 3},
                                    {"AUROC conf.", "auroc_confidence", 3},
                                    {"mean U", "uncertainty", 2}};
constexpr Column regression_columns[] = {{"MAE", "mae", 3},
                                         {"correlation", "correlation", 3},
                                         {"F1 %", "f1", 1},
                                         {"mean U", "uncertainty", 2}};

double value_of(const casd_report* report, const char* condition, const char* name) {
  double value = 0;
  check(casd_report_value(&value, report, condition, name));
  return value;
}

template <std::size_t N>
void print_conditions(const casd_report* report, const Column (&columns)[N]) {
  std::vector<std::vector<std::string>> rows(1, {"condition"});
  for (const Column& column : columns) rows[0].push_back(column.title);
  for (int32_t i = 0; i < casd_report_condition_count(report); ++i) {
    const char* condition = casd_report_condition(report, i);
    rows.push_back({condition});
    for (const Column& column : columns)
      rows.back().push_back(number(value_of(report, condition, column.name), column.digits));
  }
  print_table(rows);
}

void run(const Options& options) {
  const Model model = load_model(options.model);
  const Schema schema = schema_of(model.get());
  const Dataset data =
      open_data(options.data, options.task.empty() ? task_of(schema.get()) : options.task);
  const Predictor predictor =
      make_predictor(model.get(), options.device, options.threads, CASD_EMPTY_NAN);
  const auto report = made<Report>([&](casd_report** out) {
    return casd_evaluate(out, predictor.get(), data.get(), options.split.c_str(), nullptr, nullptr,
                         nullptr);
  });
  if (options.json) {
    std::printf("%s\n", casd_report_json(report.get()));
    return;
  }
  std::printf("%s on %s, split %s: %lld samples\n\n", options.model.c_str(), options.data.c_str(),
              options.split.c_str(),
              static_cast<long long>(casd_dataset_size(data.get(), options.split.c_str())));
  const bool regression = casd_schema_task(schema.get()) == CASD_TASK_REGRESSION;
  if (regression)
    print_conditions(report.get(), regression_columns);
  else
    print_conditions(report.get(), class_columns);
  std::printf("\nmean F1 of the incomplete conditions: %s %%\n",
              number(value_of(report.get(), nullptr, "mean_incomplete_f1"), 1).c_str());
  if (regression) {
    std::printf("mean MAE of the incomplete conditions: %s\n",
                number(value_of(report.get(), nullptr, "mean_incomplete_mae"), 3).c_str());
    return;
  }
  std::printf(
      "errors told from hits, all conditions pooled (AUROC, 0.5 is chance): by U %s, by confidence "
      "%s\n",
      number(value_of(report.get(), nullptr, "pooled_auroc_uncertainty"), 3).c_str(),
      number(value_of(report.get(), nullptr, "pooled_auroc_confidence"), 3).c_str());
}

}  // namespace

void add_eval(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("eval", "Evaluate a model under every set of modalities");
  command->add_option("MODEL", options->model, "A model file")->required();
  command->add_option("DATA", options->data, "HDF5 or CSV file, or 'synthetic'")->required();
  command->add_option("--split", options->split, "Which samples")->capture_default_str();
  command->add_option("--task", options->task,
                      "How to read the labels; default: as the model does");
  command->add_option("--device", options->device, "cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads on the CPU")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_flag("--json", options->json, "One JSON object instead of a table");
  command->footer(
      "U is the variance of the fused law. AUROC U: how well a large U tells errors from hits.\n"
      "ECE: expected calibration error, 15 bins.\n"
      "Example: casd eval mood.casd mosi.h5 --split valid --json");
  command->callback([options] { run(*options); });
}

}  // namespace program
