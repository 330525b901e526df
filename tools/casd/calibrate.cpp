// casd calibrate: fits trust, contributions and temperatures of a trained model to other samples.
#include "commands.h"
#include "common.h"
#include "files.h"
#include "output.h"
#include "progress.h"
#include "table.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace program {
namespace {

struct Options {
  std::string model, data, output, task, split, modalities;
  DeviceOptions where;
  bool maps = false;
};

/// The split of the command line; else valid, else the only one.
std::string split_of(const casd_dataset* data, const std::string& wanted) {
  const std::vector<std::string> names = split_names(data);
  const bool has_valid = casd_dataset_size(data, "valid") > 0;
  if (wanted.empty() && !has_valid && names.size() != 1)
    throw Failure("the data has no split 'valid'; choose one with --split: " + joined(names));
  const std::string split = !wanted.empty() ? wanted : has_valid ? "valid" : names[0];
  require_split(data, split);
  return split;
}

Model calibrate(const Options& options, const casd_model* model, const casd_dataset* data,
                const std::string& split) {
  casd_calibrate_options what;
  check(casd_calibrate_options_init(&what, sizeof what));
  what.fit_maps = options.maps ? 1 : 0;
  what.threads = options.where.threads;
  WorkLine line("calibrating");
  return made<Model>([&](casd_model** out) {
    return casd_model_calibrate(out, model, data, split.c_str(), &what, WorkLine::report, &line);
  });
}

Report evaluate(const Options& options, const casd_model* model, const casd_dataset* data,
                const std::string& split) {
  const Predictor predictor = make_predictor(model, options.where, CASD_EMPTY_NAN);
  WorkLine line("evaluating");
  return made<Report>([&](casd_report** out) {
    return casd_evaluate(out, predictor.get(), data, split.c_str(), nullptr, WorkLine::report,
                         &line);
  });
}

/// Trust and contribution of each modality; nothing for a model that has neither.
void print_factors(const casd_model* model, const casd_schema* schema) {
  const auto info = nlohmann::json::parse(casd_model_info(model));
  const nlohmann::json calibration = info.value("calibration", nlohmann::json::object());
  Table table({"modality", "trust", "contribution of the linear map"});
  bool any = false;
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m) {
    std::vector<std::string> row = {casd_schema_modality_name(schema, m)};
    for (const char* key : {"trust", "linear"}) {
      const nlohmann::json values = calibration.value(key, nlohmann::json::array());
      const auto at = static_cast<std::size_t>(m);
      any |= at < values.size();
      row.push_back(at < values.size() ? number(values[at].get<double>(), 3) : "-");
    }
    table.add(row);
  }
  if (!any) return;
  table.print();
  print_text("\n");
}

double temperature_of(const casd_model* model, const casd_schema* schema,
                      const std::string& condition) {
  casd_modality_mask mask = 0;
  for (std::size_t begin = 0; begin <= condition.size();) {
    const std::size_t end = std::min(condition.find('+', begin), condition.size());
    int32_t index = 0;
    check(casd_schema_modality_index(&index, schema, condition.substr(begin, end - begin).c_str()));
    mask |= casd_modality_mask{1} << index;
    begin = end + 1;
  }
  double out = 0;
  check(casd_model_temperature(&out, model, mask));
  return out;
}

struct Column {
  const char* title;
  const char* name;  // in a report
  int digits;
};

/// A row per set of modalities: its temperature, and numbers of both reports.
void print_conditions(const casd_model* model, const casd_schema* schema, const casd_report* before,
                      const casd_report* after) {
  const bool regression = casd_schema_task(schema) == CASD_TASK_REGRESSION;
  const std::vector<Column> columns =
      regression
          ? std::vector<Column>{{"absolute error", "mae", 3}, {"log loss", "nll", 3}}
          : std::vector<Column>{
                {"log loss", "nll", 3}, {"calibration error %", "ece", 1}, {"F1 %", "f1", 1}};
  std::vector<std::string> headings = {"condition"};
  if (!regression) headings.emplace_back("temperature");
  for (const Column& column : columns)
    for (const char* when : {"before", "after"})
      headings.push_back(std::string(column.title) + " " + when);
  Table table(headings);
  for (int32_t i = 0; i < casd_report_condition_count(after); ++i) {
    const char* const condition = casd_report_condition(after, i);
    std::vector<std::string> row = {condition};
    if (!regression) row.push_back(number(temperature_of(model, schema, condition), 2));
    for (const Column& column : columns)
      for (const casd_report* report : {before, after}) {
        double value = NAN;
        check(casd_report_value(&value, report, condition, column.name));
        row.push_back(number(value, column.digits));
      }
    table.add(row);
  }
  table.print();
  print_text("\n");
  if (!regression)
    print_wrapped(
        "temperature: divides the logits; the larger, the less certain. calibration error: mean "
        "distance of confidence and accuracy (expected calibration error, 15 bins).");
  print_wrapped("log loss: mean negative log-likelihood of the label; the smaller, the better.");
}

void run(const Options& options) {
  require_writable("--output", options.output, Content::model);
  const Model model = load_model(options.model);
  const Schema schema = schema_of(model.get());
  const Dataset data =
      open_data(options.data, options.task.empty() ? task_of(schema.get()) : options.task,
                modalities_of(model.get(), options.data, options.modalities));
  const std::string split = split_of(data.get(), options.split);
  const Model calibrated = calibrate(options, model.get(), data.get(), split);
  const bool to_stream = content_of(options.output) == Content::stream;
  Report before, after;
  if (!to_stream) {
    before = evaluate(options, model.get(), data.get(), split);
    after = evaluate(options, calibrated.get(), data.get(), split);
  }
  check(casd_model_save(calibrated.get(), options.output.c_str()));
  const std::string done = "saved " + options.output + ": " + options.model + " calibrated on " +
                           data_name(options.data) + ", split " + split + ": " +
                           std::to_string(casd_dataset_size(data.get(), split.c_str())) +
                           " samples" + (options.maps ? ", linear maps fitted on train" : "");
  if (to_stream) {  // the model itself may be on standard output
    note(done);
    return;
  }
  print_wrapped(done);
  if (split == "train")
    print_wrapped(
        "Remark: a model that was trained on these samples is now too certain of new ones.");
  print_text("\n");
  print_factors(calibrated.get(), schema.get());
  print_conditions(calibrated.get(), schema.get(), before.get(), after.get());
  print_wrapped("Fitted to the samples that are evaluated here: slightly optimistic.");
}

}  // namespace

void add_calibrate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Fit trust and certainty of a model to other held-out samples");
  command->add_option("MODEL", options->model, "Model file")->required()->type_name("");
  command->add_option("DATA", options->data, data_help)->required()->type_name("");
  command
      ->add_option("-o,--output", options->output,
                   "Model file to write; the name of MODEL to replace it")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--split", options->split,
                   "Name of the split with the held-out samples; default: valid, else the only one")
      ->type_name("NAME");
  command->add_flag("--maps", options->maps,
                    "Also fit the linear maps and the input guard again, on split train");
  command->add_option("--task", options->task, task_of_model_help)->type_name("TASK");
  command->add_option("--modalities", options->modalities, modalities_of_model_help)
      ->type_name("GROUPS");
  add_threads_option(*command, options->where);
  command->footer(
      std::string(
          "'casd train' ends with the same. Use this for a model that runs on data of\n"
          "another source: other speakers, other sensors, another share of the classes.\n"
          "Fitted are the trust in each modality, the contribution of its linear map, a\n"
          "temperature for each set of modalities, and the tables behind prediction sets,\n"
          "intervals and error rates. The network does not change. The samples must be new\n"
          "to the model.\n") +
      table_help + "Example: casd calibrate mood.casd our_speakers.csv -o our_mood.casd");
  command->callback([options] { run(*options); });
}

}  // namespace program
