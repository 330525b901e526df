// casd eval: every set of modalities, and how well the uncertainty indicates errors.
#include "commands.h"
#include "common.h"
#include "evaluation.h"
#include "output.h"
#include "progress.h"

#include <CLI/CLI.hpp>

namespace program {
namespace {

struct Options {
  std::string model, data, task, split, modalities;
  std::vector<std::string> mask;
  DeviceOptions where;
  bool json = false;
};

/// The split of the command line; else valid, else test, else the only one.
std::string split_of(const casd_dataset* data, const std::string& wanted) {
  if (!wanted.empty()) {
    require_split(data, wanted);
    return wanted;
  }
  for (const char* split : {"valid", "test"})
    if (casd_dataset_size(data, split) > 0) return split;
  const std::vector<std::string> names = split_names(data);
  if (names.size() == 1) return names[0];
  throw Failure("the data has neither a split 'valid' nor 'test'; choose one with --split: " +
                joined(names));
}

void run(const Options& options) {
  const Model model = load_model(options.model);
  const Schema schema = schema_of(model.get());
  casd_evaluate_options what;
  check(casd_evaluate_options_init(&what, sizeof what));
  what.mask = parse_mask(schema.get(), options.mask);
  const Dataset data =
      open_data(options.data, options.task.empty() ? task_of(schema.get()) : options.task,
                modalities_of(model.get(), options.data, options.modalities));
  const std::string split = split_of(data.get(), options.split);
  const Predictor predictor = make_predictor(model.get(), options.where, CASD_EMPTY_NAN);
  const Report report = [&] {
    WorkLine line("evaluating");
    return made<Report>([&](casd_report** out) {
      return casd_evaluate(out, predictor.get(), data.get(), split.c_str(), &what, WorkLine::report,
                           &line);
    });
  }();
  if (options.json) {
    print("%s\n", casd_report_json(report.get()));
    return;
  }
  print_wrapped(options.model + " on " + data_name(options.data) + ", split " + split + ": " +
                std::to_string(casd_dataset_size(data.get(), split.c_str())) + " samples");
  if (split == "train")
    print_wrapped(
        "Remark: a model that was trained on these samples does better on them than on new ones.");
  print_text("\n");
  print_evaluation(report.get(), casd_schema_task(schema.get()));
  for (int32_t i = 0; const char* remark = casd_report_remark(report.get(), i); ++i)
    print_wrapped(std::string("Remark: ") + remark + ".");
}

}  // namespace

void add_eval(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("eval", "Evaluate a model on a split, for every set of modalities");
  command->add_option("MODEL", options->model, "Model file")->required()->type_name("");
  command->add_option("DATA", options->data, data_help)->required()->type_name("");
  command
      ->add_option("--split", options->split,
                   "Name of the split; default: valid, else test, else the only one")
      ->type_name("NAME");
  command
      ->add_option("--mask", options->mask,
                   "Only sets of these modalities, e.g. language,audio; default: all")
      ->delimiter(',')
      ->type_size(1)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("NAMES");
  command->add_option("--task", options->task, task_of_model_help)->type_name("TASK");
  command->add_option("--modalities", options->modalities, modalities_of_model_help)
      ->type_name("GROUPS");
  add_device_options(*command, options->where);
  add_guarantee_options(*command, options->where);
  command->add_flag("--json", options->json, "One JSON object instead of the table");
  command->footer(std::string("A condition is the set of modalities that the model is given.\n") +
                  table_help + "Example: casd eval mood.casd mosi.h5 --split valid --json");
  command->callback([options] { run(*options); });
}

}  // namespace program
