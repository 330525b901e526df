#include "train/options.h"

#include "core/error.h"
#include "engine/registry.h"

#include <limits>

namespace casd {
namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();
constexpr double most_int32 = std::numeric_limits<std::int32_t>::max();

constexpr const char* teachers[] = {"frozen", "ema", "shared", "none"};
constexpr const char* schedules[] = {"evidential", "paper", "grounded"};
constexpr const char* samplings[] = {"student_t", "implicit", "gaussian", "none"};
constexpr const char* devices[] = {"cpu", "cuda"};

template <std::size_t count>
constexpr Option choice(const char* name, std::size_t offset, const char* const (&names)[count]) {
  return {name, OptionKind::choice, offset, 0, 0, false, false, {names, count}};
}

constexpr Option whole(const char* name, std::size_t offset, double min, double max) {
  return {name, OptionKind::int32, offset, min, max, false, false, {}};
}

/// Below `min`: "auto".
constexpr Option automatic(const char* name, std::size_t offset, double min, double max) {
  return {name, OptionKind::int32, offset, min, max, false, false, {}, true, true};
}

constexpr Option real(const char* name, std::size_t offset, double min, double max) {
  return {name, OptionKind::real, offset, min, max, false, false, {}};
}

/// `min` itself (real_above) or `max` itself (real_below) is not allowed.
constexpr Option real_above(const char* name, std::size_t offset, double min, double max) {
  return {name, OptionKind::real, offset, min, max, true, false, {}};
}
constexpr Option real_below(const char* name, std::size_t offset, double min, double max) {
  return {name, OptionKind::real, offset, min, max, false, true, {}};
}

using Options = casd_trainer_options;

constexpr Option table[] = {
    choice("teacher", offsetof(Options, teacher), teachers),
    choice("sampling", offsetof(Options, sampling), samplings),
    choice("schedule", offsetof(Options, schedule), schedules),
    automatic("teacher_epochs", offsetof(Options, teacher_epochs), 1, 100000),
    automatic("epochs", offsetof(Options, epochs), 1, 100000),
    automatic("select_from", offsetof(Options, select_from), 0, 100000),
    automatic("patience", offsetof(Options, patience), 1, most_int32),
    automatic("batch_size", offsetof(Options, batch_size), 1, 65536),
    whole("total_steps", offsetof(Options, total_steps), 0, most_int32),
    whole("balance_classes", offsetof(Options, balance_classes), 0, 1),
    whole("calibrate", offsetof(Options, calibrate), 0, 1),
    whole("fit_trust", offsetof(Options, fit_trust), 0, 1),
    choice("device", offsetof(Options, device), devices),
    whole("device_index", offsetof(Options, device_index), 0, 1023),
    whole("threads", offsetof(Options, threads), 1, 256),
    choice("engine", offsetof(Options, engine), engine_choices),
    real_below("dropout", offsetof(Options, dropout), 0, 1),
    real("frame_drop", offsetof(Options, frame_drop), 0, 1),
    real("sigma_scale", offsetof(Options, sigma_scale), 0, 10),
    real("ema_decay", offsetof(Options, ema_decay), 0, 1),
    real("logit_weight", offsetof(Options, logit_weight), 0, 1000),
    real("uncertainty_weight", offsetof(Options, uncertainty_weight), 0, 1000),
    real("evidence_weight", offsetof(Options, evidence_weight), 0, 1000),
    real("evidence_regularizer", offsetof(Options, evidence_regularizer), 0, 1000),
    real("evidence_rate", offsetof(Options, evidence_rate), 0, 1000),
    real_above("learning_rate", offsetof(Options, learning_rate), 0, 1),
    real("final_rate", offsetof(Options, final_rate), 0, 1),
    real("weight_decay", offsetof(Options, weight_decay), 0, 1),
    real_below("gradient_clip", offsetof(Options, gradient_clip), 0, no_limit),
    real_below("hold_out", offsetof(Options, hold_out), 0, 1),
    {"seed", OptionKind::uint64, offsetof(Options, seed), 0, 0, false, false, {}},
};

}  // namespace

Span<const Option> trainer_option_table() { return {table, sizeof table / sizeof *table}; }

casd_trainer_options default_trainer_options() {
  casd_trainer_options o{};
  o.struct_size = sizeof o;
  o.teacher = CASD_TEACHER_FROZEN;
  o.sampling = CASD_SAMPLING_STUDENT_T;
  o.balance_classes = 1;
  o.calibrate = 1;
  o.device = CASD_DEVICE_CPU;
  o.threads = 1;
  o.dropout = 0.4;
  o.frame_drop = 0.5;
  o.sigma_scale = 1;
  o.ema_decay = 0.99;
  o.logit_weight = 1;
  o.evidence_regularizer = 0.05;
  o.learning_rate = 1e-3;
  o.final_rate = 0.05;
  o.weight_decay = 1e-4;
  o.gradient_clip = 0.8;
  o.hold_out = 0.2;
  use_recipe(o, CASD_RECIPE_GROUNDED);
  return o;
}

void use_recipe(casd_trainer_options& options, casd_recipe recipe) {
  require_recipe(recipe);
  const bool paper = recipe == CASD_RECIPE_PAPER;
  options.schedule = recipe;
  options.epochs = options.patience = 0;
  options.select_from = -1;
  options.uncertainty_weight = paper ? 0.1 : 0;
  options.evidence_weight = paper ? 0 : 1;
  options.evidence_rate = paper ? 1 : 10;
}

casd_trainer_options checked(casd_trainer_options options) {
  check_options(trainer_option_table(), &options);
  require(options.reserved == 0, "options.reserved must be 0");
  return options;
}

}  // namespace casd
