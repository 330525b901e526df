/* Options, structs and arguments of casd/train.h. */
#include "train_support.h"

#include <string.h>

static void options_have_defaults_recipes_and_names(void **state) {
  casd_trainer_options o;
  (void)state;
  assert_int_equal(casd_trainer_options_init(&o, sizeof o), CASD_OK);
  assert_int_equal(o.struct_size, sizeof o);
  assert_int_equal(o.epochs, 0); /* auto */
  assert_int_equal(o.select_from, -1);
  assert_int_equal(o.schedule, CASD_RECIPE_GROUNDED);
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
  options.schedule = 3;
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
  struct training f;
  casd_trainer_options options = small_options();
  casd_train_progress progress;
  casd_model *model = NULL;
  casd_trainer *trainer = NULL;
  (void)state;
  assert_int_equal(casd_trainer_phase(NULL), -1);
  assert_int_equal(casd_trainer_pooling(NULL), -1);
  casd_trainer_cancel(NULL);
  assert_int_equal(casd_trainer_load(NULL, "x"), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_load(&trainer, NULL), CASD_ERROR_INVALID_ARGUMENT);
  begin_training(&f, CASD_TASK_CLASSES, &options);
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
  end_training(&f);
}

static void options_are_returned(void **state) {
  struct training f;
  casd_trainer_options options = small_options(), returned;
  (void)state;
  options.evidence_rate = 7;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  ASSERT_OK(casd_trainer_options_init(&returned, sizeof returned));
  assert_int_equal(casd_trainer_get_options(&returned, f.trainer), CASD_OK);
  assert_memory_equal(&returned, &options, sizeof returned);
  end_training(&f);
}

static void auto_adapts_to_the_data(void **state) {
  struct training f;
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
  begin_training(&f, CASD_TASK_CLASSES, &options);
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
  end_training(&f);
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
  };
  return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
