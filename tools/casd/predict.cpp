// casd predict: results with their uncertainty, a line per sample.
#include "commands.h"
#include "common.h"
#include "output.h"
#include "results.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace program {
namespace {

struct Options {
  std::string model, data, task, split, modalities;
  std::vector<std::string> mask;
  DeviceOptions where;
  long long count = -1;
  bool json = false, csv = false, monitor = false;
};

/// Split `valid` if there is one, else all, unless the user names one.
std::vector<std::string> splits_of(const casd_dataset* data, const std::string& wanted) {
  if (!wanted.empty() && wanted != "all") {
    require_split(data, wanted);
    return {wanted};
  }
  if (wanted.empty() && casd_dataset_size(data, "valid") > 0) return {"valid"};
  return split_names(data);
}

/// "split valid: 200 samples" or "all splits (train, test): 300 samples".
std::string description(const casd_dataset* data, const std::vector<std::string>& splits) {
  int64_t samples = 0;
  for (const std::string& split : splits) samples += casd_dataset_size(data, split.c_str());
  return (splits.size() == 1 ? "split " + splits[0] : "all splits (" + joined(splits) + ")") +
         ": " + std::to_string(samples) + " samples";
}

/// The subject of an alarm of a monitor.
std::string changed(const casd_monitor_state& state, const casd_schema* schema) {
  switch (state.alarm_subject) {
    case CASD_MONITOR_MODALITIES:
      return "which modalities are there";
    case CASD_MONITOR_MODALITY_VARIANCE:
      return std::string("the variance of ") +
             casd_schema_modality_name(schema, state.alarm_modality);
    case CASD_MONITOR_UNCERTAINTY:
      return "the uncertainty";
    default:
      return "the error probability";
  }
}

void report_monitor(const casd_monitor* monitor, const casd_schema* schema) {
  casd_monitor_state state;
  check(casd_monitor_state_init(&state, sizeof state));
  check(casd_monitor_get_state(&state, monitor));
  const std::string samples = std::to_string(state.samples) + " samples";
  if (state.alarms == 0) {
    note("monitor: no sign of a change in " + samples);
    return;
  }
  note("monitor: " + std::to_string(state.alarms) +
       (state.alarms == 1 ? " alarm in " : " alarms in ") + samples + ", the last one after " +
       std::to_string(state.last_alarm) + ": " + changed(state, schema) +
       " differs from the held-out samples. Sets, intervals and error rates "
       "do not hold for such input.");
}

/// Runs the model chunk by chunk and hands over each result. `monitor` may be NULL.
template <class Receive>
void predict_all(const Options& options, const casd_model* model, const casd_schema* schema,
                 const casd_dataset* data, const std::vector<std::string>& splits,
                 casd_modality_mask mask, casd_monitor* monitor, Receive receive) {
  constexpr int64_t chunk = 256;
  const Predictor predictor = make_predictor(model, options.where, CASD_EMPTY_NAN);
  const auto prediction =
      made<Prediction>([](casd_prediction** out) { return casd_prediction_create(out); });
  // Of the model's schema: the samples are matched with it by name.
  const auto batch = made<Batch>([&](casd_batch** out) { return casd_batch_create(out, schema); });
  int64_t left = options.count < 0 ? std::numeric_limits<int64_t>::max() : options.count;
  for (const std::string& split : splits) {
    const int64_t count = std::min(casd_dataset_size(data, split.c_str()), left);
    left -= count;
    for (int64_t first = 0; first < count; first += chunk) {
      std::vector<int64_t> indices;
      for (int64_t i = first; i < std::min(first + chunk, count); ++i) indices.push_back(i);
      casd_batch_clear(batch.get());
      check(casd_dataset_read(batch.get(), data, split.c_str(), indices.data(), indices.size()));
      check(casd_predict(prediction.get(), predictor.get(), batch.get(), mask));
      if (monitor) check(casd_monitor_add(monitor, prediction.get()));
      for (std::size_t i = 0; i < indices.size(); ++i) {
        const auto row = static_cast<int64_t>(i);
        receive(Result(prediction.get(), schema, row, split,
                       casd_dataset_sample_name(data, split.c_str(), indices[i]),
                       casd_batch_target(batch.get(), row)));
      }
    }
  }
}

void run(const Options& options) {
  const Model model = load_model(options.model);
  const Schema schema = schema_of(model.get());
  const casd_modality_mask mask = parse_mask(schema.get(), options.mask);
  const Dataset data =
      open_data(options.data, options.task.empty() ? task_of(schema.get()) : options.task,
                modalities_of(model.get(), options.data, options.modalities));
  const std::vector<std::string> splits = splits_of(data.get(), options.split);
  const bool table = !options.json && !options.csv;
  // Nothing is printed before the data has passed: what follows an error must not look like results.
  const std::string what = description(data.get(), splits);
  ResultTable rows(schema.get(), options.where.error_rate > 0);
  bool begun = false;
  const auto begin = [&] {
    if (begun) return;
    begun = true;
    if (options.csv) print_text(csv_header(schema.get()));
    if (!table && options.split.empty()) note(what);
  };
  Monitor monitor;
  if (options.monitor)
    monitor = made<Monitor>(
        [&](casd_monitor** out) { return casd_monitor_create(out, model.get(), nullptr); });
  predict_all(options, model.get(), schema.get(), data.get(), splits, mask, monitor.get(),
              [&](const Result& result) {
                begin();
                if (options.csv)
                  print_text(csv_line(schema.get(), result));
                else if (options.json)
                  print_text(result.json().dump() + "\n");
                else
                  rows.add(result);
              });
  begin();
  if (monitor) report_monitor(monitor.get(), schema.get());
  if (!table) return;
  print_wrapped(options.model + " on " + data_name(options.data) + ", " + what);
  print_text("\n");
  rows.print();
}

}  // namespace

void add_predict(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("predict", "Run a model on samples, with or without labels");
  command->add_option("MODEL", options->model, "Model file")->required()->type_name("");
  command->add_option("DATA", options->data, data_help)->required()->type_name("");
  command
      ->add_option("--split", options->split,
                   "Name of a split, or 'all'; default: valid if there is one, else all")
      ->type_name("NAME");
  command->add_option("--mask", options->mask, "Only these modalities, e.g. language,audio")
      ->delimiter(',')
      ->type_size(1)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("NAMES");
  command->add_option("--count", options->count, "Stop after this number of samples; default: all")
      ->type_name("N")
      ->check(silent(CLI::Range(0, std::numeric_limits<int>::max())));
  command->add_option("--task", options->task, task_of_model_help)->type_name("TASK");
  command->add_option("--modalities", options->modalities, modalities_of_model_help)
      ->type_name("GROUPS");
  add_device_options(*command, options->where);
  add_guarantee_options(*command, options->where);
  command->add_flag("--monitor", options->monitor,
                    "Test whether the samples resemble the held-out ones; see casd/monitor.h");
  CLI::Option* json = command->add_flag("--json", options->json, "A JSON object per line");
  command->add_flag("--csv", options->csv, "CSV with a header line")->excludes(json);
  command->footer(
      std::string(table_help) +
      "Examples:\n"
      "  casd predict mood.casd mosi.h5 --split test --mask language --json\n"
      "  casd predict mood.casd new.csv --csv > results.csv      (no label, no split needed)\n"
      "  extract-features | casd predict mood.casd - --csv");
  command->callback([options] { run(*options); });
}

}  // namespace program
