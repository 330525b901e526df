/* Training by steps and phases on the caller's batches. */
#include "train_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void steps_lower_the_loss(void **state) {
  struct training f;
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
  begin_training(&f, CASD_TASK_CLASSES, &options);
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
  end_training(&f);
}

static void step_rejects_invalid_batches(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_train_stats stats = new_stats();
  casd_schema *schema = NULL;
  casd_batch *other = NULL;
  int64_t sample = 0;
  float frames[6 * 64];
  int32_t features;
  size_t count = sizeof frames / sizeof *frames;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
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
  end_training(&f);
}

static void a_diverged_step_keeps_the_weights(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_train_stats stats = new_stats();
  const float far_away = 3e38f;
  size_t before_size = 0, after_size = 0;
  unsigned char *before, *after;
  (void)state;
  begin_training(&f, CASD_TASK_REGRESSION, &options);
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
  end_training(&f);
}

static void prepare_rejects_mismatched_data(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_dataset *other = new_data(CASD_TASK_REGRESSION, 1), *empty = NULL;
  casd_schema *schema = NULL;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
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
  end_training(&f);
}

static void phases_and_teachers_follow_the_order(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_model *untrained, *wide;
  casd_model *teacher = NULL;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
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
  end_training(&f);
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
  struct training f;
  casd_trainer_options options = small_options();
  casd_batch *all = NULL, *other = new_batch(CASD_TASK_CLASSES, 4), *held_out = NULL;
  casd_schema *schema = NULL;
  casd_trainer *from_dataset = NULL;
  double temperature;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  ASSERT_OK(casd_dataset_schema(&schema, f.data));
  ASSERT_OK(casd_batch_create(&all, schema));
  ASSERT_OK(casd_batch_create(&held_out, schema));
  ASSERT_FAILS(casd_trainer_calibrate(f.trainer, NULL, f.batch), CASD_ERROR_STATE, "calibrate");
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

  ASSERT_INVALID(casd_trainer_calibrate(NULL, NULL, f.batch), "NULL");
  ASSERT_INVALID(casd_trainer_calibrate(f.trainer, NULL, NULL), "NULL");
  ASSERT_INVALID(casd_trainer_calibrate(f.trainer, NULL, held_out), "empty");
  ASSERT_INVALID(casd_trainer_calibrate(f.trainer, NULL, other), "the batch");
  ASSERT_OK(casd_dataset_read(held_out, f.data, "valid", NULL, 30));
  ASSERT_OK(casd_trainer_calibrate(f.trainer, NULL, held_out));
  temperature = temperature_of(f.trainer);
  assert_true(temperature != 1);
  ASSERT_OK(casd_train_step(NULL, f.trainer, f.batch)); /* other weights: not calibrated */
  assert_true(temperature_of(f.trainer) == 1);

  /* After all epochs the calibration of the trained model is replaced. */
  ASSERT_OK(casd_trainer_fit(from_dataset, f.data, NULL, NULL, NULL));
  temperature = temperature_of(from_dataset);
  ASSERT_OK(casd_trainer_calibrate(from_dataset, NULL, f.batch));
  assert_true(temperature_of(from_dataset) != temperature);
  ASSERT_OK(casd_trainer_calibrate(from_dataset, NULL, held_out));
  assert_true(temperature_of(from_dataset) == temperature);
  ASSERT_FAILS(casd_trainer_prepare_batch(from_dataset, all), CASD_ERROR_STATE, "over");

  casd_trainer_destroy(from_dataset);
  casd_batch_destroy(all);
  casd_batch_destroy(other);
  casd_batch_destroy(held_out);
  casd_schema_destroy(schema);
  end_training(&f);
}

static void a_trained_model_needs_no_preparation(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_model *trained = NULL;
  casd_trainer *again = NULL;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_OK);
  assert_int_equal(casd_trainer_snapshot(&trained, f.trainer), CASD_OK);
  assert_int_equal(casd_trainer_create(&again, trained, &options), CASD_OK);
  assert_int_equal(casd_train_step(NULL, again, f.batch), CASD_OK);
  casd_trainer_destroy(again);
  casd_model_destroy(trained);
  end_training(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_lower_the_loss),
      cmocka_unit_test(step_rejects_invalid_batches),
      cmocka_unit_test(a_diverged_step_keeps_the_weights),
      cmocka_unit_test(prepare_rejects_mismatched_data),
      cmocka_unit_test(phases_and_teachers_follow_the_order),
      cmocka_unit_test(own_batches_need_no_dataset),
      cmocka_unit_test(a_trained_model_needs_no_preparation),
  };
  return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
