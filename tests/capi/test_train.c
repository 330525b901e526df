/* Everything that casd/train.h documents. */
#include "support.h"

#include <casd/casd.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKPOINT "test_train.checkpoint"

/* Small enough to train both phases quickly. */
static casd_trainer_options small_options(void) {
  casd_trainer_options options;
  assert_int_equal(casd_trainer_options_init(&options, sizeof options), CASD_OK);
  options.teacher_epochs = 2;
  options.epochs = 2;
  options.select_from = 0;
  options.batch_size = 16;
  options.seed = 3;
  return options;
}

struct fixture {
  casd_dataset *data;
  casd_model *model;
  casd_trainer *trainer;
  casd_batch *batch; /* 8 samples of split train */
};

/* Returns 0 and prints a message if the plug-in is missing. */
static void begin(struct fixture *f, casd_task task, const casd_trainer_options *options) {
  casd_schema *schema = NULL;
  memset(f, 0, sizeof *f);
  f->data = new_data(task, 1);
  f->model = new_model_for(f->data, 8, 0);
  assert_int_equal(casd_dataset_schema(&schema, f->data), CASD_OK);
  assert_int_equal(casd_batch_create(&f->batch, schema), CASD_OK);
  casd_schema_destroy(schema);
  assert_int_equal(casd_dataset_read(f->batch, f->data, "train", NULL, 8), CASD_OK);
  assert_int_equal(casd_trainer_create(&f->trainer, f->model, options), CASD_OK);
}

static void end(struct fixture *f) {
  casd_trainer_destroy(f->trainer);
  casd_batch_destroy(f->batch);
  casd_model_destroy(f->model);
  casd_dataset_destroy(f->data);
  remove(CHECKPOINT);
}

/* The bytes of the trainer's current model; free() them. */
static unsigned char *snapshot_bytes(casd_trainer *trainer, size_t *size) {
  casd_model *model = NULL;
  unsigned char *bytes;
  ASSERT_OK(casd_trainer_snapshot(&model, trainer));
  bytes = model_bytes(model, size);
  casd_model_destroy(model);
  return bytes;
}

static void assert_same_model(casd_trainer *a, casd_trainer *b) {
  size_t size_a = 0, size_b = 0;
  unsigned char *bytes_a = snapshot_bytes(a, &size_a), *bytes_b = snapshot_bytes(b, &size_b);
  assert_int_equal(size_a, size_b);
  assert_memory_equal(bytes_a, bytes_b, size_a);
  free(bytes_a);
  free(bytes_b);
}

static casd_train_stats new_stats(void) {
  casd_train_stats stats;
  memset(&stats, 0, sizeof stats);
  stats.struct_size = sizeof stats;
  return stats;
}

static void options_have_defaults_recipes_and_names(void **state) {
  casd_trainer_options o;
  (void)state;
  assert_int_equal(casd_trainer_options_init(&o, sizeof o), CASD_OK);
  assert_int_equal(o.struct_size, sizeof o);
  assert_int_equal(o.epochs, 0); /* auto */
  assert_int_equal(o.select_from, -1);
  assert_int_equal(o.schedule, CASD_RECIPE_EVIDENTIAL);
  assert_int_equal(casd_trainer_options_use_recipe(&o, CASD_RECIPE_PAPER), CASD_OK);
  assert_int_equal(o.schedule, CASD_RECIPE_PAPER);
  assert_true(o.uncertainty_weight == 0.1);
  assert_int_equal(casd_trainer_options_set(&o, "teacher", "ema"), CASD_OK);
  assert_int_equal(o.teacher, CASD_TEACHER_EMA);
  assert_int_equal(casd_trainer_options_set(&o, "learning_rate", "0.01"), CASD_OK);
  assert_true(o.learning_rate == 0.01);
}

static void invalid_options_are_rejected(void **state) {
  casd_trainer_options o, before;
  (void)state;
  assert_int_equal(casd_trainer_options_init(NULL, sizeof o), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_init(&o, 8), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_init(&o, sizeof o), CASD_OK);
  before = o;
  assert_int_equal(casd_trainer_options_use_recipe(NULL, 0), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_use_recipe(&o, 7), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_set(NULL, "epochs", "1"), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_set(&o, NULL, "1"), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_set(&o, "epochs", NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_set(&o, "epoch", "1"), CASD_ERROR_NOT_FOUND);
  assert_non_null(strstr(casd_last_error(), "epochs"));
  assert_int_equal(casd_trainer_options_set(&o, "epochs", "0"), CASD_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(casd_last_error(), "1 to 100000"));
  assert_int_equal(casd_trainer_options_set(&o, "epochs", "many"), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_options_set(&o, "teacher", "me"), CASD_ERROR_INVALID_ARGUMENT);
  assert_memory_equal(&o, &before, sizeof o);
}

static void create_rejects_invalid_arguments(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  casd_model *model = new_model_for(data, 8, 0);
  casd_trainer *trainer = NULL;
  casd_trainer_options options = small_options();
  struct {
    casd_trainer_options options;
    char tail[8];
  } newer;
  (void)state;
  assert_int_equal(casd_trainer_create(NULL, model, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_create(&trainer, NULL, NULL), CASD_ERROR_INVALID_ARGUMENT);
  options.batch_size = -1;
  assert_int_equal(casd_trainer_create(&trainer, model, &options), CASD_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(casd_last_error(), "batch_size"));
  options = small_options();
  options.schedule = 2;
  ASSERT_INVALID(casd_trainer_create(&trainer, model, &options), "schedule");
  options = small_options();
  options.struct_size = 4;
  assert_int_equal(casd_trainer_create(&trainer, model, &options), CASD_ERROR_INVALID_ARGUMENT);
  memset(&newer, 0, sizeof newer);
  newer.options = small_options();
  newer.options.struct_size = sizeof newer;
  newer.tail[3] = 1;
  assert_int_equal(casd_trainer_create(&trainer, model, &newer.options),
                   CASD_ERROR_INVALID_ARGUMENT);
  /* A missing libcasd_torch or device is reported in the message. */
  options = small_options();
  options.device = CASD_DEVICE_CUDA;
  options.device_index = 1023;
  assert_int_equal(casd_trainer_create(&trainer, model, &options), CASD_ERROR_UNAVAILABLE);
  assert_true(strlen(casd_last_error()) > 0);
  assert_null(trainer);
  casd_trainer_destroy(NULL);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
}

static void functions_reject_null(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_train_progress progress;
  casd_model *model = NULL;
  casd_trainer *trainer = NULL;
  (void)state;
  assert_int_equal(casd_trainer_phase(NULL), -1);
  casd_trainer_cancel(NULL);
  assert_int_equal(casd_trainer_load(NULL, "x"), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_load(&trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  begin(&f, CASD_TASK_CLASSES, &options);
  memset(&progress, 0, sizeof progress);
  progress.struct_size = sizeof progress;
  assert_int_equal(casd_trainer_prepare(NULL, f.data), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_prepare(f.trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_set_phase(NULL, 0), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_set_teacher(NULL, f.model), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_set_teacher(f.trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_train_step(NULL, NULL, f.batch), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_train_step(NULL, f.trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_epoch(NULL, NULL, f.data), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_fit(NULL, f.data, NULL, NULL, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_fit(f.trainer, NULL, NULL, NULL, NULL),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_progress(NULL, f.trainer), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_progress(&progress, NULL), CASD_ERROR_INVALID_ARGUMENT);
  progress.struct_size = 4;
  assert_int_equal(casd_trainer_progress(&progress, f.trainer), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_snapshot(NULL, f.trainer), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_snapshot(&model, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_save(NULL, "x"), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_save(f.trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_get_options(&options, NULL), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_get_options(NULL, f.trainer), CASD_ERROR_INVALID_ARGUMENT);
  options.struct_size = 8;
  assert_int_equal(casd_trainer_get_options(&options, f.trainer), CASD_ERROR_INVALID_ARGUMENT);
  end(&f);
}

static void options_are_returned(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options(), returned;
  (void)state;
  options.evidence_rate = 7;
  begin(&f, CASD_TASK_CLASSES, &options);
  ASSERT_OK(casd_trainer_options_init(&returned, sizeof returned));
  assert_int_equal(casd_trainer_get_options(&returned, f.trainer), CASD_OK);
  assert_memory_equal(&returned, &options, sizeof returned);
  end(&f);
}

static void auto_adapts_to_the_data(void **state) {
  struct fixture f;
  casd_trainer_options options, fixed, before;
  casd_dataset *empty = NULL;
  casd_schema *schema = NULL;
  char text[16];
  (void)state;
  ASSERT_OK(casd_trainer_options_init(&options, sizeof options));
  ASSERT_OK(casd_trainer_options_text(text, sizeof text, NULL, &options, "batch_size"));
  assert_string_equal(text, "auto");
  ASSERT_OK(casd_trainer_options_set(&options, "epochs", "4"));
  ASSERT_OK(casd_trainer_options_set(&options, "epochs", "auto"));
  ASSERT_INVALID(casd_trainer_options_set(&options, "epochs", "0"), "auto or 1 to 100000");
  fixed = options;
  begin(&f, CASD_TASK_CLASSES, &options);
  ASSERT_OK(casd_trainer_options_resolve(&fixed, f.data)); /* 40 samples */
  assert_int_equal(fixed.batch_size, 8);
  assert_int_equal(fixed.teacher_epochs, 48);
  assert_int_equal(fixed.epochs, 64);
  assert_int_equal(fixed.select_from, 24);
  assert_int_equal(fixed.patience, 40);
  ASSERT_INVALID(casd_trainer_options_resolve(NULL, f.data), "NULL");
  before = fixed;
  ASSERT_INVALID(casd_trainer_options_resolve(&fixed, NULL), "NULL");
  ASSERT_OK(casd_dataset_schema(&schema, f.data));
  ASSERT_OK(casd_dataset_create(&empty, schema));
  ASSERT_INVALID(casd_trainer_options_resolve(&fixed, empty), "train");
  assert_memory_equal(&fixed, &before, sizeof fixed);
  before.dropout = 2;
  ASSERT_INVALID(casd_trainer_options_resolve(&before, f.data), "dropout");

  ASSERT_OK(casd_trainer_get_options(&before, f.trainer));
  assert_memory_equal(&before, &options, sizeof before); /* unchanged */
  ASSERT_OK(casd_trainer_prepare(f.trainer, f.data));
  ASSERT_OK(casd_trainer_get_options(&before, f.trainer));
  assert_memory_equal(&before, &fixed, sizeof before);
  casd_schema_destroy(schema);
  casd_dataset_destroy(empty);
  end(&f);
}

/* Samples with a modality are trained on, with a label or not. */
static void auto_counts_the_samples_with_a_modality(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 40);
  casd_dataset *data = NULL;
  casd_trainer_options options;
  const float target = 1;
  int64_t i, sample;
  (void)state;
  for (i = 0; i < 10; ++i) ASSERT_OK(casd_batch_set_target(batch, i, &target, 1));
  for (i = 0; i < 20; ++i) {
    ASSERT_OK(casd_batch_add_sample(&sample, batch));
    if (i < 6) ASSERT_OK(casd_batch_set_target(batch, sample, &target, 1));
  }
  ASSERT_OK(casd_dataset_create(&data, schema));
  ASSERT_OK(casd_dataset_add(data, "train", batch));
  ASSERT_OK(casd_trainer_options_init(&options, sizeof options));
  ASSERT_OK(casd_trainer_options_resolve(&options, data));
  assert_int_equal(options.batch_size, 8);
  assert_int_equal(options.epochs, 64); /* of 5 steps: 40 samples */
  casd_dataset_destroy(data);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
}

static void steps_lower_the_loss(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_train_stats stats = new_stats();
  double first = 0;
  int i;
  (void)state;
  options.dropout = 0;
  options.sampling = CASD_SAMPLING_NONE;
  options.learning_rate = 0.02;
  options.evidence_rate = 1;
  options.total_steps = 60;
  begin(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_phase(f.trainer), CASD_PHASE_TEACHER);
  assert_int_equal(casd_trainer_prepare(f.trainer, f.data), CASD_OK);
  for (i = 0; i < 60; ++i) {
    assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_OK);
    if (i == 0) first = stats.loss;
  }
  assert_int_equal(stats.phase, CASD_PHASE_TEACHER);
  assert_int_equal(stats.step, 60);
  assert_int_equal(stats.samples, 8);
  assert_true(stats.loss < first / 2);
  assert_true(isnan(stats.logit_loss));
  assert_true(stats.gradient_norm >= 0);
  assert_true(stats.learning_rate < options.learning_rate);

  assert_int_equal(casd_trainer_set_phase(f.trainer, CASD_PHASE_STUDENT), CASD_OK);
  assert_int_equal(casd_trainer_phase(f.trainer), CASD_PHASE_STUDENT);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_OK);
  assert_int_equal(stats.step, 1);
  assert_true(isfinite(stats.logit_loss));
  assert_true(isfinite(stats.evidence_loss));
  assert_int_equal(casd_train_step(NULL, f.trainer, f.batch), CASD_OK);
  end(&f);
}

static void step_rejects_invalid_batches(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_train_stats stats = new_stats();
  casd_schema *schema = NULL;
  casd_batch *other = NULL;
  int64_t sample = 0;
  float frames[6 * 64];
  int32_t features;
  size_t count = sizeof frames / sizeof *frames;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_STATE);
  assert_int_equal(casd_trainer_prepare(f.trainer, f.data), CASD_OK);
  stats.struct_size = 4;
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_INVALID_ARGUMENT);
  stats = new_stats();

  assert_int_equal(casd_schema_create(&schema), CASD_OK);
  assert_int_equal(casd_schema_add_modality(schema, "smell", 2), CASD_OK);
  assert_int_equal(casd_schema_add_output(schema, "good"), CASD_OK);
  assert_int_equal(casd_schema_add_output(schema, "bad"), CASD_OK);
  assert_int_equal(casd_batch_create(&other, schema), CASD_OK);
  assert_int_equal(casd_batch_add_sample(&sample, other), CASD_OK);
  assert_int_equal(casd_train_step(&stats, f.trainer, other), CASD_ERROR_INVALID_ARGUMENT);
  casd_batch_destroy(other);
  casd_schema_destroy(schema);

  assert_int_equal(casd_batch_add_sample(&sample, f.batch), CASD_OK);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(casd_last_error(), "8")); /* it is named */

  memset(frames, 0, sizeof frames);
  assert_int_equal(casd_dataset_schema(&schema, f.data), CASD_OK);
  features = casd_schema_modality_features(schema, 0);
  casd_schema_destroy(schema);
  assert_int_equal(
      casd_batch_set_frames(f.batch, sample, 0, frames, (int64_t)count / features, features, 0),
      CASD_OK);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_INVALID_ARGUMENT);

  casd_batch_clear(f.batch);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_INVALID_ARGUMENT);
  end(&f);
}

static void a_diverged_step_keeps_the_weights(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_train_stats stats = new_stats();
  const float far_away = 3e38f;
  size_t before_size = 0, after_size = 0;
  unsigned char *before, *after;
  (void)state;
  begin(&f, CASD_TASK_REGRESSION, &options);
  assert_int_equal(casd_trainer_prepare(f.trainer, f.data), CASD_OK);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_OK);
  before = snapshot_bytes(f.trainer, &before_size);
  assert_int_equal(casd_batch_set_target(f.batch, 0, &far_away, 1), CASD_OK);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_NUMERIC);
  after = snapshot_bytes(f.trainer, &after_size);
  assert_int_equal(before_size, after_size);
  assert_memory_equal(before, after, before_size);
  free(before);
  free(after);
  end(&f);
}

static void prepare_rejects_mismatched_data(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_dataset *other = new_data(CASD_TASK_REGRESSION, 1), *empty = NULL;
  casd_schema *schema = NULL;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_prepare(f.trainer, other), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_dataset_schema(&schema, f.data), CASD_OK);
  assert_int_equal(casd_dataset_create(&empty, schema), CASD_OK);
  assert_int_equal(casd_trainer_prepare(f.trainer, empty), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, empty), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_fit(f.trainer, other, NULL, NULL, NULL),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_prepare(f.trainer, f.data), CASD_OK);
  assert_int_equal(casd_train_step(NULL, f.trainer, f.batch), CASD_OK);
  assert_int_equal(casd_trainer_prepare(f.trainer, f.data), CASD_ERROR_STATE);
  casd_schema_destroy(schema);
  casd_dataset_destroy(empty);
  casd_dataset_destroy(other);
  end(&f);
}

static void phases_and_teachers_follow_the_order(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_model *untrained, *wide;
  casd_model *teacher = NULL;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  untrained = new_model_for(f.data, 8, 9);
  wide = new_model_for(f.data, 16, 9);
  assert_int_equal(casd_trainer_prepare(f.trainer, f.data), CASD_OK);
  assert_int_equal(casd_trainer_snapshot(&teacher, f.trainer), CASD_OK);
  assert_int_equal(casd_trainer_set_teacher(f.trainer, untrained), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_set_teacher(f.trainer, wide), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_set_teacher(f.trainer, teacher), CASD_OK);
  assert_int_equal(casd_trainer_set_phase(f.trainer, CASD_PHASE_DONE), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_set_phase(f.trainer, CASD_PHASE_TEACHER), CASD_OK);
  assert_int_equal(casd_trainer_set_phase(f.trainer, CASD_PHASE_STUDENT), CASD_OK);
  assert_int_equal(casd_trainer_set_phase(f.trainer, CASD_PHASE_TEACHER), CASD_ERROR_STATE);
  assert_int_equal(casd_trainer_set_teacher(f.trainer, teacher), CASD_ERROR_STATE);
  assert_int_equal(casd_train_step(NULL, f.trainer, f.batch), CASD_OK);
  casd_trainer_destroy(f.trainer);
  f.trainer = NULL;

  options.teacher = CASD_TEACHER_SHARED;
  assert_int_equal(casd_trainer_create(&f.trainer, f.model, &options), CASD_OK);
  assert_int_equal(casd_trainer_set_teacher(f.trainer, teacher), CASD_ERROR_STATE);
  casd_trainer_destroy(f.trainer);
  f.trainer = NULL;
  options.teacher = CASD_TEACHER_NONE;
  assert_int_equal(casd_trainer_create(&f.trainer, f.model, &options), CASD_OK);
  assert_int_equal(casd_trainer_phase(f.trainer), CASD_PHASE_STUDENT);

  casd_model_destroy(untrained);
  casd_model_destroy(wide);
  casd_model_destroy(teacher);
  end(&f);
}

struct progress_record {
  int calls;
  int cancel_at;
  casd_phase last_phase;
};

static int32_t CASD_CALL record_progress(const casd_train_progress *progress, void *user) {
  struct progress_record *w = user;
  w->last_phase = progress->phase;
  assert_int_equal(progress->steps, 3);
  return ++w->calls == w->cancel_at;
}

static void epochs_and_fit_give_the_same_bits(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_trainer *other = NULL;
  casd_train_stats stats = new_stats();
  casd_train_progress progress;
  casd_model *trained = NULL;
  struct progress_record w = {0, -1, -1};
  double temperature = 0;
  int epochs = 0;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, record_progress, &w), CASD_OK);
  assert_int_equal(w.calls, 4 * 3);
  assert_int_equal(w.last_phase, CASD_PHASE_STUDENT);
  assert_int_equal(casd_trainer_phase(f.trainer), CASD_PHASE_DONE);
  assert_int_equal(casd_trainer_epoch(&stats, f.trainer, f.data), CASD_ERROR_STATE);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_ERROR_STATE);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_STATE);
  memset(&progress, 0, sizeof progress);
  progress.struct_size = sizeof progress;
  assert_int_equal(casd_trainer_progress(&progress, f.trainer), CASD_OK);
  assert_int_equal(progress.steps, 3);
  assert_int_equal(progress.epochs, 2);
  assert_int_equal(casd_trainer_snapshot(&trained, f.trainer), CASD_OK);
  assert_int_equal(casd_model_temperature(&temperature, trained, CASD_ALL_MODALITIES), CASD_OK);
  assert_true(temperature != 1);

  assert_int_equal(casd_trainer_create(&other, f.model, &options), CASD_OK);
  do {
    assert_int_equal(casd_trainer_epoch(&stats, other, f.data), CASD_OK);
    assert_int_equal(stats.samples, 40);
    assert_true(isfinite(stats.loss));
    assert_true(stats.score >= 0 && stats.score <= stats.best_score && stats.best_score <= 100);
    ++epochs;
  } while (stats.go_on);
  assert_int_equal(epochs, 4);
  assert_same_model(f.trainer, other);
  casd_trainer_destroy(other);
  casd_model_destroy(trained);
  end(&f);
}

static void a_cancelled_fit_resumes_to_the_same_bits(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_trainer *resumed = NULL;
  casd_dataset *other;
  /* During the teacher phase, at its end, during the student phase, and just before the end. */
  const int moments[] = {2, 6, 7, 11};
  size_t i;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  other = new_data(CASD_TASK_CLASSES, 2);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_OK);
  for (i = 0; i < sizeof moments / sizeof *moments; ++i) {
    struct progress_record w = {0, 0, -1};
    w.cancel_at = moments[i];
    assert_int_equal(casd_trainer_create(&resumed, f.model, &options), CASD_OK);
    assert_int_equal(casd_trainer_fit(resumed, f.data, CHECKPOINT, record_progress, &w),
                     CASD_ERROR_CANCELLED);
    casd_trainer_destroy(resumed);
    resumed = NULL;
    assert_int_equal(casd_trainer_load(&resumed, CHECKPOINT), CASD_OK);
    assert_int_equal(casd_trainer_epoch(NULL, resumed, other), CASD_ERROR_INVALID_ARGUMENT);
    assert_int_equal(casd_trainer_fit(resumed, f.data, CHECKPOINT, NULL, NULL), CASD_OK);
    assert_same_model(f.trainer, resumed);
    casd_trainer_destroy(resumed);
    resumed = NULL;
  }
  casd_dataset_destroy(other);
  end(&f);
}

static casd_trainer *interrupted;

static void on_signal(int number) {
  (void)number;
  casd_trainer_cancel(interrupted);
}

static int32_t CASD_CALL raising(const casd_train_progress *progress, void *user) {
  (void)progress;
  (void)user;
  raise(SIGINT);
  return 0;
}

static void cancel_works_in_a_signal_handler(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_train_progress progress;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  interrupted = f.trainer;
  assert_true(signal(SIGINT, on_signal) != SIG_ERR);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, raising, NULL), CASD_ERROR_CANCELLED);
  signal(SIGINT, SIG_DFL);
  memset(&progress, 0, sizeof progress);
  progress.struct_size = sizeof progress;
  assert_int_equal(casd_trainer_progress(&progress, f.trainer), CASD_OK);
  assert_int_equal(progress.step, 1);
  /* The request is cleared by the call that it stops. */
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_OK);
  casd_trainer_cancel(f.trainer);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_ERROR_CANCELLED);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_OK);
  end(&f);
}

/* Replaces a byte of the file CHECKPOINT, or truncates the file there. */
static void damage(long at, int cut) {
  FILE *file = fopen(CHECKPOINT, "rb");
  unsigned char *bytes;
  long size;
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  if (at < 0) at += size;
  bytes = malloc((size_t)size);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
  fclose(file);
  bytes[at] ^= 1;
  file = fopen(CHECKPOINT, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, (size_t)(cut ? at : size), file), cut ? at : size);
  fclose(file);
  free(bytes);
}

/* Increases the format version in the file CHECKPOINT. */
static void make_newer(void) {
  static const char key[] = "\"casd.checkpoint\":\"";
  char start[4096];
  FILE *file = fopen(CHECKPOINT, "r+b");
  size_t got, i;
  assert_non_null(file);
  got = fread(start, 1, sizeof start, file);
  for (i = 0; i + sizeof key < got; ++i)
    if (memcmp(start + i, key, sizeof key - 1) == 0) break;
  assert_true(i + sizeof key < got);
  fseek(file, (long)(i + sizeof key - 1), SEEK_SET);
  fputc('9', file);
  fclose(file);
}

static void a_checkpoint_loads_on_every_engine_that_trains(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_engine_info info;
  casd_trainer *loaded = NULL;
  struct progress_record w = {0, 0, -1};
  int32_t i;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  w.cancel_at = 3;
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, CHECKPOINT, record_progress, &w),
                   CASD_ERROR_CANCELLED);
  assert_int_equal(casd_trainer_load_on(NULL, CHECKPOINT, CASD_ENGINE_AUTO),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_load_on(&loaded, NULL, CASD_ENGINE_AUTO),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_load_on(&loaded, CHECKPOINT, 99), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_engine_info_init(&info, sizeof info), CASD_OK);
  for (i = 0; casd_engine_get_info(&info, i) == CASD_OK; ++i) {
    const casd_engine_choice choice =
        strcmp(info.name, "cpu") == 0 ? CASD_ENGINE_CPU : CASD_ENGINE_TORCH;
    if (info.device != CASD_DEVICE_CPU) continue;
    if (!info.trains) {
      assert_int_equal(casd_trainer_load_on(&loaded, CHECKPOINT, choice), CASD_ERROR_UNAVAILABLE);
      continue;
    }
    assert_int_equal(casd_trainer_load_on(&loaded, CHECKPOINT, choice), CASD_OK);
    assert_int_equal(casd_trainer_get_options(&options, loaded), CASD_OK);
    assert_int_equal(options.engine, choice);
    assert_int_equal(casd_trainer_fit(loaded, f.data, NULL, NULL, NULL), CASD_OK);
    casd_trainer_destroy(loaded);
    loaded = NULL;
  }
  end(&f);
}

static void damaged_checkpoints_are_rejected(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_trainer *loaded = NULL;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_save(f.trainer, "no/such/folder/checkpoint"), CASD_ERROR_IO);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, "no/such/folder/checkpoint", NULL, NULL),
                   CASD_ERROR_IO);
  assert_int_equal(casd_trainer_load(&loaded, "no/such/checkpoint"), CASD_ERROR_IO);
  assert_int_equal(casd_trainer_save(f.trainer, CHECKPOINT), CASD_OK);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_OK);
  assert_same_model(f.trainer, loaded);
  casd_trainer_destroy(loaded);
  loaded = NULL;
  damage(-1, 0);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_FORMAT);
  assert_int_equal(casd_trainer_save(f.trainer, CHECKPOINT), CASD_OK);
  damage(-100, 1);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_FORMAT);
  assert_int_equal(casd_model_save(f.model, CHECKPOINT), CASD_OK);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_FORMAT);
  assert_int_equal(casd_trainer_save(f.trainer, CHECKPOINT), CASD_OK);
  make_newer();
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_VERSION);
  assert_null(loaded);
  end(&f);
}

static double temperature_of(casd_trainer *trainer) {
  casd_model *model = NULL;
  double temperature = 0;
  ASSERT_OK(casd_trainer_snapshot(&model, trainer));
  ASSERT_OK(casd_model_temperature(&temperature, model, CASD_ALL_MODALITIES));
  casd_model_destroy(model);
  return temperature;
}

static void own_batches_need_no_dataset(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_batch *all = NULL, *other = new_batch(CASD_TASK_CLASSES, 4), *held_out = NULL;
  casd_schema *schema = NULL;
  casd_trainer *from_dataset = NULL;
  double temperature;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  ASSERT_OK(casd_dataset_schema(&schema, f.data));
  ASSERT_OK(casd_batch_create(&all, schema));
  ASSERT_OK(casd_batch_create(&held_out, schema));
  ASSERT_FAILS(casd_trainer_calibrate(f.trainer, f.batch), CASD_ERROR_STATE, "calibrate");
  ASSERT_INVALID(casd_trainer_prepare_batch(NULL, f.batch), "NULL");
  ASSERT_INVALID(casd_trainer_prepare_batch(f.trainer, NULL), "NULL");
  ASSERT_INVALID(casd_trainer_prepare_batch(f.trainer, all), "empty");
  ASSERT_INVALID(casd_trainer_prepare_batch(f.trainer, other), "the batch");
  ASSERT_OK(casd_batch_add_sample(NULL, all));
  ASSERT_INVALID(casd_trainer_prepare_batch(f.trainer, all), "modality");
  casd_batch_clear(all);

  /* The same samples give the same statistics. */
  ASSERT_OK(casd_dataset_read(all, f.data, "train", NULL, 40));
  ASSERT_OK(casd_trainer_create(&from_dataset, f.model, &options));
  ASSERT_OK(casd_trainer_prepare(from_dataset, f.data));
  ASSERT_OK(casd_trainer_prepare_batch(f.trainer, all));
  assert_same_model(f.trainer, from_dataset);
  ASSERT_OK(casd_train_step(NULL, from_dataset, f.batch));
  ASSERT_OK(casd_train_step(NULL, f.trainer, f.batch));
  assert_same_model(f.trainer, from_dataset);
  ASSERT_FAILS(casd_trainer_prepare_batch(f.trainer, all), CASD_ERROR_STATE, "steps");

  ASSERT_INVALID(casd_trainer_calibrate(NULL, f.batch), "NULL");
  ASSERT_INVALID(casd_trainer_calibrate(f.trainer, NULL), "NULL");
  ASSERT_INVALID(casd_trainer_calibrate(f.trainer, held_out), "empty");
  ASSERT_INVALID(casd_trainer_calibrate(f.trainer, other), "the batch");
  ASSERT_OK(casd_dataset_read(held_out, f.data, "valid", NULL, 30));
  ASSERT_OK(casd_trainer_calibrate(f.trainer, held_out));
  temperature = temperature_of(f.trainer);
  assert_true(temperature != 1);
  ASSERT_OK(casd_train_step(NULL, f.trainer, f.batch)); /* other weights: not calibrated */
  assert_true(temperature_of(f.trainer) == 1);

  /* After all epochs the calibration of the trained model is replaced. */
  ASSERT_OK(casd_trainer_fit(from_dataset, f.data, NULL, NULL, NULL));
  temperature = temperature_of(from_dataset);
  ASSERT_OK(casd_trainer_calibrate(from_dataset, f.batch));
  assert_true(temperature_of(from_dataset) != temperature);
  ASSERT_OK(casd_trainer_calibrate(from_dataset, held_out));
  assert_true(temperature_of(from_dataset) == temperature);
  ASSERT_FAILS(casd_trainer_prepare_batch(from_dataset, all), CASD_ERROR_STATE, "over");

  casd_trainer_destroy(from_dataset);
  casd_batch_destroy(all);
  casd_batch_destroy(other);
  casd_batch_destroy(held_out);
  casd_schema_destroy(schema);
  end(&f);
}

static void a_trained_model_needs_no_preparation(void **state) {
  struct fixture f;
  casd_trainer_options options = small_options();
  casd_model *trained = NULL;
  casd_trainer *again = NULL;
  (void)state;
  begin(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_OK);
  assert_int_equal(casd_trainer_snapshot(&trained, f.trainer), CASD_OK);
  assert_int_equal(casd_trainer_create(&again, trained, &options), CASD_OK);
  assert_int_equal(casd_train_step(NULL, again, f.batch), CASD_OK);
  casd_trainer_destroy(again);
  casd_model_destroy(trained);
  end(&f);
}

static void structs_are_initialised(void **state) {
  struct {
    casd_train_stats known;
    double later; /* a field of a newer caller */
  } stats;
  casd_train_progress progress;
  casd_trainer_options o;
  char buffer[32];
  (void)state;
  memset(&stats, 0xff, sizeof stats);
  ASSERT_OK(casd_train_stats_init(&stats.known, sizeof stats));
  assert_int_equal(stats.known.struct_size, sizeof stats);
  assert_true(stats.known.loss == 0 && stats.later == 0);
  ASSERT_INVALID(casd_train_stats_init(NULL, sizeof stats), "NULL");
  ASSERT_INVALID(casd_train_stats_init(&stats.known, 8), "8");
  memset(&progress, 0xff, sizeof progress);
  ASSERT_OK(casd_train_progress_init(&progress, sizeof progress));
  assert_int_equal(progress.struct_size, sizeof progress);
  assert_int_equal(progress.steps, 0);
  ASSERT_INVALID(casd_train_progress_init(NULL, sizeof progress), "NULL");
  ASSERT_INVALID(casd_train_progress_init(&progress, 8), "8");

  ASSERT_OK(casd_trainer_options_init(&o, sizeof o));
  assert_true(casd_trainer_options_count() > 20);
  assert_null(casd_trainer_options_name(-1));
  assert_null(casd_trainer_options_name(casd_trainer_options_count()));
  assert_string_equal(casd_trainer_options_name(0), "teacher");
  ASSERT_OK(casd_trainer_options_text(buffer, sizeof buffer, NULL, &o, "teacher"));
  assert_string_equal(buffer, "frozen");
  ASSERT_FAILS(casd_trainer_options_text(buffer, 3, NULL, &o, "teacher"),
               CASD_ERROR_BUFFER_TOO_SMALL, "7");
  ASSERT_FAILS(casd_trainer_options_text(buffer, 3, NULL, &o, "tutor"), CASD_ERROR_NOT_FOUND,
               "tutor");
  ASSERT_INVALID(casd_trainer_options_text(buffer, 3, NULL, NULL, "teacher"), "NULL");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_have_defaults_recipes_and_names),
      cmocka_unit_test(structs_are_initialised),
      cmocka_unit_test(invalid_options_are_rejected),
      cmocka_unit_test(create_rejects_invalid_arguments),
      cmocka_unit_test(functions_reject_null),
      cmocka_unit_test(options_are_returned),
      cmocka_unit_test(auto_adapts_to_the_data),
      cmocka_unit_test(auto_counts_the_samples_with_a_modality),
      cmocka_unit_test(steps_lower_the_loss),
      cmocka_unit_test(step_rejects_invalid_batches),
      cmocka_unit_test(a_diverged_step_keeps_the_weights),
      cmocka_unit_test(prepare_rejects_mismatched_data),
      cmocka_unit_test(phases_and_teachers_follow_the_order),
      cmocka_unit_test(epochs_and_fit_give_the_same_bits),
      cmocka_unit_test(a_cancelled_fit_resumes_to_the_same_bits),
      cmocka_unit_test(cancel_works_in_a_signal_handler),
      cmocka_unit_test(a_checkpoint_loads_on_every_engine_that_trains),
      cmocka_unit_test(damaged_checkpoints_are_rejected),
      cmocka_unit_test(own_batches_need_no_dataset),
      cmocka_unit_test(a_trained_model_needs_no_preparation),
  };
  return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
