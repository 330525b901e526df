#include <casd/train.h>

#include "capi/guard.h"
#include "capi/handles.h"
#include "train/options.h"

using casd::given;
using casd::guard;

namespace {

// Of release 0.1.
constexpr std::size_t first_options = sizeof(casd_trainer_options);
constexpr std::size_t first_stats = sizeof(casd_train_stats);
constexpr std::size_t first_progress = sizeof(casd_train_progress);

/// Works on our copy of the caller's struct, then writes back as much as the caller has.
template <class Change>
void change(casd_trainer_options* options, Change apply) {
  given(options, "options");
  casd_trainer_options ours =
      casd::import_struct(options, casd::default_trainer_options(), first_options, "options");
  apply(ours);
  casd::export_struct_bytes(options, options->struct_size, &ours, sizeof ours, first_options,
                            "options");
}

/// The size that the caller wrote into a struct that receives something; checked before any work.
template <class T>
std::size_t receiving_size(const T* out, std::size_t first, const char* what) {
  if (!out) return 0;
  casd::require(out->struct_size >= first, what, ".struct_size is ", out->struct_size,
                ", expected at least ", first);
  return out->struct_size;
}

void give_stats(casd_train_stats* out, std::size_t size, const casd_train_stats& stats) {
  if (out) casd::export_struct_bytes(out, size, &stats, sizeof stats, first_stats, "stats");
}

}  // namespace

casd_status casd_trainer_options_init(casd_trainer_options* options, size_t size) {
  return guard([&] {
    const casd_trainer_options defaults = casd::default_trainer_options();
    casd::export_struct_bytes(options, size, &defaults, sizeof defaults, first_options, "options");
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

casd_status casd_trainer_set_phase(casd_trainer* trainer, casd_phase phase) {
  return guard([&] { given(trainer, "trainer").value->set_phase(phase); });
}

casd_status casd_trainer_set_teacher(casd_trainer* trainer, const casd_model* model) {
  return guard([&] { given(trainer, "trainer").value->set_teacher(given(model, "model").value); });
}

casd_status casd_train_step(casd_train_stats* stats, casd_trainer* trainer,
                            const casd_batch* batch) {
  return guard([&] {
    const std::size_t size = receiving_size(stats, first_stats, "stats");
    give_stats(stats, size, given(trainer, "trainer").value->step(given(batch, "batch").value));
  });
}

casd_status casd_trainer_epoch(casd_train_stats* stats, casd_trainer* trainer,
                               const casd_dataset* dataset) {
  return guard([&] {
    const std::size_t size = receiving_size(stats, first_stats, "stats");
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
    const std::size_t size = receiving_size(progress, first_progress, "progress");
    const casd_train_progress now = given(trainer, "trainer").value->progress();
    casd::export_struct_bytes(progress, size, &now, sizeof now, first_progress, "progress");
  });
}

casd_phase casd_trainer_phase(const casd_trainer* trainer) {
  return trainer ? trainer->value->phase() : CASD_PHASE_DONE;
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

casd_status casd_trainer_options_get(const casd_trainer* trainer, casd_trainer_options* options,
                                     size_t size) {
  return guard([&] {
    const casd_trainer_options& ours = given(trainer, "trainer").value->options();
    casd::export_struct_bytes(options, size, &ours, sizeof ours, first_options, "options");
  });
}
