// casd train: teacher, student and calibration, with progress and checkpoints.
#include "commands.h"
#include "common.h"
#include "evaluation.h"
#include "files.h"
#include "output.h"
#include "progress.h"
#include "settings.h"
#include "summary.h"
#include "table.h"
#include "terminal.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace program {
namespace {

struct Options {
  std::string data, output, task, modalities, test, recipe = "grounded", preset = "default",
                                                    checkpoint;
  std::vector<std::string> assignments;
  uint64_t seed = 0;
  int epochs = 0;
  double valid = -1;  // share to hold out; below 0: not given
  DeviceOptions where;
  bool restart = false;
};

Settings settings_of(const Options& options) {
  Settings out = make_settings(options.recipe, options.preset);
  const Device device = parse_device(options.where.device);
  out.trainer.device = device.device;
  out.trainer.device_index = device.index;
  out.trainer.threads = options.where.threads;
  out.trainer.engine = parse_engine(options.where.engine);
  out.model.seed = out.trainer.seed = options.seed;
  if (options.epochs > 0) out.trainer.epochs = options.epochs;
  for (const std::string& assignment : options.assignments) assign(out, assignment);
  return out;
}

/// "" where the model goes to a device or a pipe: nothing can be kept beside it.
std::string checkpoint_path(const Options& options) {
  if (!options.checkpoint.empty()) return options.checkpoint;
  return content_of(options.output) == Content::stream ? "" : options.output + ".checkpoint";
}

std::string task_reason(const Options& options) {
  if (!options.task.empty()) return "given with --task";
  if (options.data.rfind("synthetic", 0) == 0) return "that of the synthetic data";
  if (is_ts(options.data)) return "from the file's header";
  return is_hdf5(options.data) ? "from the file's attribute 'task'" : "inferred from the labels";
}

void require_train(const casd_dataset* data) {
  if (casd_dataset_size(data, "train") > 0) return;
  throw Failure(
      "the data has no sample in split 'train'; its splits: " + joined(split_names(data)) +
      ". Samples are trained on in 'train' and selected on in "
      "'valid'.");
}

/// Whether samples of split train have groups.
bool has_groups(const casd_dataset* data) {
  for (int64_t i = 0; i < casd_dataset_size(data, "train"); ++i)
    if (*casd_dataset_group_name(data, "train", i)) return true;
  return false;
}

/// Moves a part of split train to a new split valid, if there is none. Returns a description.
/// `wanted`: that of --valid; below 0: `usual_share`.
std::string hold_out(casd_dataset* data, double wanted, double usual_share, uint64_t seed) {
  if (casd_dataset_size(data, "valid") > 0)
    return wanted < 0 ? "" : "--valid is not used: the data has a split valid";
  const double share = wanted < 0 ? usual_share : wanted;
  if (share == 0)
    return "held out: nothing (" + std::string(wanted < 0 ? "hold_out=0" : "--valid 0") + ")";
  const int64_t samples = casd_dataset_size(data, "train");
  const bool groups = has_groups(data);
  if (casd_dataset_hold_out(data, "train", "valid", share, seed) != CASD_OK) {
    if (wanted >= 0) throw Failure(std::string("--valid: ") + casd_last_error());
    return std::string("held out: nothing: ") + casd_last_error();
  }
  return "held out: " + std::to_string(casd_dataset_size(data, "valid")) + " of " +
         std::to_string(samples) + " samples of train as valid, as the data has no split valid (" +
         (groups ? "whole groups, " : "") + "--valid " + number(share, 2) + ", seed " +
         std::to_string(seed) + ")";
}

/// What to do about a checkpoint that does not fit.
std::string checkpoint_advice(const std::string& checkpoint) {
  return "Repeat the earlier command to resume from it, or start again with --restart (or remove " +
         checkpoint + ").";
}

/// A trainer and whether it was resumed from a checkpoint.
struct Training {
  Trainer trainer;
  bool resumed = false;
};

Training resume(const Settings& settings, const casd_model* fresh, const std::string& checkpoint) {
  Training out;
  out.resumed = true;
  casd_trainer* raw = nullptr;
  if (casd_trainer_load_on(&raw, checkpoint.c_str(), settings.trainer.engine) != CASD_OK)
    throw Failure(std::string("the checkpoint cannot be used: ") + casd_last_error() + "\n" +
                  checkpoint_advice(checkpoint));
  out.trainer.reset(raw);
  casd_trainer_options trainer_there;
  check(casd_trainer_options_init(&trainer_there, sizeof trainer_there));
  check(casd_trainer_get_options(&trainer_there, raw));
  const auto model =
      made<Model>([&](casd_model** handle) { return casd_trainer_snapshot(handle, raw); });
  casd_model_options model_there, model_here;
  check(casd_model_options_init(&model_there, sizeof model_there));
  check(casd_model_options_init(&model_here, sizeof model_here));
  check(casd_model_get_options(&model_there, model.get()));
  model_there.pooling = casd_trainer_pooling(raw);
  check(casd_model_get_options(&model_here, fresh));
  // The number of threads does not change the result; that of the checkpoint is kept.
  casd_trainer_options trainer_here = settings.trainer;
  trainer_here.threads = trainer_there.threads;
  std::vector<std::string> different = differences(model_there, model_here);
  for (const std::string& difference : differences(trainer_there, trainer_here))
    different.push_back(difference);
  if (!different.empty())
    throw Failure("the checkpoint " + checkpoint + " was made with other options: " +
                  joined(different, "; ") + ".\n" + checkpoint_advice(checkpoint));
  note("resuming from " + checkpoint +
       (trainer_there.threads == settings.trainer.threads
            ? ""
            : " (its number of threads is kept: " + std::to_string(trainer_there.threads) + ")"));
  return out;
}

/// A trainer that resumes from the checkpoint, or a new one that has accepted the data.
Training start(const Settings& settings, const casd_dataset* data, const casd_schema* schema,
               const std::string& checkpoint, bool restart) {
  const auto fresh = made<Model>(
      [&](casd_model** out) { return casd_model_create(out, schema, &settings.model); });
  if (!restart && !checkpoint.empty() && content_of(checkpoint) == Content::checkpoint)
    return resume(settings, fresh.get(), checkpoint);
  Training out;
  out.trainer = made<Trainer>([&](casd_trainer** handle) {
    return casd_trainer_create(handle, fresh.get(), &settings.trainer);
  });
  check(casd_trainer_prepare(out.trainer.get(), data));
  return out;
}

/// Holds back the library's warnings: the remarks are among them, and are printed with the results.
class HeldWarnings {
 public:
  HeldWarnings() {
    casd_set_log(
        [](casd_log_level, const char* message, void* user) {
          static_cast<HeldWarnings*>(user)->messages_.emplace_back(message);
        },
        CASD_LOG_WARNING, this);
  }
  ~HeldWarnings() { casd_set_log(nullptr, CASD_LOG_WARNING, nullptr); }
  HeldWarnings(const HeldWarnings&) = delete;
  HeldWarnings& operator=(const HeldWarnings&) = delete;

  /// Prints those that are no remarks of the trainer.
  void print(const casd_trainer* trainer) const {
    const std::vector<std::string> remarks = training_remarks(trainer);
    for (const std::string& message : messages_)
      if (std::find(remarks.begin(), remarks.end(), "Remark: " + message + ".") == remarks.end())
        note("casd: warning: " + message);
  }

 private:
  std::vector<std::string> messages_;
};

/// Trains to the end. A checkpoint of a training that failed before its first epoch was over is
/// removed, because it would make the next attempt fail.
void fit(const Training& training, const casd_dataset* data, casd_task task,
         const std::string& checkpoint) {
  casd_trainer* trainer = training.trainer.get();
  const HeldWarnings warnings;
  if (casd_trainer_phase(trainer) == CASD_PHASE_DONE) {  // only the model was not saved
    if (casd_trainer_prepare(trainer, data) != CASD_OK)
      throw Failure(casd_last_error() + ("\n" + checkpoint_advice(checkpoint)));
    warnings.print(trainer);
    return;
  }
  const char* path = checkpoint.empty() ? nullptr : checkpoint.c_str();
  on_interrupt([](void* raw) { casd_trainer_cancel(static_cast<casd_trainer*>(raw)); }, trainer);
  Progress progress(task);
  const casd_status status = casd_trainer_fit(trainer, data, path, Progress::report, &progress);
  progress.end();
  const std::string message = status == CASD_OK ? "" : casd_last_error();
  warnings.print(trainer);
  if (status == CASD_OK) return;
  if (status == CASD_ERROR_CANCELLED)
    throw Failure(path ? "stopped; the same command resumes from " + checkpoint : "stopped");
  if (path && !training.resumed && progress.epochs() == 0) remove_file(checkpoint);
  if (path && (training.resumed || progress.epochs() > 0))
    throw Failure(message + "\nThe checkpoint " + checkpoint + " is kept. " +
                  checkpoint_advice(checkpoint));
  throw Failure(message);
}

/// Adds the samples of --test to the data as split test.
void add_test(casd_dataset* data, const std::string& path) {
  if (casd_dataset_size(data, "test") > 0)
    throw Failure("--test " + path + ": the data has a split test; leave out one of them");
  if (casd_dataset_add_file(data, path.c_str(), "test") != CASD_OK)
    throw Failure("--test: " + std::string(casd_last_error()));
}

/// "mean".
std::string pooling_name(const casd_model* model) {
  casd_model_options options;
  check(casd_model_options_init(&options, sizeof options));
  check(casd_model_get_options(&options, model));
  return option_text(options, "pooling");
}

Model save(const Options& options, const casd_trainer* trainer) {
  Model model = made<Model>([&](casd_model** out) {
    return casd_trainer_snapshot(out, const_cast<casd_trainer*>(trainer));
  });
  if (!options.modalities.empty())
    model = made<Model>([&](casd_model** out) {
      return casd_model_with_user_value(out, model.get(), modalities_key,
                                        options.modalities.c_str());
    });
  check(casd_model_save(model.get(), options.output.c_str()));
  std::string done = "saved " + options.output + ": " +
                     std::to_string(casd_model_parameter_count(model.get())) + " parameters";
  if (casd_trainer_pooling(trainer) == CASD_POOLING_AUTO)
    done += ", pooling " + pooling_name(model.get());
  // The model itself may be on standard output.
  if (content_of(options.output) == Content::stream)
    note(done);
  else
    print_text(done + "\n");
  return model;
}

void evaluate(const Options& options, const casd_model* model, const casd_dataset* data,
              casd_task task) {
  const bool test = !options.test.empty();
  const char* const split = test ? "test" : "valid";
  const int64_t samples = casd_dataset_size(data, split);
  if (samples <= 0) return;
  const Predictor predictor = make_predictor(model, options.where, CASD_EMPTY_NAN);
  const auto report = made<Report>([&](casd_report** out) {
    return casd_evaluate(out, predictor.get(), data, split, nullptr, nullptr, nullptr);
  });
  print_text("\n");
  print_wrapped(options.output + " on " + (test ? options.test : "split valid") + ": " +
                std::to_string(samples) + " samples" +
                (test ? "" : " (selected and calibrated on them: slightly optimistic)"));
  print_text("\n");
  print_evaluation(report.get(), task);
  print_fusion_remark(report.get(), task);
}

void run(const Options& options) {
  Settings settings = settings_of(options);
  const std::string checkpoint = checkpoint_path(options);
  require_writable("--output", options.output, Content::model);
  if (!checkpoint.empty()) require_writable("--checkpoint", checkpoint, Content::checkpoint);
  if (!options.test.empty() && content_of(options.output) == Content::stream)
    throw Failure("--test needs a file for --output: the results are on standard output");
  const Dataset data = open_data(options.data, options.task, options.modalities);
  const auto schema =
      made<Schema>([&](casd_schema** out) { return casd_dataset_schema(out, data.get()); });
  require_train(data.get());
  const std::string held_out =
      hold_out(data.get(), options.valid, settings.trainer.hold_out, settings.trainer.seed);
  settings.trainer.hold_out = 0;  // done
  if (!options.test.empty()) add_test(data.get(), options.test);
  print_plan({data.get(), schema.get(), &settings.trainer, settings.model.pooling, options.data,
              task_reason(options), held_out, checkpoint});
  const Training training = start(settings, data.get(), schema.get(), checkpoint, options.restart);
  const casd_task task = casd_schema_task(schema.get());
  fit(training, data.get(), task, checkpoint);
  const Model model = save(options, training.trainer.get());
  if (!checkpoint.empty()) remove_file(checkpoint);
  if (content_of(options.output) == Content::stream) {
    for (const std::string& remark : training_remarks(training.trainer.get())) note(remark);
    return;
  }
  evaluate(options, model.get(), data.get(), task);
  print_training_monitor(training.trainer.get(), schema.get());
}

}  // namespace

void add_train(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a model and calibrate it");
  command->add_option("DATA", options->data, data_help)->required()->type_name("");
  command->add_option("-o,--output", options->output, "Model file to write")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--task", options->task,
                   "classes:A,B,... or multilabel:A,B,... or regression; default: the file's own")
      ->type_name("TASK");
  command
      ->add_option("--modalities", options->modalities,
                   "Channels of a .ts file, e.g. accelerometer=0-2,gyroscope=3,5")
      ->type_name("GROUPS");
  command
      ->add_option("--test", options->test,
                   "File with further samples: the trained model is evaluated on them")
      ->type_name("FILE");
  command
      ->add_option("--valid", options->valid,
                   "Share of train to hold out where there is no split valid; default 0.2, 0: none")
      ->type_name("SHARE")
      ->check(silent(CLI::Range(0.0, 0.95)));
  command->add_option("--recipe", options->recipe, "grounded, evidential or paper")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(silent(CLI::IsMember({"grounded", "evidential", "paper"})));
  command->add_option("--preset", options->preset, "Network size: default or reference")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(silent(CLI::IsMember({"default", "reference"})));
  command->add_option("--seed", options->seed, "Seed of all random numbers")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--epochs", options->epochs, "Most epochs of the student")
      ->type_name("N")
      ->check(silent(CLI::Range(1, 100000)));
  add_device_options(*command, options->where);
  command
      ->add_option("--checkpoint", options->checkpoint,
                   "Checkpoint; default: the model file's name + .checkpoint")
      ->type_name("FILE");
  command->add_flag("--restart", options->restart,
                    "Start again: replace a checkpoint that is there");
  command
      ->add_option("--set", options->assignments, "An option of model or training; may be repeated")
      ->type_size(1)
      ->type_name("OPTION=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  std::string footer =
      "Trains on split train, and selects the epoch and calibrates on split valid. Where there is\n"
      "no split valid a part of train is held out: of every class, whole groups together (column\n"
      "'group'), the same for the same --seed. A checkpoint is written after\n"
      "every epoch and on Ctrl-C. The same command resumes from it, with the same result to the\n"
      "bit, and removes it when the model is saved. --threads does not change the result.\n"
      "Examples:\n"
      "  casd train mosi.h5 --task classes:negative,positive -o mood.casd --seed 7\n"
      "  casd train synthetic -o try.casd --epochs 3 --set hidden=24 --set dropout=0.2\n"
      "  casd train BasicMotions_TRAIN.ts --modalities accelerometer=0-2,gyroscope=3-5 \\\n"
      "    --test BasicMotions_TEST.ts -o motions.casd\n"
      "Options of --set, with their defaults:\n";
  for (const std::string& line : wrapped(default_settings(), 88)) footer += "  " + line + "\n";
  footer.pop_back();
  command->footer(footer);
  command->callback([options] { run(*options); });
}

}  // namespace program
