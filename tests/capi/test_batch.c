/* Everything that casd/batch.h documents. */
#include "support.h"

#include <math.h>
#include <string.h>

static casd_batch *empty_batch(casd_task task) {
  casd_schema *schema = new_schema(task);
  casd_batch *batch = NULL;
  ASSERT_OK(casd_batch_create(&batch, schema));
  casd_schema_destroy(schema); /* the batch has its own */
  return batch;
}

static void a_batch_returns_its_values(void **state) {
  casd_batch *batch = empty_batch(CASD_TASK_REGRESSION);
  const float voice[2 * 3] = {1, 2, 3, 4, 5, 6}, other[3] = {7, 8, 9};
  const float target[3] = {0.5f, -1, 2};
  int64_t sample = -1;
  (void)state;
  ASSERT_OK(casd_batch_add_sample(&sample, batch));
  assert_int_equal(sample, 0);
  ASSERT_OK(casd_batch_add_sample(&sample, batch));
  assert_int_equal(sample, 1);
  ASSERT_OK(casd_batch_add_sample(NULL, batch));
  assert_int_equal(casd_batch_size(batch), 3);
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, voice, 2, 3, 0));
  assert_int_equal(casd_batch_steps(batch, 1, 1), 2);
  assert_memory_equal(casd_batch_frames(batch, 1, 1), voice, sizeof voice);
  assert_int_equal(casd_batch_steps(batch, 1, 0), 0);
  assert_null(casd_batch_frames(batch, 1, 0));
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, other, 1, 3, 0)); /* replaces */
  assert_int_equal(casd_batch_steps(batch, 1, 1), 1);
  assert_memory_equal(casd_batch_frames(batch, 1, 1), other, sizeof other);
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, NULL, 0, 3, 0)); /* takes away */
  assert_int_equal(casd_batch_steps(batch, 1, 1), 0);
  assert_null(casd_batch_target(batch, 1));
  ASSERT_OK(casd_batch_set_target(batch, 1, target, 3));
  assert_memory_equal(casd_batch_target(batch, 1), target, sizeof target);
  ASSERT_OK(casd_batch_set_target(batch, 1, NULL, 0));
  assert_null(casd_batch_target(batch, 1));
  casd_batch_clear(batch);
  assert_int_equal(casd_batch_size(batch), 0);
  casd_batch_clear(NULL);
  casd_batch_destroy(batch);
  casd_batch_destroy(NULL);
}

/* The memory of the samples is used again. */
static void a_cleared_batch_keeps_nothing(void **state) {
  casd_batch *batch = empty_batch(CASD_TASK_REGRESSION);
  const float voice[2 * 3] = {1, 2, 3, 4, 5, 6}, target[3] = {0.5f, -1, 2};
  int64_t sample;
  (void)state;
  for (sample = 0; sample < 2; ++sample) {
    ASSERT_OK(casd_batch_add_sample(NULL, batch));
    ASSERT_OK(casd_batch_set_frames(batch, sample, 1, voice, 2, 3, 0));
    ASSERT_OK(casd_batch_set_target(batch, sample, target, 3));
  }
  casd_batch_clear(batch);
  assert_int_equal(casd_batch_steps(batch, 0, 1), -1);
  ASSERT_OK(casd_batch_add_sample(&sample, batch));
  assert_int_equal(sample, 0);
  assert_int_equal(casd_batch_size(batch), 1);
  assert_int_equal(casd_batch_steps(batch, 0, 1), 0);
  assert_null(casd_batch_frames(batch, 0, 1));
  assert_null(casd_batch_target(batch, 0));
  ASSERT_OK(casd_batch_set_frames(batch, 0, 1, voice, 1, 3, 0));
  assert_int_equal(casd_batch_steps(batch, 0, 1), 1);
  casd_batch_destroy(batch);
}

static void frames_that_are_wholly_nan_are_missing(void **state) {
  casd_batch *batch = empty_batch(CASD_TASK_CLASSES);
  const float voice[4 * 3] = {NAN, NAN, NAN, 1, NAN, 3, NAN, NAN, NAN, 4, 5, 6};
  const float nothing[3] = {NAN, NAN, NAN};
  const float *kept;
  (void)state;
  ASSERT_OK(casd_batch_add_sample(NULL, batch));
  ASSERT_OK(casd_batch_set_frames(batch, 0, 1, voice, 4, 3, 0));
  assert_int_equal(casd_batch_steps(batch, 0, 1), 4); /* they keep their place in time */
  kept = casd_batch_frames(batch, 0, 1);
  assert_true(isnan(kept[0]) && kept[3] == 1 && isnan(kept[4]) && kept[11] == 6);
  ASSERT_OK(casd_batch_set_frames(batch, 0, 1, nothing, 1, 3, 0));
  assert_int_equal(casd_batch_steps(batch, 0, 1), 0);
  casd_batch_destroy(batch);
}

static void invalid_frames_are_rejected(void **state) {
  casd_batch *batch = empty_batch(CASD_TASK_CLASSES);
  const float values[8] = {0};
  (void)state;
  ASSERT_OK(casd_batch_add_sample(NULL, batch));
  ASSERT_OK(casd_batch_set_frames(batch, 0, 1, values, 2, 3, 0));
  ASSERT_INVALID(casd_batch_set_frames(NULL, 0, 1, values, 1, 3, 0), "NULL");
  ASSERT_INVALID(casd_batch_set_frames(batch, 1, 1, values, 1, 3, 0), "sample 1");
  ASSERT_INVALID(casd_batch_set_frames(batch, -1, 1, values, 1, 3, 0), "sample -1");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 3, values, 1, 3, 0), "modality 3");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, -1, values, 1, 3, 0), "modality -1");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, NULL, 1, 3, 0), "NULL");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, values, 1, 4, 0), "audio");
  assert_int_equal(casd_batch_steps(batch, 0, 1), 2);
  casd_batch_destroy(batch);
}

static void invalid_targets_are_rejected(void **state) {
  casd_batch *classes = empty_batch(CASD_TASK_CLASSES), *labels = empty_batch(CASD_TASK_MULTILABEL),
             *numbers = empty_batch(CASD_TASK_REGRESSION);
  const float target[3] = {0, 1, 1};
  float bad[3] = {0, 1, 0};
  (void)state;
  ASSERT_OK(casd_batch_add_sample(NULL, classes));
  ASSERT_OK(casd_batch_add_sample(NULL, labels));
  ASSERT_OK(casd_batch_add_sample(NULL, numbers));
  ASSERT_OK(casd_batch_set_target(classes, 0, target, 1));
  ASSERT_INVALID(casd_batch_set_target(NULL, 0, target, 1), "NULL");
  ASSERT_INVALID(casd_batch_set_target(classes, 1, target, 1), "sample 1");
  ASSERT_INVALID(casd_batch_set_target(classes, 0, target, 3), "3");
  ASSERT_INVALID(casd_batch_set_target(classes, 0, NULL, 1), "NULL");
  bad[0] = 3;
  ASSERT_INVALID(casd_batch_set_target(classes, 0, bad, 1), "3");
  bad[0] = 0.5f;
  ASSERT_INVALID(casd_batch_set_target(classes, 0, bad, 1), "0.5");
  bad[0] = -1;
  ASSERT_INVALID(casd_batch_set_target(classes, 0, bad, 1), "-1");
  bad[0] = NAN;
  ASSERT_INVALID(casd_batch_set_target(classes, 0, bad, 1), "nan");
  assert_true(casd_batch_target(classes, 0)[0] == 0);
  ASSERT_OK(casd_batch_set_target(labels, 0, target, 3));
  ASSERT_INVALID(casd_batch_set_target(labels, 0, target, 2), "2");
  bad[0] = 0.5f;
  ASSERT_INVALID(casd_batch_set_target(labels, 0, bad, 3), "0.5");
  ASSERT_OK(casd_batch_set_target(numbers, 0, bad, 3));
  bad[2] = INFINITY;
  ASSERT_INVALID(casd_batch_set_target(numbers, 0, bad, 3), "inf");
  ASSERT_INVALID(casd_batch_set_target(numbers, 0, target, 1), "1");
  casd_batch_destroy(classes);
  casd_batch_destroy(labels);
  casd_batch_destroy(numbers);
}

static void null_and_unknown_indices_are_rejected(void **state) {
  casd_schema *none = NULL;
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_batch *batch = NULL;
  (void)state;
  ASSERT_OK(casd_schema_create(&none));
  ASSERT_INVALID(casd_batch_create(NULL, schema), "NULL");
  ASSERT_INVALID(casd_batch_create(&batch, NULL), "NULL");
  ASSERT_INVALID(casd_batch_create(&batch, none), "modality");
  assert_null(batch);
  ASSERT_INVALID(casd_batch_add_sample(NULL, NULL), "NULL");
  assert_int_equal(casd_batch_size(NULL), -1);
  assert_int_equal(casd_batch_steps(NULL, 0, 0), -1);
  assert_null(casd_batch_frames(NULL, 0, 0));
  assert_null(casd_batch_target(NULL, 0));
  batch = new_batch(CASD_TASK_CLASSES, 1);
  assert_int_equal(casd_batch_steps(batch, 1, 0), -1);
  assert_int_equal(casd_batch_steps(batch, 0, 3), -1);
  assert_null(casd_batch_frames(batch, -1, 0));
  assert_null(casd_batch_target(batch, 5));
  casd_batch_destroy(batch);
  casd_schema_destroy(none);
  casd_schema_destroy(schema);
}

/* Frames inside wider records, for example of a ring buffer. */
static void frames_can_have_a_stride(void **state) {
  static const float records[] = {1, 2, 3, -1, -1, 4, 5, 6, -1, -1, 7, 8, 9};
  static const float expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 1);
  (void)state;
  ASSERT_OK(casd_batch_set_frames(batch, 0, 1, records, 3, 3, 5));
  assert_int_equal(casd_batch_steps(batch, 0, 1), 3);
  assert_memory_equal(casd_batch_frames(batch, 0, 1), expected, sizeof expected);
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, records, 3, 3, 2), "stride");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, records, 3, 3, -3), "stride");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, records, 3, 3, INT64_MAX), "stride");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, records, -1, 3, 0), "-1");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, records, INT64_MAX, 3, 0), "frames");
  ASSERT_INVALID(casd_batch_set_frames(batch, 0, 1, records, 2, 6, 0), "6 features");
  assert_memory_equal(casd_batch_frames(batch, 0, 1), expected, sizeof expected);
  casd_batch_destroy(batch);
}

static void capacity_can_be_reserved(void **state) {
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  (void)state;
  ASSERT_OK(casd_batch_reserve(batch, 1000));
  ASSERT_OK(casd_batch_reserve(batch, 0));
  assert_int_equal(casd_batch_size(batch), 2);
  ASSERT_INVALID(casd_batch_reserve(batch, -1), "-1");
  ASSERT_INVALID(casd_batch_reserve(NULL, 1), "NULL");
  ASSERT_FAILS(casd_batch_reserve(batch, INT64_MAX), CASD_ERROR_OUT_OF_MEMORY, "memory");
  assert_int_equal(casd_batch_size(batch), 2);
  casd_batch_destroy(batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_batch_returns_its_values),
      cmocka_unit_test(a_cleared_batch_keeps_nothing),
      cmocka_unit_test(frames_that_are_wholly_nan_are_missing),
      cmocka_unit_test(invalid_frames_are_rejected),
      cmocka_unit_test(invalid_targets_are_rejected),
      cmocka_unit_test(frames_can_have_a_stride),
      cmocka_unit_test(capacity_can_be_reserved),
      cmocka_unit_test(null_and_unknown_indices_are_rejected),
  };
  return cmocka_run_group_tests_name("batch", tests, NULL, nothing_is_left);
}
