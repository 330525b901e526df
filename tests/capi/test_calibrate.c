/* casd/calibrate.h: the same results as a trainer's, and each documented error. */
#include "train_support.h"

#include <stdlib.h>
#include <string.h>

static casd_calibrate_options new_options(void) {
  casd_calibrate_options options;
  ASSERT_OK(casd_calibrate_options_init(&options, sizeof options));
  return options;
}

/* All samples of a split. */
static casd_batch *split_batch(const casd_dataset *data, const char *split) {
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, split, NULL, (size_t)casd_dataset_size(data, split)));
  casd_schema_destroy(schema);
  return batch;
}

/* A model that was trained by one step and never calibrated. */
static casd_model *stepped_model(const casd_dataset *data, const casd_model *fresh) {
  casd_trainer_options options = small_options();
  casd_trainer *trainer = NULL;
  casd_batch *train = split_batch(data, "train");
  casd_model *model = NULL;
  ASSERT_OK(casd_trainer_create(&trainer, fresh, &options));
  ASSERT_OK(casd_trainer_prepare_batch(trainer, train));
  ASSERT_OK(casd_train_step(NULL, trainer, train));
  ASSERT_OK(casd_trainer_snapshot(&model, trainer));
  casd_trainer_destroy(trainer);
  casd_batch_destroy(train);
  return model;
}

static int same_bytes(const casd_model *a, const casd_model *b) {
  size_t size_a = 0, size_b = 0;
  unsigned char *bytes_a = model_bytes(a, &size_a), *bytes_b = model_bytes(b, &size_b);
  const int same = size_a == size_b && memcmp(bytes_a, bytes_b, size_a) == 0;
  free(bytes_a);
  free(bytes_b);
  return same;
}

/* Fails unless a trainer that starts from `model` gives the same calibration; `train` may be NULL. */
static void assert_as_a_trainer(const casd_model *calibrated, const casd_model *model,
                                const casd_batch *train, const casd_batch *held_out) {
  casd_trainer_options options = small_options();
  casd_trainer *trainer = NULL;
  casd_model *expected = NULL;
  ASSERT_OK(casd_trainer_create(&trainer, model, &options));
  ASSERT_OK(casd_trainer_calibrate(trainer, train, held_out));
  ASSERT_OK(casd_trainer_snapshot(&expected, trainer));
  assert_true(same_bytes(calibrated, expected));
  casd_model_destroy(expected);
  casd_trainer_destroy(trainer);
}

static void results_are_those_of_a_trainer(void **state) {
  const casd_task tasks[] = {CASD_TASK_REGRESSION, CASD_TASK_CLASSES, CASD_TASK_MULTILABEL};
  int i;
  (void)state;
  for (i = 0; i < 3; ++i) {
    struct training f;
    casd_trainer_options training = small_options();
    casd_calibrate_options options = new_options();
    casd_batch *train, *valid;
    casd_model *trained = NULL, *on_train = NULL, *again = NULL, *maps = NULL;
    begin_training(&f, tasks[i], &training);
    train = split_batch(f.data, "train");
    valid = split_batch(f.data, "valid");
    ASSERT_OK(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL));
    ASSERT_OK(casd_trainer_snapshot(&trained, f.trainer));

    ASSERT_OK(casd_model_calibrate(&on_train, trained, f.data, "train", NULL, NULL, NULL));
    assert_as_a_trainer(on_train, trained, NULL, train);
    assert_false(same_bytes(on_train, trained));
    options.threads = 2;
    ASSERT_OK(casd_model_calibrate(&again, on_train, f.data, NULL, &options, NULL,
                                   NULL)); /* split valid */
    assert_as_a_trainer(again, trained, NULL, valid);
    /* Training ended with the same maps and the same calibration. */
    assert_true(same_bytes(again, trained));
    options.fit_maps = 1;
    ASSERT_OK(casd_model_calibrate(&maps, on_train, f.data, "valid", &options, NULL, NULL));
    assert_true(same_bytes(maps, trained));

    casd_model_destroy(trained);
    casd_model_destroy(on_train);
    casd_model_destroy(again);
    casd_model_destroy(maps);
    casd_batch_destroy(train);
    casd_batch_destroy(valid);
    end_training(&f);
  }
}

static void maps_that_were_never_fitted_are_fitted(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  casd_model *fresh = new_model_for(data, 8, 0), *model = stepped_model(data, fresh);
  casd_model *calibrated = NULL, *unbalanced = NULL, *balanced = NULL;
  casd_batch *train = split_batch(data, "train"), *valid = split_batch(data, "valid");
  casd_calibrate_options options = new_options();
  (void)state;
  ASSERT_OK(casd_model_calibrate(&calibrated, model, data, NULL, NULL, NULL, NULL));
  assert_as_a_trainer(calibrated, model, train, valid);
  /* Then they are kept, unless they are asked for. */
  options.balance_classes = 0;
  ASSERT_OK(casd_model_calibrate(&balanced, calibrated, data, NULL, &options, NULL, NULL));
  assert_true(same_bytes(balanced, calibrated));
  options.fit_maps = 1;
  ASSERT_OK(casd_model_calibrate(&unbalanced, calibrated, data, NULL, &options, NULL, NULL));
  assert_false(same_bytes(unbalanced, calibrated));
  casd_model_destroy(calibrated);
  calibrated = NULL;
  /* Split train cannot be both. */
  ASSERT_OK(casd_model_calibrate(&calibrated, model, data, "train", NULL, NULL, NULL));
  assert_as_a_trainer(calibrated, model, NULL, train);
  casd_model_destroy(calibrated);
  casd_model_destroy(balanced);
  casd_model_destroy(unbalanced);
  casd_model_destroy(model);
  casd_model_destroy(fresh);
  casd_batch_destroy(train);
  casd_batch_destroy(valid);
  casd_dataset_destroy(data);
}

static void the_default_is_valid_or_the_only_split(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1), *other = NULL;
  casd_model *fresh = new_model_for(data, 8, 0), *model = stepped_model(data, fresh);
  casd_model *noted = NULL, *calibrated = NULL;
  casd_batch *valid = split_batch(data, "valid");
  casd_schema *schema = NULL;
  (void)state;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_dataset_create(&other, schema));
  ASSERT_FAILS(casd_model_calibrate(&calibrated, model, other, NULL, NULL, NULL, NULL),
               CASD_ERROR_NOT_FOUND, "it has none");
  ASSERT_OK(casd_dataset_add(other, "new", valid));
  ASSERT_OK(casd_model_with_user_value(&noted, model, "user.extractor", "3"));
  ASSERT_OK(casd_model_calibrate(&calibrated, noted, other, NULL, NULL, NULL, NULL));
  assert_as_a_trainer(calibrated, noted, NULL, valid);
  assert_string_equal(casd_model_user_value(calibrated, "user.extractor"), "3");
  casd_model_destroy(calibrated);
  calibrated = NULL;
  ASSERT_OK(casd_dataset_add(other, "newer", valid));
  ASSERT_FAILS(casd_model_calibrate(&calibrated, model, other, NULL, NULL, NULL, NULL),
               CASD_ERROR_NOT_FOUND, "it has 'new', 'newer'");
  ASSERT_FAILS(casd_model_calibrate(&calibrated, model, other, "newest", NULL, NULL, NULL),
               CASD_ERROR_NOT_FOUND, "no split 'newest'; it has 'new', 'newer'");
  assert_null(calibrated);
  casd_model_destroy(noted);
  casd_model_destroy(model);
  casd_model_destroy(fresh);
  casd_batch_destroy(valid);
  casd_schema_destroy(schema);
  casd_dataset_destroy(other);
  casd_dataset_destroy(data);
}

static void modalities_are_matched_by_name(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1), *other = NULL;
  casd_model *fresh = new_model_for(data, 8, 0), *model = stepped_model(data, fresh);
  casd_model *calibrated = NULL;
  casd_batch *valid = split_batch(data, "valid"), *first = NULL;
  casd_schema *schema = NULL, *reversed = NULL;
  int32_t m;
  (void)state;
  /* The same samples with the modalities in another order. */
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_schema_create(&reversed));
  for (m = casd_schema_modality_count(schema); m-- > 0;)
    ASSERT_OK(casd_schema_add_modality(reversed, casd_schema_modality_name(schema, m),
                                       casd_schema_modality_features(schema, m)));
  for (m = 0; m < casd_schema_output_count(schema); ++m)
    ASSERT_OK(casd_schema_add_output(reversed, casd_schema_output_name(schema, m)));
  ASSERT_OK(casd_schema_set_task(reversed, CASD_TASK_CLASSES));
  ASSERT_OK(casd_batch_create(&first, reversed));
  ASSERT_OK(casd_dataset_read(first, data, "valid", NULL, 30));
  ASSERT_OK(casd_dataset_create(&other, reversed));
  ASSERT_OK(casd_dataset_add(other, "valid", first));
  ASSERT_OK(casd_model_calibrate(&calibrated, model, other, NULL, NULL, NULL, NULL));
  assert_as_a_trainer(calibrated, model, NULL, valid);
  casd_model_destroy(calibrated);
  casd_model_destroy(model);
  casd_model_destroy(fresh);
  casd_batch_destroy(first);
  casd_batch_destroy(valid);
  casd_schema_destroy(reversed);
  casd_schema_destroy(schema);
  casd_dataset_destroy(other);
  casd_dataset_destroy(data);
}

struct progress_record {
  int calls, cancel_at; /* the call that cancels; 0: none */
  int64_t done, total, largest_step;
};

static int32_t CASD_CALL record_progress(int64_t done, int64_t total, void *user) {
  struct progress_record *record = user;
  assert_true(done >= record->done && done <= total);
  if (record->calls > 0) assert_true(total == record->total);
  if (done - record->done > record->largest_step) record->largest_step = done - record->done;
  record->done = done;
  record->total = total;
  return ++record->calls == record->cancel_at ? 1 : 0;
}

/* Cancels at the first call, in the middle, and at the last of `calls`. The model remains as it was. */
static void assert_can_be_cancelled(const casd_model *model, const casd_dataset *data,
                                    const casd_calibrate_options *options,
                                    const casd_model *expected, int calls) {
  const int cancel_at[] = {1, (calls + 1) / 2, calls};
  casd_model *out = NULL;
  int i;
  for (i = 0; i < 3; ++i) {
    struct progress_record record = {0, 0, 0, 0, 0};
    record.cancel_at = cancel_at[i];
    ASSERT_FAILS(
        casd_model_calibrate(&out, model, data, "valid", options, record_progress, &record),
        CASD_ERROR_CANCELLED, "cancelled the calibration");
    assert_null(out);
    assert_int_equal(record.calls, cancel_at[i]);
    ASSERT_OK(casd_model_calibrate(&out, model, data, "valid", options, NULL, NULL));
    assert_true(same_bytes(out, expected));
    casd_model_destroy(out);
    out = NULL;
  }
}

static void progress_covers_all_work_and_can_cancel(void **state) {
  const casd_task tasks[] = {CASD_TASK_REGRESSION, CASD_TASK_CLASSES, CASD_TASK_MULTILABEL};
  int i, linear;
  (void)state;
  for (i = 0; i < 6; ++i) {
    casd_dataset *data = new_data(tasks[i % 3], 1);
    casd_model_options sizes = small_model_options();
    casd_calibrate_options options = new_options();
    struct progress_record record = {0, 0, 0, 0, 0};
    casd_model *fresh = NULL, *model, *silent = NULL, *reported = NULL;
    casd_schema *schema = NULL;
    linear = i < 3;
    sizes.linear = sizes.input_guard = options.fit_maps = linear;
    ASSERT_OK(casd_dataset_schema(&schema, data));
    ASSERT_OK(casd_model_create(&fresh, schema, &sizes));
    model = stepped_model(data, fresh);
    ASSERT_OK(casd_model_calibrate(&silent, model, data, "valid", &options, NULL, NULL));
    ASSERT_OK(
        casd_model_calibrate(&reported, model, data, "valid", &options, record_progress, &record));
    assert_true(same_bytes(reported, silent));
    if (!linear && tasks[i % 3] == CASD_TASK_REGRESSION) {
      assert_int_equal(record.calls, 0); /* nothing to calibrate */
    } else {
      assert_true(record.total > 0 && record.done == record.total);
      assert_true(record.calls > 20 && record.largest_step < record.total / 2);
      assert_can_be_cancelled(model, data, &options, silent, record.calls);
    }
    casd_model_destroy(silent);
    casd_model_destroy(reported);
    casd_model_destroy(model);
    casd_model_destroy(fresh);
    casd_schema_destroy(schema);
    casd_dataset_destroy(data);
  }
}

static void bad_input_is_rejected(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1), *other = NULL, *empty = NULL;
  casd_model *fresh = new_model_for(data, 8, 0), *model = stepped_model(data, fresh), *out = NULL;
  casd_batch *valid = split_batch(data, "valid");
  casd_schema *schema = NULL;
  casd_calibrate_options options = new_options(), wrong;
  float frames[17 * 64];
  int64_t sample = 0;
  (void)state;
  ASSERT_INVALID(casd_calibrate_options_init(NULL, sizeof options), "NULL");
  ASSERT_INVALID(casd_calibrate_options_init(&options, 8), "8");
  assert_true(options.fit_maps == 0 && options.balance_classes == 1 && options.threads == 1);
  ASSERT_INVALID(casd_model_calibrate(NULL, model, data, NULL, NULL, NULL, NULL), "result is NULL");
  ASSERT_INVALID(casd_model_calibrate(&out, NULL, data, NULL, NULL, NULL, NULL), "model is NULL");
  ASSERT_INVALID(casd_model_calibrate(&out, model, NULL, NULL, NULL, NULL, NULL),
                 "dataset is NULL");
  wrong = options;
  wrong.struct_size = 3;
  ASSERT_INVALID(casd_model_calibrate(&out, model, data, NULL, &wrong, NULL, NULL), "struct_size");
  wrong = options;
  wrong.fit_maps = 2;
  ASSERT_INVALID(casd_model_calibrate(&out, model, data, NULL, &wrong, NULL, NULL),
                 "fit_maps is 2");
  wrong = options;
  wrong.balance_classes = -1;
  ASSERT_INVALID(casd_model_calibrate(&out, model, data, NULL, &wrong, NULL, NULL),
                 "balance_classes is -1");
  wrong = options;
  wrong.threads = 257;
  ASSERT_INVALID(casd_model_calibrate(&out, model, data, NULL, &wrong, NULL, NULL),
                 "threads is 257");
  ASSERT_FAILS(casd_model_calibrate(&out, fresh, data, NULL, NULL, NULL, NULL), CASD_ERROR_STATE,
               "not trained");

  other = new_data(CASD_TASK_REGRESSION, 1);
  ASSERT_INVALID(casd_model_calibrate(&out, model, other, NULL, NULL, NULL, NULL), "task");
  casd_dataset_destroy(other);
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_dataset_create(&other, schema));
  ASSERT_OK(casd_dataset_add(other, "valid", valid));
  wrong = options;
  wrong.fit_maps = 1;
  ASSERT_INVALID(casd_model_calibrate(&out, model, other, NULL, &wrong, NULL, NULL),
                 "no split 'train'");
  ASSERT_INVALID(casd_model_calibrate(&out, model, data, "train", &wrong, NULL, NULL),
                 "no split 'train'");

  ASSERT_OK(casd_dataset_create(&empty, schema));
  for (sample = 0; sample < casd_batch_size(valid); ++sample)
    ASSERT_OK(casd_batch_set_target(valid, sample, NULL, 0));
  ASSERT_OK(casd_dataset_add(empty, "train", valid)); /* no labels */
  ASSERT_INVALID(casd_model_calibrate(&out, model, empty, NULL, NULL, NULL, NULL),
                 "split 'train' has no labelled sample");
  ASSERT_OK(casd_dataset_add(other, "train", valid));
  ASSERT_INVALID(casd_model_calibrate(&out, model, other, NULL, &wrong, NULL, NULL),
                 "split 'train' has no labelled sample");

  memset(frames, 0, sizeof frames);
  ASSERT_OK(
      casd_batch_set_frames(valid, 4, 0, frames, 17, casd_schema_modality_features(schema, 0), 0));
  ASSERT_OK(casd_dataset_add(empty, "long", valid));
  ASSERT_INVALID(casd_model_calibrate(&out, model, empty, "long", NULL, NULL, NULL), "17 frames");
  assert_null(out);
  casd_batch_destroy(valid);
  casd_dataset_destroy(other);
  casd_dataset_destroy(empty);
  casd_dataset_destroy(data);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  casd_model_destroy(fresh);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_are_those_of_a_trainer),
      cmocka_unit_test(maps_that_were_never_fitted_are_fitted),
      cmocka_unit_test(the_default_is_valid_or_the_only_split),
      cmocka_unit_test(modalities_are_matched_by_name),
      cmocka_unit_test(progress_covers_all_work_and_can_cancel),
      cmocka_unit_test(bad_input_is_rejected),
  };
  return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
