/* Prediction of one sample without a batch, and copying several tables by one call. */
#define _GNU_SOURCE /* mmap() with MAP_ANONYMOUS */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIELDS = 15, MODALITIES = 3, MOST_STEPS = 16, LANGUAGE = 1, AUDIO = 2, VISUAL = 4 };

static const int32_t features[MODALITIES] = {5, 3, 4};

struct setup {
  casd_model *model;
  casd_predictor *predictor;
  casd_prediction *expected, *got;
};

static struct setup set_up(casd_task task, casd_absent_policy absent, casd_on_empty on_empty) {
  struct setup s = {NULL, NULL, NULL, NULL};
  casd_schema *schema = new_schema(task);
  casd_model_options model_options = small_model_options();
  casd_predictor_options options;
  model_options.absent = absent;
  ASSERT_OK(casd_model_create(&s.model, schema, &model_options));
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.on_empty = on_empty;
  ASSERT_OK(casd_predictor_create(&s.predictor, s.model, &options));
  ASSERT_OK(casd_prediction_create(&s.expected));
  ASSERT_OK(casd_prediction_create(&s.got));
  casd_schema_destroy(schema);
  return s;
}

static void tear_down(struct setup *s) {
  casd_prediction_destroy(s->got);
  casd_prediction_destroy(s->expected);
  casd_predictor_destroy(s->predictor);
  casd_model_destroy(s->model);
}

static void assert_same_tables(const struct setup *s) {
  casd_field field;
  for (field = 0; field < FIELDS; ++field) {
    int64_t rows, columns, got_rows, got_columns;
    if (casd_prediction_data(s->expected, field) == NULL) continue;
    ASSERT_OK(casd_prediction_shape(&rows, &columns, s->expected, field));
    ASSERT_OK(casd_prediction_shape(&got_rows, &got_columns, s->got, field));
    assert_int_equal(rows, got_rows);
    assert_int_equal(columns, got_columns);
    assert_memory_equal(casd_prediction_data(s->expected, field),
                        casd_prediction_data(s->got, field),
                        (size_t)(rows * columns) * sizeof(float));
  }
}

/* A sample in the caller's memory, as pointers and concatenated. */
struct sample {
  float values[MODALITIES][MOST_STEPS * 5];
  const float *frames[MODALITIES];
  int64_t steps[MODALITIES];
  float packed[MODALITIES * MOST_STEPS * 5];
  size_t packed_count;
};

static void pack(struct sample *s) {
  int32_t m;
  s->packed_count = 0;
  for (m = 0; m < MODALITIES; ++m) {
    const size_t count = (size_t)(s->steps[m] * features[m]);
    memcpy(s->packed + s->packed_count, s->values[m], count * sizeof(float));
    s->packed_count += count;
  }
}

static void make_sample(struct sample *s, const int64_t steps[MODALITIES]) {
  int32_t m, i;
  for (m = 0; m < MODALITIES; ++m) {
    s->steps[m] = steps[m];
    s->frames[m] = steps[m] > 0 ? s->values[m] : NULL;
    for (i = 0; i < steps[m] * features[m]; ++i) s->values[m][i] = sinf((float)(i * 7 + m * 3 + 1));
  }
  pack(s);
}

static casd_batch *batch_of(const struct sample *s) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_batch *batch = NULL;
  int32_t m;
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_batch_add_sample(NULL, batch));
  for (m = 0; m < MODALITIES; ++m)
    ASSERT_OK(casd_batch_set_frames(batch, 0, m, s->values[m], s->steps[m], features[m], 0));
  casd_schema_destroy(schema);
  return batch;
}

/* Compares both forms with the batch. */
static void assert_same_as_batch(struct setup *s, const struct sample *sample,
                                 casd_modality_mask mask) {
  casd_batch *batch = batch_of(sample);
  ASSERT_OK(casd_predict(s->expected, s->predictor, batch, mask));
  ASSERT_OK(
      casd_predict_frames(s->got, s->predictor, sample->frames, sample->steps, MODALITIES, mask));
  assert_same_tables(s);
  ASSERT_OK(casd_predict_packed(s->got, s->predictor, sample->packed, sample->packed_count,
                                sample->steps, MODALITIES, mask));
  assert_same_tables(s);
  casd_batch_destroy(batch);
}

static void frames_give_the_bits_of_a_batch(void **state) {
  static const casd_task tasks[] = {CASD_TASK_REGRESSION, CASD_TASK_CLASSES, CASD_TASK_MULTILABEL};
  static const casd_absent_policy policies[] = {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS};
  static const int64_t steps[][MODALITIES] = {{4, 2, 3}, {1, 16, 1}, {0, 2, 5}, {3, 0, 0}};
  size_t t, p, i;
  casd_modality_mask mask;
  (void)state;
  for (t = 0; t < 3; ++t)
    for (p = 0; p < 2; ++p) {
      struct setup s = set_up(tasks[t], policies[p], CASD_EMPTY_NAN);
      for (i = 0; i < sizeof steps / sizeof *steps; ++i)
        for (mask = 1; mask < 8; ++mask) {
          struct sample sample;
          make_sample(&sample, steps[i]);
          assert_same_as_batch(&s, &sample, mask);
          /* A modality with only NaN frames is missing. */
          sample.values[1][0] = NAN;
          memset(sample.values[1], 0xff, (size_t)(sample.steps[1] * features[1]) * sizeof(float));
          pack(&sample);
          assert_same_as_batch(&s, &sample, mask);
          if (sample.steps[1] > 1) { /* one is enough */
            sample.values[1][(sample.steps[1] - 1) * features[1] + 2] = 1;
            pack(&sample);
            assert_same_as_batch(&s, &sample, mask);
          }
          sample.frames[1] = NULL; /* ignores its steps */
          ASSERT_OK(casd_predict_frames(s.got, s.predictor, sample.frames, sample.steps, MODALITIES,
                                        mask));
        }
      ASSERT_OK(casd_predict_frames(s.got, s.predictor, (const float *[MODALITIES]){NULL}, steps[0],
                                    MODALITIES, CASD_ALL_MODALITIES));
      tear_down(&s);
    }
}

/* Unreadable pages between readable pages. */
static char *guarded(size_t *page) {
  char *memory;
  *page = (size_t)sysconf(_SC_PAGESIZE);
  memory = mmap(NULL, 3 * *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(memory != MAP_FAILED);
  assert_int_equal(mprotect(memory + *page, *page, PROT_NONE), 0);
  return memory;
}

static void excluded_frames_are_never_read(void **state) {
  static const casd_absent_policy policies[] = {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS};
  static const int64_t steps[MODALITIES] = {4, 2, 3};
  size_t p, page;
  char *memory = guarded(&page);
  struct sample sample;
  (void)state;
  make_sample(&sample, steps);
  for (p = 0; p < 2; ++p) {
    struct setup s = set_up(CASD_TASK_CLASSES, policies[p], CASD_EMPTY_ERROR);
    casd_batch *batch = batch_of(&sample);
    casd_modality_mask mask;
    float *packed;
    size_t count;
    for (mask = 1; mask < 8; ++mask) {
      const float *frames[MODALITIES];
      int32_t m;
      for (m = 0; m < MODALITIES; ++m)
        frames[m] = mask >> m & 1u ? sample.frames[m] : (const float *)(memory + page);
      ASSERT_OK(casd_predict(s.expected, s.predictor, batch, mask));
      ASSERT_OK(casd_predict_frames(s.got, s.predictor, frames, steps, MODALITIES, mask));
      assert_same_tables(&s);
    }
    /* Packed: the last modality starts at the unreadable pages ... */
    count = 4 * 5 + 2 * 3;
    packed = (float *)(memory + page) - count;
    memcpy(packed, sample.packed, count * sizeof *packed);
    ASSERT_OK(casd_predict(s.expected, s.predictor, batch, LANGUAGE | AUDIO));
    ASSERT_OK(casd_predict_packed(s.got, s.predictor, packed, sample.packed_count, steps,
                                  MODALITIES, LANGUAGE | AUDIO));
    assert_same_tables(&s);
    /* ... or the first one ends there. */
    packed = (float *)(memory + 2 * page) - 4 * 5;
    memcpy(packed + 4 * 5, sample.packed + 4 * 5, (sample.packed_count - 4 * 5) * sizeof *packed);
    ASSERT_OK(casd_predict(s.expected, s.predictor, batch, AUDIO | VISUAL));
    ASSERT_OK(casd_predict_packed(s.got, s.predictor, packed, sample.packed_count, steps,
                                  MODALITIES, AUDIO | VISUAL));
    assert_same_tables(&s);
    casd_batch_destroy(batch);
    tear_down(&s);
  }
  assert_int_equal(munmap(memory, 3 * page), 0);
}

static void invalid_samples_are_rejected(void **state) {
  static const int64_t given[MODALITIES] = {4, 2, 3};
  struct setup s = set_up(CASD_TASK_CLASSES, CASD_ABSENT_EXCLUDED, CASD_EMPTY_ERROR);
  struct sample a;
  int64_t steps[MODALITIES];
  (void)state;
  make_sample(&a, given);
  ASSERT_INVALID(casd_predict_frames(NULL, s.predictor, a.frames, a.steps, 3, 7), "prediction");
  ASSERT_INVALID(casd_predict_frames(s.got, NULL, a.frames, a.steps, 3, 7), "predictor");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, NULL, a.steps, 3, 7), "frames");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, NULL, 3, 7), "steps");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, 2, 7),
                 "modality_count is 2, the model has 3");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, 4, 7), "4");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, -1, 7), "-1");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, 3, 0), "mask");
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, 3, 8), "mask");

  ASSERT_INVALID(casd_predict_packed(NULL, s.predictor, a.packed, a.packed_count, a.steps, 3, 7),
                 "prediction");
  ASSERT_INVALID(casd_predict_packed(s.got, NULL, a.packed, a.packed_count, a.steps, 3, 7),
                 "predictor");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, NULL, a.packed_count, a.steps, 3, 7),
                 "values");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, a.packed_count, NULL, 3, 7),
                 "steps");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, a.packed_count, a.steps, 1, 7),
                 "modality_count is 1, the model has 3");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, a.packed_count, a.steps, 3, 0),
                 "mask");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, 37, a.steps, 3, 7), "37");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, 37, a.steps, 3, 7), "38");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, 39, a.steps, 3, 7), "38");

  memcpy(steps, given, sizeof steps);
  steps[1] = -1;
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, steps, 3, 1), "'audio': -1");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, 38, steps, 3, 1), "'audio': -1");
  steps[1] = INT64_MAX;
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, steps, 3, 7), "max_steps is 16");
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, a.packed, 38, steps, 3, 7), "'audio'");
  steps[1] = 17; /* of which nothing is read, as audio has 2 frames */
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, steps, 3, 7), "17");
  ASSERT_OK(casd_predict_frames(s.got, s.predictor, a.frames, steps, 3, 1)); /* not in the mask */

  steps[1] = 0;
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, steps, 3, AUDIO),
                 "left without a modality: it has language+visual, the mask selects audio");
  ASSERT_INVALID(
      casd_predict_frames(s.got, s.predictor, (const float *[MODALITIES]){NULL}, given, 3, AUDIO),
      "it has none");
  memset(steps, 0, sizeof steps);
  ASSERT_INVALID(casd_predict_packed(s.got, s.predictor, NULL, 0, steps, 3, 7), "without");
  tear_down(&s);
}

static void an_error_keeps_the_old_results(void **state) {
  static const int64_t given[MODALITIES] = {4, 2, 3};
  struct setup s = set_up(CASD_TASK_CLASSES, CASD_ABSENT_EXCLUDED, CASD_EMPTY_ERROR);
  struct sample a;
  (void)state;
  make_sample(&a, given);
  ASSERT_OK(casd_predict_frames(s.expected, s.predictor, a.frames, a.steps, 3, 7));
  ASSERT_OK(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, 3, 7));
  a.steps[0] = 17;
  ASSERT_INVALID(casd_predict_frames(s.got, s.predictor, a.frames, a.steps, 3, 7), "17");
  assert_same_tables(&s);
  tear_down(&s);
}

static void an_empty_sample_is_nan_if_allowed(void **state) {
  struct setup s = set_up(CASD_TASK_CLASSES, CASD_ABSENT_ZEROS, CASD_EMPTY_NAN);
  const int64_t steps[MODALITIES] = {0, 0, 0};
  casd_status status;
  (void)state;
  ASSERT_OK(casd_predict_packed(s.got, s.predictor, NULL, 0, steps, 3, 7));
  ASSERT_OK(casd_prediction_row_status(&status, s.got, 0));
  assert_int_equal(status, CASD_ERROR_STATE);
  assert_true(isnan(casd_prediction_data(s.got, CASD_FIELD_UNCERTAINTY)[0]));
  tear_down(&s);
}

static void several_fields_are_copied_by_one_call(void **state) {
  static const casd_field fields[] = {CASD_FIELD_UNCERTAINTY, CASD_FIELD_PROBABILITIES,
                                      CASD_FIELD_MODALITY_VARIANCE, CASD_FIELD_UNCERTAINTY};
  static const casd_field not_there[] = {CASD_FIELD_UNCERTAINTY, CASD_FIELD_VALUE};
  static const casd_field unknown[] = {CASD_FIELD_UNCERTAINTY, 99};
  struct setup s = set_up(CASD_TASK_CLASSES, CASD_ABSENT_EXCLUDED, CASD_EMPTY_ERROR);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  float buffer[17], before[17];
  size_t needed = 0;
  int i;
  (void)state;
  for (i = 0; i < 17; ++i) buffer[i] = before[i] = 9;
  ASSERT_FAILS(casd_prediction_copy_fields(buffer, 17, &needed, s.got, fields, 4), CASD_ERROR_STATE,
               "casd_predict()");
  ASSERT_OK(casd_predict(s.got, s.predictor, batch, CASD_ALL_MODALITIES));
  ASSERT_OK(casd_prediction_copy_fields(NULL, 0, &needed, s.got, fields, 4));
  assert_int_equal(needed, 2 + 6 + 6 + 2);
  needed = 0;
  ASSERT_FAILS(casd_prediction_copy_fields(buffer, 15, &needed, s.got, fields, 4),
               CASD_ERROR_BUFFER_TOO_SMALL, "16");
  assert_int_equal(needed, 16);
  ASSERT_INVALID(casd_prediction_copy_fields(NULL, 16, NULL, s.got, fields, 4), "16");
  ASSERT_INVALID(casd_prediction_copy_fields(NULL, 0, NULL, s.got, fields, 4), "16");
  ASSERT_INVALID(casd_prediction_copy_fields(buffer, 16, NULL, NULL, fields, 4), "prediction");
  ASSERT_INVALID(casd_prediction_copy_fields(buffer, 16, NULL, s.got, NULL, 4), "fields");
  ASSERT_INVALID(casd_prediction_copy_fields(buffer, 16, NULL, s.got, fields, 0), "count is 0");
  ASSERT_INVALID(casd_prediction_copy_fields(buffer, 16, NULL, s.got, fields, -1), "-1");
  ASSERT_INVALID(casd_prediction_copy_fields(buffer, 16, NULL, s.got, not_there, 2), "task");
  ASSERT_INVALID(casd_prediction_copy_fields(buffer, 16, NULL, s.got, unknown, 2), "99");
  assert_memory_equal(buffer, before, sizeof buffer);
  ASSERT_OK(casd_prediction_copy_fields(buffer, 17, NULL, s.got, fields, 4));
  assert_memory_equal(buffer, casd_prediction_data(s.got, CASD_FIELD_UNCERTAINTY), 8);
  assert_memory_equal(buffer + 2, casd_prediction_data(s.got, CASD_FIELD_PROBABILITIES), 24);
  assert_memory_equal(buffer + 8, casd_prediction_data(s.got, CASD_FIELD_MODALITY_VARIANCE), 24);
  assert_memory_equal(buffer + 14, casd_prediction_data(s.got, CASD_FIELD_UNCERTAINTY), 8);
  assert_true(buffer[16] == 9);
  casd_batch_destroy(batch);
  tear_down(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_give_the_bits_of_a_batch),
      cmocka_unit_test(excluded_frames_are_never_read),
      cmocka_unit_test(invalid_samples_are_rejected),
      cmocka_unit_test(an_error_keeps_the_old_results),
      cmocka_unit_test(an_empty_sample_is_nan_if_allowed),
      cmocka_unit_test(several_fields_are_copied_by_one_call),
  };
  return cmocka_run_group_tests_name("predict frames", tests, NULL, nothing_is_left);
}
