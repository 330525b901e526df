/* Everything that casd/predict.h documents. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 15, LANGUAGE = 1, AUDIO = 2, VISUAL = 4 };

struct fixture {
  casd_model *model;
  casd_predictor *predictor;
  casd_prediction *prediction;
};

static struct fixture setup_with(casd_task task, casd_absent_policy absent, int32_t threads,
                                 casd_on_empty on_empty) {
  struct fixture a = {NULL, NULL, NULL};
  casd_schema *schema = new_schema(task);
  casd_model_options model_options = small_model_options();
  casd_predictor_options options;
  model_options.absent = absent;
  ASSERT_OK(casd_model_create(&a.model, schema, &model_options));
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.threads = threads;
  options.on_empty = on_empty;
  ASSERT_OK(casd_predictor_create(&a.predictor, a.model, &options));
  ASSERT_OK(casd_prediction_create(&a.prediction));
  casd_schema_destroy(schema);
  return a;
}

static struct fixture setup(casd_task task) {
  return setup_with(task, CASD_ABSENT_EXCLUDED, 1, CASD_EMPTY_ERROR);
}

static void teardown(struct fixture *a) {
  casd_model_destroy(a->model); /* in any order */
  casd_prediction_destroy(a->prediction);
  casd_predictor_destroy(a->predictor);
}

/* All tables of a prediction, concatenated; free() it. */
static float *all_fields(const casd_prediction *prediction, size_t *count) {
  float *out = NULL;
  int32_t field;
  *count = 0;
  for (field = 0; field < FIELDS; ++field) {
    size_t needed = 0;
    if (!casd_prediction_data(prediction, field)) continue;
    ASSERT_OK(casd_prediction_copy(NULL, 0, &needed, prediction, field));
    out = realloc(out, (*count + needed) * sizeof *out);
    assert_non_null(out);
    ASSERT_OK(casd_prediction_copy(out + *count, needed, NULL, prediction, field));
    *count += needed;
  }
  return out;
}

static void assert_same_predictions(struct fixture *a, const casd_batch *x,
                                    casd_modality_mask x_mask, const casd_batch *y,
                                    casd_modality_mask y_mask) {
  size_t x_count, y_count;
  float *of_x, *of_y;
  ASSERT_OK(casd_predict(a->prediction, a->predictor, x, x_mask));
  of_x = all_fields(a->prediction, &x_count);
  ASSERT_OK(casd_predict(a->prediction, a->predictor, y, y_mask));
  of_y = all_fields(a->prediction, &y_count);
  assert_int_equal(x_count, y_count);
  assert_memory_equal(of_x, of_y, x_count * sizeof *of_x);
  free(of_x);
  free(of_y);
}

static void every_subset_gives_finite_predictions(void **state) {
  static const casd_task tasks[] = {CASD_TASK_REGRESSION, CASD_TASK_CLASSES, CASD_TASK_MULTILABEL};
  size_t t;
  (void)state;
  for (t = 0; t < 3; ++t) {
    struct fixture a = setup(tasks[t]);
    casd_batch *batch = new_batch(tasks[t], 4);
    casd_modality_mask mask;
    for (mask = 1; mask < 8; ++mask) {
      int32_t field;
      ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, mask));
      for (field = 0; field < FIELDS; ++field) {
        const float *data = casd_prediction_data(a.prediction, field);
        int64_t rows, columns, i;
        if (data == NULL) continue;
        ASSERT_OK(casd_prediction_shape(&rows, &columns, a.prediction, field));
        assert_int_equal(rows, 4);
        for (i = 0; i < rows * columns; ++i) {
          const int per_modality =
              field >= CASD_FIELD_MODALITY_VARIANCE && field <= CASD_FIELD_MODALITY_WEIGHT;
          if (per_modality && !(mask >> (i % 3) & 1u))
            assert_true(isnan(data[i])); /* absent means absent */
          else if (field != CASD_FIELD_CONFIDENCE || tasks[t] != CASD_TASK_REGRESSION)
            assert_true(isfinite(data[i]));
        }
      }
    }
    casd_batch_destroy(batch);
    teardown(&a);
  }
}

static void tables_have_their_shapes(void **state) {
  static const int64_t of_classes[FIELDS] = {3, 3, 0, 1, 1, 1, 0, 3, 3, 3, 3, 3, 8, 8, 8};
  struct fixture a = setup(CASD_TASK_CLASSES), r = setup(CASD_TASK_REGRESSION),
                 m = setup(CASD_TASK_MULTILABEL);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  int64_t rows = 0, columns = 0;
  int32_t field;
  (void)state;
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  for (field = 0; field < FIELDS; ++field) {
    if (of_classes[field] == 0) {
      ASSERT_INVALID(casd_prediction_shape(&rows, &columns, a.prediction, field), "task");
    } else {
      ASSERT_OK(casd_prediction_shape(&rows, &columns, a.prediction, field));
      assert_int_equal(rows, 2);
      assert_int_equal(columns, of_classes[field]);
      ASSERT_OK(casd_prediction_shape(NULL, NULL, a.prediction, field));
    }
  }
  ASSERT_OK(casd_predict(r.prediction, r.predictor, batch, CASD_ALL_MODALITIES));
  ASSERT_INVALID(casd_prediction_shape(&rows, NULL, r.prediction, CASD_FIELD_PROBABILITIES),
                 "task");
  ASSERT_OK(casd_prediction_shape(NULL, &columns, r.prediction, CASD_FIELD_VALUE));
  assert_int_equal(columns, 3);
  assert_true(isnan(casd_prediction_data(r.prediction, CASD_FIELD_CONFIDENCE)[0]));
  ASSERT_OK(casd_predict(m.prediction, m.predictor, batch, CASD_ALL_MODALITIES));
  ASSERT_OK(casd_prediction_shape(NULL, &columns, m.prediction, CASD_FIELD_LOGITS));
  assert_int_equal(columns, 6);
  casd_batch_destroy(batch);
  teardown(&a);
  teardown(&r);
  teardown(&m);
}

/* The documented properties of the numbers. */
static void numbers_match_the_documentation(void **state) {
  struct fixture a = setup(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 5);
  int64_t row;
  casd_status status;
  (void)state;
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  for (row = 0; row < 5; ++row) {
    const float *p = casd_prediction_data(a.prediction, CASD_FIELD_PROBABILITIES) + 3 * row;
    const float *weight = casd_prediction_data(a.prediction, CASD_FIELD_MODALITY_WEIGHT) + 3 * row;
    const float *v = casd_prediction_data(a.prediction, CASD_FIELD_MODALITY_VARIANCE) + 3 * row;
    const float *nu =
        casd_prediction_data(a.prediction, CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM) + 3 * row;
    const float largest = fmaxf(p[0], fmaxf(p[1], p[2]));
    int i;
    assert_true(fabsf(p[0] + p[1] + p[2] - 1) < 1e-6f);
    assert_true(casd_prediction_data(a.prediction, CASD_FIELD_CONFIDENCE)[row] == largest);
    assert_true(fabsf(weight[0] + weight[1] + weight[2] - 1) < 1e-6f);
    assert_true(casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[row] > 0);
    assert_true(casd_prediction_data(a.prediction, CASD_FIELD_DISAGREEMENT)[row] >= 0);
    ASSERT_OK(casd_prediction_row_status(&status, a.prediction, row));
    assert_int_equal(status, CASD_OK);
    for (i = 0; i < 3; ++i) assert_true(v[i] > 0 && nu[i] > 2);
  }
  casd_batch_destroy(batch);
  teardown(&a);
}

/* Values of modalities outside the mask are not read: NaN changes no bit. With `excluded` removing
 * the modality gives the same result (with `zeros` its length has an effect). */
static void excluded_nan_changes_no_bit(void **state) {
  static const casd_absent_policy rules[] = {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS};
  size_t r;
  (void)state;
  for (r = 0; r < 2; ++r) {
    struct fixture a = setup_with(CASD_TASK_CLASSES, rules[r], 1, CASD_EMPTY_ERROR);
    casd_batch *clean = new_batch(CASD_TASK_CLASSES, 3);
    casd_modality_mask mask;
    for (mask = 1; mask < 7; ++mask) {
      casd_batch *with_nan = new_batch(CASD_TASK_CLASSES, 3);
      casd_batch *without = new_batch(CASD_TASK_CLASSES, 3);
      int64_t sample;
      int32_t modality;
      for (sample = 0; sample < 3; ++sample)
        for (modality = 0; modality < 3; ++modality) {
          static const int32_t features[3] = {5, 3, 4};
          const size_t steps = (size_t)casd_batch_steps(clean, sample, modality);
          float nan_frames[6 * 5];
          size_t i;
          if (mask >> modality & 1u) continue;
          for (i = 0; i < 6 * 5; ++i) nan_frames[i] = NAN;
          if (sample == 0) nan_frames[1] = INFINITY; /* so that it counts as given, too */
          ASSERT_OK(casd_batch_set_frames(with_nan, sample, modality, nan_frames, (int64_t)steps,
                                          features[modality], 0));
          ASSERT_OK(
              casd_batch_set_frames(without, sample, modality, NULL, 0, features[modality], 0));
        }
      assert_same_predictions(&a, clean, mask, with_nan, mask);
      if (rules[r] == CASD_ABSENT_EXCLUDED)
        assert_same_predictions(&a, clean, mask, without, CASD_ALL_MODALITIES);
      casd_batch_destroy(with_nan);
      casd_batch_destroy(without);
    }
    casd_batch_destroy(clean);
    teardown(&a);
  }
}

static void absent_modalities_can_be_zeros(void **state) {
  struct fixture a = setup_with(CASD_TASK_CLASSES, CASD_ABSENT_ZEROS, 1, CASD_EMPTY_ERROR);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  (void)state;
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, LANGUAGE));
  assert_true(isfinite(casd_prediction_data(a.prediction, CASD_FIELD_MODALITY_VARIANCE)[1]));
  assert_true(casd_prediction_data(a.prediction, CASD_FIELD_MODALITY_WEIGHT)[2] > 0);
  casd_batch_destroy(batch);
  teardown(&a);
}

/* A sample has the same bits alone, with other samples, and for any number of threads. */
static void batch_size_and_threads_change_no_bit(void **state) {
  struct fixture one = setup(CASD_TASK_CLASSES),
                 four = setup_with(CASD_TASK_CLASSES, CASD_ABSENT_EXCLUDED, 4, CASD_EMPTY_ERROR);
  casd_batch *all = new_batch(CASD_TASK_CLASSES, 40);
  float *expected, *got;
  size_t count, again;
  int64_t sample;
  (void)state;
  ASSERT_OK(casd_predict(one.prediction, one.predictor, all, CASD_ALL_MODALITIES));
  expected = all_fields(one.prediction, &count);
  ASSERT_OK(casd_predict(four.prediction, four.predictor, all, CASD_ALL_MODALITIES));
  got = all_fields(four.prediction, &again);
  assert_int_equal(count, again);
  assert_memory_equal(expected, got, count * sizeof *got);
  for (sample = 0; sample < 40; ++sample) {
    casd_batch *alone = new_batch(CASD_TASK_CLASSES, 1);
    const float *among = casd_prediction_data(four.prediction, CASD_FIELD_REPRESENTATION);
    int32_t modality;
    for (modality = 0; modality < 3; ++modality) {
      static const int32_t features[3] = {5, 3, 4};
      ASSERT_OK(casd_batch_set_frames(alone, 0, modality, casd_batch_frames(all, sample, modality),
                                      casd_batch_steps(all, sample, modality), features[modality],
                                      0));
    }
    ASSERT_OK(casd_predict(one.prediction, one.predictor, alone, CASD_ALL_MODALITIES));
    assert_memory_equal(casd_prediction_data(one.prediction, CASD_FIELD_REPRESENTATION),
                        among + 8 * sample, 8 * sizeof *among);
    casd_batch_destroy(alone);
  }
  free(expected);
  free(got);
  casd_batch_destroy(all);
  teardown(&one);
  teardown(&four);
}

static void invalid_masks_and_samples_are_rejected(void **state) {
  struct fixture a = setup(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 3), *empty = new_batch(CASD_TASK_CLASSES, 0);
  casd_schema *schema = NULL;
  casd_batch *other = NULL;
  float before, frames[17 * 3] = {0};
  (void)state;
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  before = casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[2];
  ASSERT_INVALID(casd_predict(NULL, a.predictor, batch, 1), "NULL");
  ASSERT_INVALID(casd_predict(a.prediction, NULL, batch, 1), "NULL");
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, NULL, 1), "NULL");
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, empty, 1), "no samples");
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, batch, 0), "mask");
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, batch, 8), "mask");
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, batch, 0x80000001u), "mask");
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, NULL, 0, 3, 0));
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, batch, AUDIO), "sample 1");
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, frames, 17, 3, 0));
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, batch, AUDIO), "17");
  ASSERT_OK(
      casd_predict(a.prediction, a.predictor, batch, VISUAL)); /* too long, but not in the mask */
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, frames, 1, 3, 0));
  ASSERT_OK(casd_schema_create(&schema));
  ASSERT_OK(casd_schema_add_modality(schema, "language", 6));
  ASSERT_OK(casd_batch_create(&other, schema));
  ASSERT_OK(casd_batch_add_sample(NULL, other));
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, other, 1), "modalit");
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  assert_true(casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[2] == before);
  ASSERT_INVALID(casd_predict(a.prediction, a.predictor, empty, 1),
                 "no samples"); /* keeps the old */
  assert_true(casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[2] == before);
  casd_schema_destroy(schema);
  casd_batch_destroy(other);
  casd_batch_destroy(empty);
  casd_batch_destroy(batch);
  teardown(&a);
}

static void empty_samples_can_become_nan(void **state) {
  struct fixture a = setup_with(CASD_TASK_CLASSES, CASD_ABSENT_EXCLUDED, 1, CASD_EMPTY_NAN);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 3);
  casd_status status;
  int i;
  (void)state;
  ASSERT_OK(casd_batch_set_frames(batch, 1, 1, NULL, 0, 3, 0));
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, AUDIO));
  for (i = 0; i < 3; ++i) {
    ASSERT_OK(casd_prediction_row_status(&status, a.prediction, i));
    assert_int_equal(status, i == 1 ? CASD_ERROR_STATE : CASD_OK);
  }
  for (i = 0; i < 3; ++i)
    assert_true(isnan(casd_prediction_data(a.prediction, CASD_FIELD_PROBABILITIES)[3 + i]));
  assert_true(isnan(casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[1]));
  assert_true(isfinite(casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[2]));
  casd_batch_destroy(batch);
  teardown(&a);
}

static void trimming_changes_no_result(void **state) {
  struct fixture a = setup(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 3);
  float before;
  (void)state;
  ASSERT_OK(casd_predictor_trim(a.predictor)); /* there is nothing yet */
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  before = casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[2];
  ASSERT_OK(casd_predictor_trim(a.predictor));
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  assert_true(casd_prediction_data(a.prediction, CASD_FIELD_UNCERTAINTY)[2] == before);
  ASSERT_INVALID(casd_predictor_trim(NULL), "NULL");
  casd_batch_destroy(batch);
  teardown(&a);
}

/* Without clipping, frames of 1e38 overflow in the encoder. */
static void an_overflow_sets_the_row_status(void **state) {
  static const casd_task tasks[] = {CASD_TASK_REGRESSION, CASD_TASK_CLASSES, CASD_TASK_MULTILABEL};
  static const casd_absent_policy policies[] = {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS};
  size_t t, p;
  (void)state;
  for (t = 0; t < 3; ++t)
    for (p = 0; p < 2; ++p) {
      casd_schema *schema = new_schema(tasks[t]);
      casd_model_options options = small_model_options();
      casd_batch *batch = new_batch(tasks[t], 3);
      struct fixture a = {NULL, NULL, NULL};
      const float huge[] = {1e38f, -1e38f, 1e38f};
      casd_field field;
      int64_t row;
      options.absent = policies[p];
      options.input_clip = 0;
      ASSERT_OK(casd_model_create(&a.model, schema, &options));
      ASSERT_OK(casd_predictor_create(&a.predictor, a.model, NULL));
      ASSERT_OK(casd_prediction_create(&a.prediction));
      ASSERT_OK(casd_batch_set_frames(batch, 1, 1, huge, 1, 3, 0));
      ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
      for (row = 0; row < 3; ++row) {
        casd_status status;
        ASSERT_OK(casd_prediction_row_status(&status, a.prediction, row));
        assert_int_equal(status, row == 1 ? CASD_ERROR_NUMERIC : CASD_OK);
      }
      for (field = 0; field < FIELDS; ++field) {
        const float *data = casd_prediction_data(a.prediction, field);
        int64_t rows, columns, i;
        if (data == NULL) continue;
        ASSERT_OK(casd_prediction_shape(&rows, &columns, a.prediction, field));
        for (i = 0; i < rows * columns; ++i)
          if (i / columns == 1)
            assert_true(isnan(data[i]));
          else if (field != CASD_FIELD_CONFIDENCE || tasks[t] != CASD_TASK_REGRESSION)
            assert_true(isfinite(data[i]));
      }
      ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, LANGUAGE | VISUAL));
      for (row = 0; row < 3; ++row) {
        casd_status status;
        ASSERT_OK(casd_prediction_row_status(&status, a.prediction, row));
        assert_int_equal(status, CASD_OK);
      }
      casd_batch_destroy(batch);
      casd_schema_destroy(schema);
      teardown(&a);
    }
}

static void row_status_checks_its_arguments(void **state) {
  struct fixture a = setup(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  casd_status status = 99;
  (void)state;
  ASSERT_FAILS(casd_prediction_row_status(&status, a.prediction, 0), CASD_ERROR_STATE,
               "casd_predict()");
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  ASSERT_INVALID(casd_prediction_row_status(NULL, a.prediction, 0), "status");
  ASSERT_INVALID(casd_prediction_row_status(&status, NULL, 0), "prediction");
  ASSERT_INVALID(casd_prediction_row_status(&status, a.prediction, -1), "-1");
  ASSERT_INVALID(casd_prediction_row_status(&status, a.prediction, 2), "has 2");
  assert_int_equal(status, 99);
  ASSERT_OK(casd_prediction_row_status(&status, a.prediction, 1));
  assert_int_equal(status, CASD_OK);
  casd_batch_destroy(batch);
  teardown(&a);
}

static void predictor_options_are_checked(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES);
  casd_predictor *predictor = NULL;
  casd_predictor_options o;
  (void)state;
  ASSERT_INVALID(casd_predictor_options_init(NULL, sizeof o), "NULL");
  ASSERT_INVALID(casd_predictor_options_init(&o, 4), "options");
  ASSERT_OK(casd_predictor_options_init(&o, sizeof o));
  assert_int_equal(o.device, CASD_DEVICE_CPU);
  assert_int_equal(o.threads, 1);
  assert_int_equal(o.on_empty, CASD_EMPTY_ERROR);
  ASSERT_INVALID(casd_predictor_create(NULL, model, &o), "NULL");
  ASSERT_INVALID(casd_predictor_create(&predictor, NULL, &o), "NULL");
  o.threads = 0;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &o), "threads");
  o.threads = 257;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &o), "threads");
  o.threads = 1;
  o.on_empty = 2;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &o), "on_empty");
  o.on_empty = 0;
  o.device = 2;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &o), "device");
  o.device = CASD_DEVICE_CPU;
  o.reserved = 1;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &o), "reserved");
  o.reserved = 0;
  o.struct_size = 4;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &o), "struct_size");
  o.struct_size = sizeof o;
  o.device = CASD_DEVICE_CUDA;
  o.device_index = 1023; /* wherever there is a GPU, there are not so many */
  assert_int_equal(casd_predictor_create(&predictor, model, &o), CASD_ERROR_UNAVAILABLE);
  assert_true(strlen(casd_last_error()) > 0);
  assert_null(predictor);
  casd_predictor_destroy(NULL);
  casd_model_destroy(model);
}

static void prediction_functions_check_their_arguments(void **state) {
  struct fixture a = setup(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  float buffer[6] = {9, 9, 9, 9, 9, 9};
  int64_t rows;
  size_t needed = 0;
  (void)state;
  ASSERT_INVALID(casd_prediction_create(NULL), "NULL");
  casd_prediction_destroy(NULL);
  ASSERT_FAILS(casd_prediction_shape(&rows, NULL, a.prediction, 0), CASD_ERROR_STATE,
               "casd_predict()");
  ASSERT_FAILS(casd_prediction_copy(buffer, 6, NULL, a.prediction, 0), CASD_ERROR_STATE,
               "casd_predict()");
  assert_null(casd_prediction_data(a.prediction, 0));
  ASSERT_OK(casd_predict(a.prediction, a.predictor, batch, CASD_ALL_MODALITIES));
  ASSERT_INVALID(casd_prediction_shape(&rows, NULL, NULL, 0), "NULL");
  ASSERT_INVALID(casd_prediction_shape(&rows, NULL, a.prediction, -1), "-1");
  ASSERT_INVALID(casd_prediction_shape(&rows, NULL, a.prediction, 22), "22");
  ASSERT_INVALID(casd_prediction_copy(buffer, 6, NULL, NULL, 0), "NULL");
  ASSERT_INVALID(casd_prediction_copy(buffer, 6, NULL, a.prediction, 99), "99");
  ASSERT_FAILS(casd_prediction_copy(buffer, 5, &needed, a.prediction, 0),
               CASD_ERROR_BUFFER_TOO_SMALL, "6");
  assert_int_equal(needed, 6);
  assert_true(buffer[0] == 9);
  ASSERT_INVALID(casd_prediction_copy(NULL, 6, NULL, a.prediction, 0), "6");
  ASSERT_INVALID(casd_prediction_copy(NULL, 0, NULL, a.prediction, 0), "needed");
  ASSERT_OK(casd_prediction_copy(buffer, 6, NULL, a.prediction, 0));
  assert_memory_equal(buffer, casd_prediction_data(a.prediction, 0), sizeof buffer);
  assert_null(casd_prediction_data(NULL, 0));
  assert_null(casd_prediction_data(a.prediction, CASD_FIELD_VALUE));
  casd_batch_destroy(batch);
  teardown(&a);
}

/* The struct ended before `engine` in version 0.1. */
static void options_of_version_0_1_are_accepted(void **state) {
  const size_t size = offsetof(casd_predictor_options, engine);
  casd_model *model = new_model(CASD_TASK_CLASSES);
  casd_predictor *predictor = NULL;
  casd_predictor_options o;
  (void)state;
  memset(&o, 0x55, sizeof o);
  ASSERT_OK(casd_predictor_options_init(&o, size));
  assert_int_equal(o.struct_size, size);
  assert_int_equal(o.reserved_2, 0x55555555);
  ASSERT_OK(casd_predictor_create(&predictor, model, &o));
  casd_predictor_destroy(predictor);
  ASSERT_INVALID(casd_predictor_options_init(&o, size - 1), "options");
  casd_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_subset_gives_finite_predictions),
      cmocka_unit_test(tables_have_their_shapes),
      cmocka_unit_test(numbers_match_the_documentation),
      cmocka_unit_test(excluded_nan_changes_no_bit),
      cmocka_unit_test(absent_modalities_can_be_zeros),
      cmocka_unit_test(batch_size_and_threads_change_no_bit),
      cmocka_unit_test(invalid_masks_and_samples_are_rejected),
      cmocka_unit_test(empty_samples_can_become_nan),
      cmocka_unit_test(an_overflow_sets_the_row_status),
      cmocka_unit_test(row_status_checks_its_arguments),
      cmocka_unit_test(trimming_changes_no_result),
      cmocka_unit_test(predictor_options_are_checked),
      cmocka_unit_test(options_of_version_0_1_are_accepted),
      cmocka_unit_test(prediction_functions_check_their_arguments),
  };
  return cmocka_run_group_tests_name("predict", tests, NULL, nothing_is_left);
}
