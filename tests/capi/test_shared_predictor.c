/* One predictor in many concurrent threads: each call returns the same bits as in a single thread.
 * Also run under ThreadSanitizer. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 260, FIELDS = 15, MASKS = 8, SIZES = 3 };

static const int64_t sizes[SIZES] = {1, 3, 10};

/* All tables of a prediction, concatenated. */
struct tables {
  float *values;
  size_t count;
};

static int copy_tables(struct tables *tables, const casd_prediction *prediction) {
  casd_field field;
  tables->count = 0;
  for (field = 0; field < FIELDS; ++field) {
    size_t needed = 0;
    if (!casd_prediction_data(prediction, field)) continue;
    if (casd_prediction_copy(NULL, 0, &needed, prediction, field) != CASD_OK) return 0;
    tables->values = realloc(tables->values, (tables->count + needed) * sizeof(float));
    if (casd_prediction_copy(tables->values + tables->count, needed, NULL, prediction, field) !=
        CASD_OK)
      return 0;
    tables->count += needed;
  }
  return 1;
}

struct work {
  pthread_t thread;
  int number;
  casd_predictor *predictor;
  struct tables (*expected)[MASKS]; /* [sizes][masks] */
  int wrong;
};

/* Some samples lack modalities: zero sequences, and rows without any modality. */
static casd_batch *batch_with_gaps(int64_t samples) {
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, samples);
  int64_t i;
  for (i = 1; i < samples; i += 2)
    ASSERT_OK(casd_batch_set_frames(batch, i, (int32_t)(i / 2 % 3), NULL, 0,
                                    i / 2 % 3 == 0 ? 5 : (i / 2 % 3 == 1 ? 3 : 4), 0));
  return batch;
}

static void *predict_often(void *argument) {
  struct work *w = argument;
  casd_batch *batches[SIZES];
  casd_prediction *prediction = NULL;
  struct tables got = {NULL, 0};
  int i;
  for (i = 0; i < SIZES; ++i) batches[i] = batch_with_gaps(sizes[i]);
  ASSERT_OK(casd_prediction_create(&prediction));
  for (i = 0; i < ROUNDS; ++i) {
    const int size = (i + w->number) % SIZES;
    const casd_modality_mask mask = (casd_modality_mask)(1 + (i / SIZES + w->number) % 7);
    const struct tables *expected = &w->expected[size][mask];
    if (casd_predict(prediction, w->predictor, batches[size], mask) != CASD_OK ||
        !copy_tables(&got, prediction) || got.count != expected->count ||
        memcmp(got.values, expected->values, got.count * sizeof(float)) != 0)
      ++w->wrong;
  }
  free(got.values);
  casd_prediction_destroy(prediction);
  for (i = 0; i < SIZES; ++i) casd_batch_destroy(batches[i]);
  return NULL;
}

static casd_predictor *new_predictor(const casd_model *model, int32_t threads) {
  casd_predictor *predictor = NULL;
  casd_predictor_options options;
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.threads = threads;
  options.on_empty = CASD_EMPTY_NAN;
  ASSERT_OK(casd_predictor_create(&predictor, model, &options));
  return predictor;
}

static void share_predictor(casd_absent_policy absent, int32_t threads) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options options = small_model_options();
  casd_model *model = NULL;
  casd_predictor *predictor, *alone;
  casd_prediction *prediction = NULL;
  struct tables expected[SIZES][MASKS];
  struct work work[THREADS];
  int i;
  casd_modality_mask mask;
  options.absent = absent;
  ASSERT_OK(casd_model_create(&model, schema, &options));
  predictor = new_predictor(model, threads);
  alone = new_predictor(model, 1);
  ASSERT_OK(casd_prediction_create(&prediction));
  memset(expected, 0, sizeof expected);
  for (i = 0; i < SIZES; ++i) {
    casd_batch *batch = batch_with_gaps(sizes[i]);
    for (mask = 1; mask < MASKS; ++mask) {
      ASSERT_OK(casd_predict(prediction, alone, batch, mask));
      assert_true(copy_tables(&expected[i][mask], prediction));
    }
    casd_batch_destroy(batch);
  }
  for (i = 0; i < THREADS; ++i) {
    work[i].number = i;
    work[i].predictor = predictor;
    work[i].expected = expected;
    work[i].wrong = 0;
    assert_int_equal(pthread_create(&work[i].thread, NULL, predict_often, &work[i]), 0);
  }
  for (i = 0; i < THREADS; ++i) assert_int_equal(pthread_join(work[i].thread, NULL), 0);
  for (i = 0; i < THREADS; ++i) assert_int_equal(work[i].wrong, 0);
  for (i = 0; i < SIZES; ++i)
    for (mask = 1; mask < MASKS; ++mask) free(expected[i][mask].values);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(alone);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  casd_schema_destroy(schema);
}

static void absent_modalities_are_left_out(void **state) {
  (void)state;
  share_predictor(CASD_ABSENT_EXCLUDED, 1);
}

static void absent_modalities_are_left_out_with_a_thread_pool(void **state) {
  (void)state;
  share_predictor(CASD_ABSENT_EXCLUDED, 3);
}

static void absent_modalities_are_zeros(void **state) {
  (void)state;
  share_predictor(CASD_ABSENT_ZEROS, 1);
}

static void absent_modalities_are_zeros_with_a_thread_pool(void **state) {
  (void)state;
  share_predictor(CASD_ABSENT_ZEROS, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(absent_modalities_are_left_out),
      cmocka_unit_test(absent_modalities_are_left_out_with_a_thread_pool),
      cmocka_unit_test(absent_modalities_are_zeros),
      cmocka_unit_test(absent_modalities_are_zeros_with_a_thread_pool),
  };
  return cmocka_run_group_tests_name("shared predictor", tests, NULL, nothing_is_left);
}
