#include <casd/train.h>

#include "capi/built_in_engines.h"
#include "capi/handles.h"
#include "capi/option_struct.h"
#include "train/options.h"
#include "train/schedule.h"
#include "train/training_remarks.h"

using casd::given;
using casd::guard;

namespace {

constexpr std::size_t first_options = casd::first_size::trainer_options;
constexpr std::size_t first_stats = casd::first_size::train_stats;
constexpr std::size_t first_progress = casd::first_size::train_progress;

template <class Change>
void change(casd_trainer_options* options, Change apply) {
  casd::change_struct(options, casd::default_trainer_options(), first_options, "options", apply);
}

std::int64_t samples_to_train_on(const casd::Dataset& dataset) {
  const casd::Split* train = dataset.find("train");
  std::int64_t samples = 0;
  if (train)
    for (const casd::Sample& sample : train->samples) samples += sample.given != 0;
  casd::require(samples > 0, "the dataset has no split train with samples that have a modality");
  return samples;
}

void give_stats(casd_train_stats* out, std::size_t size, const casd_train_stats& stats) {
  if (out) casd::init_struct(out, size, stats, first_stats, "stats");
}

}  // namespace

casd_status casd_trainer_options_init(casd_trainer_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_trainer_options(), first_options, "options");
  });
}

casd_status casd_train_stats_init(casd_train_stats* stats, size_t size) {
  return guard([&] { casd::init_struct(stats, size, {}, first_stats, "stats"); });
}

casd_status casd_train_progress_init(casd_train_progress* progress, size_t size) {
  return guard([&] { casd::init_struct(progress, size, {}, first_progress, "progress"); });
}

int32_t casd_trainer_options_count(void) {
  return casd::option_count(casd::trainer_option_table());
}

const char* casd_trainer_options_name(int32_t index) {
  return casd::option_name(casd::trainer_option_table(), index);
}

casd_status casd_trainer_options_text(char* buffer, size_t capacity, size_t* needed,
                                      const casd_trainer_options* options, const char* name) {
  return guard([&] {
    const casd_trainer_options ours = casd::import_struct(
        &given(options, "options"), casd::default_trainer_options(), first_options, "options");
    casd::copy_option_text(buffer, capacity, needed, casd::trainer_option_table(), &ours, name);
  });
}

casd_status casd_trainer_options_use_recipe(casd_trainer_options* options, casd_recipe recipe) {
  return guard([&] { change(options, [&](auto& ours) { casd::use_recipe(ours, recipe); }); });
}

casd_status casd_trainer_options_set(casd_trainer_options* options, const char* name,
                                     const char* value) {
  return guard([&] {
    given(name, "name");
    given(value, "value");
    change(options,
           [&](auto& ours) { casd::set_option(casd::trainer_option_table(), &ours, name, value); });
  });
}

casd_status casd_trainer_options_resolve(casd_trainer_options* options,
                                         const casd_dataset* dataset) {
  return guard([&] {
    given(dataset, "dataset");
    change(options, [&](auto& ours) {
      ours = casd::with_schedule(
          ours, casd::resolve_schedule(casd::checked(ours), samples_to_train_on(dataset->value)));
    });
  });
}

casd_status casd_trainer_create(casd_trainer** trainer, const casd_model* model,
                                const casd_trainer_options* options) {
  return guard([&] {
    given(trainer, "trainer");
    *trainer = new casd_trainer(
        given(model, "model").value,
        casd::import_struct(options, casd::default_trainer_options(), first_options, "options"));
  });
}

void casd_trainer_destroy(casd_trainer* trainer) { delete trainer; }

casd_status casd_trainer_prepare(casd_trainer* trainer, const casd_dataset* dataset) {
  return guard([&] { given(trainer, "trainer").value->prepare(given(dataset, "dataset").value); });
}

casd_status casd_trainer_prepare_batch(casd_trainer* trainer, const casd_batch* batch) {
  return guard([&] { given(trainer, "trainer").value->prepare(given(batch, "batch").value); });
}

casd_status casd_trainer_set_phase(casd_trainer* trainer, casd_phase phase) {
  return guard([&] { given(trainer, "trainer").value->set_phase(phase); });
}

casd_status casd_trainer_set_teacher(casd_trainer* trainer, const casd_model* model) {
  return guard([&] { given(trainer, "trainer").value->set_teacher(given(model, "model").value); });
}

casd_status casd_train_step(casd_train_stats* stats, casd_trainer* trainer,
                            const casd_batch* batch) {
  return guard([&] {
    const std::size_t size = casd::receiving_size(stats, first_stats, "stats");
    give_stats(stats, size, given(trainer, "trainer").value->step(given(batch, "batch").value));
  });
}

casd_status casd_trainer_epoch(casd_train_stats* stats, casd_trainer* trainer,
                               const casd_dataset* dataset) {
  return guard([&] {
    const std::size_t size = casd::receiving_size(stats, first_stats, "stats");
    give_stats(stats, size,
               given(trainer, "trainer").value->epoch(given(dataset, "dataset").value));
  });
}

casd_status casd_trainer_fit(casd_trainer* trainer, const casd_dataset* dataset,
                             const char* checkpoint, casd_progress_callback progress, void* user) {
  return guard([&] {
    given(trainer, "trainer")
        .value->fit(given(dataset, "dataset").value, checkpoint, progress, user);
  });
}

void casd_trainer_cancel(casd_trainer* trainer) {
  if (trainer) trainer->value->cancel();
}

casd_status casd_trainer_progress(casd_train_progress* progress, casd_trainer* trainer) {
  return guard([&] {
    given(progress, "progress");
    const std::size_t size = casd::receiving_size(progress, first_progress, "progress");
    const casd_train_progress now = given(trainer, "trainer").value->progress();
    casd::init_struct(progress, size, now, first_progress, "progress");
  });
}

casd_phase casd_trainer_phase(const casd_trainer* trainer) {
  return trainer ? trainer->value->phase() : -1;
}

casd_pooling casd_trainer_pooling(const casd_trainer* trainer) {
  return trainer ? trainer->value->pooling() : -1;
}

casd_status casd_trainer_calibrate(casd_trainer* trainer, const casd_batch* train,
                                   const casd_batch* held_out) {
  return guard([&] {
    given(trainer, "trainer")
        .value->calibrate(train ? &train->value : nullptr, given(held_out, "held_out").value);
  });
}

casd_status casd_trainer_snapshot(casd_model** model, casd_trainer* trainer) {
  return guard([&] {
    given(model, "model");
    *model = new casd_model(given(trainer, "trainer").value->snapshot());
  });
}

casd_status casd_trainer_save(casd_trainer* trainer, const char* path) {
  return guard([&] { given(trainer, "trainer").value->save(&given(path, "path")); });
}

casd_status casd_trainer_load(casd_trainer** trainer, const char* path) {
  return guard([&] {
    given(trainer, "trainer");
    *trainer = new casd_trainer(casd::Trainer::load(&given(path, "path")));
  });
}

casd_status casd_trainer_load_on(casd_trainer** trainer, const char* path,
                                 casd_engine_choice engine) {
  return guard([&] {
    given(trainer, "trainer");
    *trainer = new casd_trainer(casd::Trainer::load(&given(path, "path"), nullptr, engine));
  });
}

casd_status casd_trainer_get_options(casd_trainer_options* options, const casd_trainer* trainer) {
  return guard([&] {
    const std::size_t size =
        casd::receiving_size(&given(options, "options"), first_options, "options");
    casd::init_struct(options, size, given(trainer, "trainer").value->options(), first_options,
                      "options");
  });
}

casd_status casd_trainer_monitor_value(double* value, const casd_trainer* trainer,
                                       casd_train_quantity quantity, casd_modality_mask mask) {
  return guard([&] {
    given(value, "value");
    const casd::Trainer& of = *given(trainer, "trainer").value;
    casd::require(quantity >= CASD_TRAIN_DEGREES_OF_FREEDOM && quantity <= CASD_TRAIN_SCORE,
                  "quantity is ", quantity, ", allowed: 0 to 5");
    *value = casd::summary_value(of.schema(), of.summary(), quantity,
                                 casd::resolve_mask(of.schema(), mask));
  });
}

const char* casd_trainer_remark(const casd_trainer* trainer, int32_t index) {
  return trainer ? casd::remark_text(trainer->value->remarks(), index) : nullptr;
}
