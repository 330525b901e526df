// casd train: teacher, student, calibration, with progress, and resumable.
#include "commands.h"
#include "common.h"
#include "progress.h"
#include "terminal.h"

#include <cstdio>
#include <cstring>

namespace program {
namespace {

struct Options {
  std::string data, output, task, recipe = "evidential", preset = "default", device = "cpu",
                                  checkpoint_folder;
  std::vector<std::string> settings;
  uint64_t seed = 0;
  int epochs = 0;
  int threads = default_threads();
};

/// Everything that --recipe, --preset, --set and the others come to.
struct Settings {
  casd_model_options model;
  casd_trainer_options trainer;
};

void apply(Settings& to, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UsageError("--set needs option=value, not '" + setting + "'");
  const std::string name = setting.substr(0, equals), value = setting.substr(equals + 1);
  casd_status status = casd_model_options_set(&to.model, name.c_str(), value.c_str());
  if (status == CASD_OK) return;
  const std::string of_model = casd_last_error();
  if (status != CASD_ERROR_NOT_FOUND) throw UsageError(of_model);
  status = casd_trainer_options_set(&to.trainer, name.c_str(), value.c_str());
  if (status == CASD_OK) return;
  if (status != CASD_ERROR_NOT_FOUND) throw UsageError(casd_last_error());
  throw UsageError("of the model, " + of_model + "; of the training, " + casd_last_error());
}

Settings settle(const Options& options) {
  Settings out;
  check(casd_model_options_init(&out.model, sizeof out.model));
  check(casd_trainer_options_init(&out.trainer, sizeof out.trainer));
  const casd_recipe recipe = options.recipe == "paper" ? CASD_RECIPE_PAPER : CASD_RECIPE_EVIDENTIAL;
  check(casd_model_options_use_recipe(&out.model, recipe));
  check(casd_trainer_options_use_recipe(&out.trainer, recipe));
  const casd_preset preset =
      options.preset == "reference" ? CASD_PRESET_REFERENCE : CASD_PRESET_DEFAULT;
  check(casd_model_options_use_preset(&out.model, preset));
  const Device device = parse_device(options.device);
  out.trainer.device = device.device;
  out.trainer.device_index = device.index;
  out.trainer.threads = options.threads;
  out.model.seed = out.trainer.seed = options.seed;
  if (options.epochs > 0) out.trainer.epochs = options.epochs;
  for (const std::string& setting : options.settings) apply(out, setting);
  return out;
}

std::string checkpoint_path(const Options& options) {
  if (options.checkpoint_folder.empty()) return options.output + ".checkpoint";
  if (!make_folder(options.checkpoint_folder.c_str()))
    throw Failure("the folder " + options.checkpoint_folder + " cannot be made");
  return options.checkpoint_folder + "/checkpoint";
}

/// A trainer that goes on from the checkpoint, or a new one.
Trainer make_trainer(const Settings& settings, const casd_dataset* data,
                     const std::string& checkpoint) {
  const auto schema =
      made<Schema>([&](casd_schema** out) { return casd_dataset_schema(out, data); });
  const auto fresh = made<Model>(
      [&](casd_model** out) { return casd_model_create(out, schema.get(), &settings.model); });
  if (!exists(checkpoint.c_str()))
    return made<Trainer>([&](casd_trainer** out) {
      return casd_trainer_create(out, fresh.get(), &settings.trainer);
    });

  auto trainer =
      made<Trainer>([&](casd_trainer** out) { return casd_trainer_load(out, checkpoint.c_str()); });
  casd_trainer_options kept;
  check(casd_trainer_options_init(&kept, sizeof kept));
  check(casd_trainer_get_options(&kept, trainer.get()));
  const auto so_far =
      made<Model>([&](casd_model** out) { return casd_trainer_snapshot(out, trainer.get()); });
  casd_model_options kept_model, asked_model;
  check(casd_model_options_init(&kept_model, sizeof kept_model));
  check(casd_model_options_init(&asked_model, sizeof asked_model));
  check(casd_model_get_options(&kept_model, so_far.get()));
  check(casd_model_get_options(&asked_model, fresh.get()));
  // Neither struct has padding, and the same text gives the same number.
  const bool same =  // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
      std::memcmp(&kept, &settings.trainer, sizeof kept) == 0 &&
      // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
      std::memcmp(&kept_model, &asked_model, sizeof kept_model) == 0;
  if (!same)
    throw Failure("the checkpoint " + checkpoint +
                  " was made with other options; remove it to begin anew, or ask for the same");
  std::fprintf(stderr, "resuming from %s\n", checkpoint.c_str());
  return trainer;
}

void run(const Options& options) {
  const Settings settings = settle(options);
  const Dataset data = open_data(options.data, options.task);
  const std::string checkpoint = checkpoint_path(options);
  const Trainer trainer = make_trainer(settings, data.get(), checkpoint);
  // Before any work: a place that cannot be written to shows now.
  check(casd_trainer_save(trainer.get(), checkpoint.c_str()));
  on_interrupt([](void* raw) { casd_trainer_cancel(static_cast<casd_trainer*>(raw)); },
               trainer.get());
  Progress progress;
  const casd_status status = casd_trainer_phase(trainer.get()) == CASD_PHASE_DONE
                                 ? CASD_OK
                                 : casd_trainer_fit(trainer.get(), data.get(), checkpoint.c_str(),
                                                    Progress::report, &progress);
  progress.end();
  if (status == CASD_ERROR_CANCELLED)
    throw Failure("stopped; the same command goes on from " + checkpoint);
  check(status);
  const auto model =
      made<Model>([&](casd_model** out) { return casd_trainer_snapshot(out, trainer.get()); });
  check(casd_model_save(model.get(), options.output.c_str()));
  remove_file(checkpoint.c_str());
  std::printf("saved %s: %lld parameters\n", options.output.c_str(),
              static_cast<long long>(casd_model_parameter_count(model.get())));
}

}  // namespace

void add_train(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a model and calibrate it");
  command->add_option("DATA", options->data, "HDF5 or CSV file, or 'synthetic' (no data needed)")
      ->required();
  command->add_option("-o,--output", options->output, "The model file to write")->required();
  command->add_option("--task", options->task,
                      "classes:A,B,... | multilabel:A,B,... | regression; default: the file's own");
  command->add_option("--recipe", options->recipe, "evidential or paper")
      ->capture_default_str()
      ->check(CLI::IsMember({"evidential", "paper"}));
  command->add_option("--preset", options->preset, "Network size: default or reference")
      ->capture_default_str()
      ->check(CLI::IsMember({"default", "reference"}));
  command->add_option("--seed", options->seed, "Of weights, order, corruption, dropout")
      ->capture_default_str();
  command
      ->add_option("--epochs", options->epochs, "Most epochs of the student; default: the recipe's")
      ->check(CLI::Range(1, 100000));
  command->add_option("--device", options->device, "cpu, cuda or cuda:N")->capture_default_str();
  command
      ->add_option("--threads", options->threads, "Threads on the CPU; does not change the result")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--checkpoint", options->checkpoint_folder,
                      "Folder of the checkpoint; default: OUTPUT.checkpoint beside the model");
  command->add_option("--set", options->settings, "option=value of model or training")
      ->type_size(1)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->footer(
      "Learns from split train and chooses epochs on split valid. A checkpoint is written after\n"
      "every epoch and on Ctrl-C; the same command goes on from it, to the same bits, and it is\n"
      "removed when the model is saved.\n"
      "Examples:\n"
      "  casd train mosi.h5 --task classes:negative,positive -o mood.casd --seed 7\n"
      "  casd train synthetic -o try.casd --epochs 3 --set hidden=24 --set dropout=0.2\n"
      "--set with an unknown option lists all there are.");
  command->callback([options] { run(*options); });
}

}  // namespace program
